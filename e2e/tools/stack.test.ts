import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Stack, StackError, type StackOptions } from "./stack.ts";

const limit = { timeout: 100_000 };
const { signal } = new AbortController();

/** A process that listens, as far as the stack can tell, and says its pid. */
const service = (more = ""): string[] => [
  "-e",
  `${more}; console.log(JSON.stringify({ event: "listening", pid: process.pid })); setInterval(() => undefined, 1000);`,
];

async function open(options: Partial<StackOptions> = {}): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), "stack-"));
  return new Stack({ folder, onLine: () => undefined, startTimeoutMs: 60_000, stopGraceMs: 30_000, ...options });
}

test("a process is started once it listens, and all end with the stack", limit, async () => {
  const stack = await open();
  const first = await stack.start("first", service(), process.env, signal);
  const second = await stack.start("second", service(), process.env, signal);
  assert.ok(isAlive(Number(first["pid"])) && isAlive(Number(second["pid"])));
  await stack[Symbol.asyncDispose]();
  assert.ok(!isAlive(Number(first["pid"])) && !isAlive(Number(second["pid"])));
});

test("a process that ends before it listens is named with its exit code", limit, async () => {
  await using stack = await open();
  await assert.rejects(stack.start("gateway", ["-e", "process.exit(7)"], process.env, signal), {
    name: "StackError",
    message: "gateway ended (exit code 7)",
  });
});

test("a process that never listens is given up", limit, async () => {
  await using stack = await open({ startTimeoutMs: 500 });
  const silent = ["-e", "setInterval(() => undefined, 1000)"];
  await assert.rejects(stack.start("bridge", silent, process.env, signal), /bridge did not listen within 0.5 s/);
});

test("the first process that ends by itself breaks the stack", limit, async () => {
  await using stack = await open();
  await stack.start("steady", service(), process.env, signal);
  const { pid } = await stack.start("gateway", service(), process.env, signal);
  const broken = stack.broken();
  process.kill(Number(pid), "SIGKILL");
  await assert.rejects(broken, new StackError("gateway ended (SIGKILL)"));
});

test("a process that does not heed SIGTERM is killed after the grace, with what it started", limit, async () => {
  const stack = await open({ stopGraceMs: 500 });
  const stubborn = `process.on("SIGTERM", () => undefined);
    const child = require("node:child_process").spawn("sleep", ["600"]);
    console.log(JSON.stringify({ event: "listening", pid: process.pid, child: child.pid }))`;
  const { pid, child } = await stack.start("stubborn", service(stubborn), process.env, signal);
  await stack[Symbol.asyncDispose]();
  await isGone(Number(pid));
  await isGone(Number(child));
});

test("nothing outlives a runner that is killed outright, and its folder goes too", limit, async () => {
  const folder = await mkdtemp(join(tmpdir(), "stack-"));
  const script = `
    const { Stack } = await import(${JSON.stringify(new URL("stack.ts", import.meta.url).href)});
    const stack = new Stack({ folder: ${JSON.stringify(folder)}, onLine: (name, line) => console.log(line), startTimeoutMs: 60000, stopGraceMs: 1000 });
    await stack.start("service", ${JSON.stringify(service())}, process.env, new AbortController().signal);`;
  const runner = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let pid = 0;
  for await (const line of createInterface({ input: runner.stdout })) {
    pid = (JSON.parse(line) as { pid: number }).pid;
    break;
  }
  assert.ok(isAlive(pid));
  runner.kill("SIGKILL");
  await isGone(pid);
  while (existsSync(folder)) await wait(50);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // It has ended.
    return false;
  }
}

/** The test's own bound ends the wait. A process that nobody reaps still counts as gone. */
async function isGone(pid: number): Promise<void> {
  while (isAlive(pid)) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    if (/\) Z /.test(stat)) return;
    await wait(50);
  }
}
