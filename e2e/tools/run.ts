// `make run` and `make demo`: gateway and bridge on this machine without Docker, in the
// foreground, with one readable log. Not for production: there compose.yaml is.

import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aborted } from "@gantry/platform/lifecycle";
import { addressLines, type ShownPrinter } from "./addresses.ts";
import { bridgeArgs, bridgeEnvironment } from "./bridge-command.ts";
import { createLogView } from "./log-view.ts";
import { root } from "./paths.ts";
import { takenPorts } from "./ports.ts";
import { Stack, StackError } from "./stack.ts";
import { ensureTools } from "./tools.ts";

const stopGraceMs = 8000;
const startTimeoutMs = 60_000;
const env = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ""));

const view = createLogView(
  ["gateway", "bridge", "demo", "run"],
  process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
);

function show(source: string, line: string): void {
  process.stdout.write(`${view.render(source, line)}\n`);
}

function say(msg: string, level = "info"): void {
  show("run", JSON.stringify({ level, msg }));
}

interface Choice {
  /** undefined: the demo writes its own. */
  readonly file: string | undefined;
  readonly words: string;
}

/** Which inventory this run uses, and why in words. */
function chooseInventory(wantsDemo: boolean): Choice {
  const given = env["GANTRY_INVENTORY"];
  if (wantsDemo) return { file: undefined, words: "demo: simulated printers, your own inventory is left alone" };
  if (given !== undefined) return { file: given, words: `inventory: ${given}, as GANTRY_INVENTORY says` };
  if (existsSync(join(root, "config/printers.yaml"))) {
    return { file: "config/printers.yaml", words: "inventory: config/printers.yaml" };
  }
  return {
    file: undefined,
    words:
      "no config/printers.yaml yet, so this is the demo with simulated printers; config/printers.example.yaml shows how yours are named",
  };
}

async function checkPorts(): Promise<void> {
  const wanted = [
    ["gateway", "GANTRY_HTTP_HOST", "0.0.0.0", "GANTRY_HTTP_PORT", 8787],
    ["bridge", "GANTRY_BRIDGE_HTTP_HOST", "0.0.0.0", "GANTRY_BRIDGE_HTTP_PORT", 8788],
    ["RTSP", "", "0.0.0.0", "GANTRY_RTSP_PORT", 8554],
  ] as const;
  const taken = await takenPorts(
    wanted.map(([what, hostVariable, host, variable, port]) => {
      const value = Number(env[variable] ?? port);
      // What is no port number the service itself refuses, in its own words.
      return { what, host: env[hostVariable] ?? host, port: value >= 0 && value < 65_536 ? value : 0, variable };
    }),
  );
  if (taken.length > 0) throw new StackError(taken.join("\n"));
}

async function printersOf(gateway: string): Promise<readonly ShownPrinter[]> {
  const response = await fetch(`${gateway}/api/v1/printers`, { signal: AbortSignal.timeout(10_000) });
  return ((await response.json()) as { items: readonly ShownPrinter[] }).items;
}

async function runStack(
  stack: Stack,
  inventory: string | undefined,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  let file = inventory;
  let services = env;
  if (file === undefined) {
    file = join(folder, "printers.yaml");
    // The demo leaves nothing behind in the user's own data.
    services = { GANTRY_DATA_DIR: join(folder, "data"), ...env };
    await stack.start("demo", ["e2e/demo/main.ts", "--inventory", file], env, signal);
  }
  const bridgePort = env["GANTRY_BRIDGE_HTTP_PORT"] || "8788";
  services = { GANTRY_BRIDGE_URL: `http://127.0.0.1:${bridgePort}`, ...services, GANTRY_INVENTORY: file };
  const gateway = String((await stack.start("gateway", ["gateway/src/main.ts"], services, signal))["http"]);
  services = { GANTRY_GATEWAY_URL: gateway, ...services };
  const bridge = await stack.start("bridge", bridgeArgs, { ...bridgeEnvironment, ...services }, signal);
  const addresses = { gateway, bridge: String(bridge["http"]), rtsp: String(bridge["rtsp"]) };
  const lines = addressLines(addresses, await printersOf(gateway));
  process.stdout.write(`\n${lines.map((line) => `  ${line}`.trimEnd()).join("\n")}\n\n  Ctrl-C stops all.\n\n`);
}

/** Aborts at the first signal, or when the caller (make) is gone; a second signal ends hard. */
function watchForStop(stack: Stack): AbortSignal {
  const stop = new AbortController();
  const onStop = (reason: string): void => {
    if (stop.signal.aborted) {
      stack.kill();
      process.exit(1);
    }
    stop.abort(new DOMException(reason, "AbortError"));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => onStop(name));
  // Nobody reads any more (`make run | head`): nothing to run for.
  process.stdout.on("error", () => stop.abort(new DOMException("nobody reads the log", "AbortError")));
  const caller = process.ppid;
  setInterval(() => {
    if (process.ppid !== caller) stop.abort(new DOMException("the caller is gone", "AbortError"));
  }, 1000).unref();
  return stop.signal;
}

/** Runs until it is asked to stop, or until something fails: then it gives the reason in words. */
async function runUntilStopped(wantsDemo: boolean): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-run-"));
  await using stack = new Stack({ folder, onLine: show, startTimeoutMs, stopGraceMs });
  const signal = watchForStop(stack);
  try {
    const { file, words } = chooseInventory(wantsDemo);
    say(words);
    await ensureTools(say, signal);
    await checkPorts();
    await runStack(stack, file, folder, signal);
    await Promise.race([stack.broken(), aborted(signal)]);
  } catch (error) {
    if (!signal.aborted) {
      const problem = error instanceof Error ? error.message : String(error);
      if (stack.isRunning) say(`${problem}; stopping the rest`, "error");
      return problem;
    }
  }
  say("stopping");
  return undefined;
}

const problem = await runUntilStopped(process.argv.includes("--demo"));
for (const line of problem?.split("\n") ?? []) say(line, "error");
process.exitCode = problem === undefined ? 0 : 1;
