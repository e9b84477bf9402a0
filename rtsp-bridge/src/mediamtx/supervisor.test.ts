// Against a stand-in that has MediaMTX's manners; mediamtx.test.ts uses the real one.

import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import type { ControlApi } from "./control-api.ts";
import { MediamtxError } from "./errors.ts";
import { noOutputs } from "./outputs.ts";
import { freePort } from "./ports.ts";
import { startMediamtx, type Supervisor } from "./supervisor.ts";

/** Reads its configuration, answers GET /v3/info, and tells its process id. */
const standIn = `
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
const { apiAddress } = JSON.parse(readFileSync(process.argv[2], "utf8").replace(/^#.*/, ""));
const say = (level, message) => console.log(JSON.stringify({ timestamp: "", level, message }));
if (process.env.FAIL) { say("ERR", process.env.FAIL); process.exit(1); }
if (process.env.DEAF) process.on("SIGTERM", () => say("WAR", "waiting for running hooks"));
else process.on("SIGTERM", () => process.exit(0));
createServer((request, response) => {
  if (request.url === "/v3/exit0") process.exit(0);
  response.end(JSON.stringify({ version: "v1.20.1", pid: process.pid, env: Object.keys(process.env).toSorted() }));
}).listen(Number(apiAddress.split(":")[1]), "127.0.0.1");
`;

interface Bench {
  readonly start: (environment?: Record<string, string>, signal?: AbortSignal) => Promise<Supervisor>;
  readonly rtspPort: number;
  readonly configFile: string;
  readonly events: string[];
  /** Resolves with the control API of the next run that is up. */
  readonly nextUp: () => Promise<ControlApi>;
}

async function bench(context: TestContext): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-test-"));
  context.after(async () => rm(folder, { recursive: true, force: true }));
  const program = join(folder, "mediamtx");
  await writeFile(join(folder, "stand-in.mjs"), standIn);
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${join(folder, "stand-in.mjs")}" "$@"\n`);
  await chmod(program, 0o755);
  const baseFile = join(folder, "base.yml");
  await writeFile(baseFile, "logLevel: info\n");
  const rtspPort = await freePort("127.0.0.1");
  const events: string[] = [];
  let ups: PromiseWithResolvers<ControlApi>[] = [];
  return {
    rtspPort,
    events,
    configFile: join(folder, "data", "rtsp-bridge", "mediamtx.yml"),
    nextUp: async () => {
      const up = Promise.withResolvers<ControlApi>();
      ups.push(up);
      return up.promise;
    },
    start: async (environment = {}, signal = new AbortController().signal) => {
      const supervisor = await startMediamtx({
        program,
        baseFile,
        dataDir: join(folder, "data"),
        rtspHost: "127.0.0.1",
        rtspPort,
        environment: { PATH: "/usr/bin:/bin", ...environment },
        clock: systemClock,
        log: silentLog,
        signal,
        live: () => ({ outputs: noOutputs, users: [] }),
        prepare: async () => void events.push("prepare"),
        onUp: (api) => {
          events.push("up");
          for (const up of ups) up.resolve(api);
          ups = [];
        },
        onDown: () => void events.push("down"),
      });
      context.after(async () => supervisor[Symbol.asyncDispose]());
      return supervisor;
    },
  };
}

async function pidOf(configFile: string): Promise<number> {
  return ((await (await fetch(`${await apiUrl(configFile)}/v3/info`)).json()) as { pid: number }).pid;
}

async function apiUrl(configFile: string): Promise<string> {
  const text = (await readFile(configFile, "utf8")).replace(/^#.*/, "");
  return `http://${(JSON.parse(text) as { apiAddress: string }).apiAddress}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

void test("it is up, with its paths, when the start resolves, and gone when dispose does", async (context) => {
  const { start, events, configFile } = await bench(context);
  const supervisor = await start();
  assert.equal(supervisor.up, true);
  assert.deepEqual(events, ["prepare", "up"]);
  const pid = await pidOf(configFile);
  await supervisor[Symbol.asyncDispose]();
  assert.equal(isAlive(pid), false);
  assert.equal(supervisor.up, false);
  assert.deepEqual(events, ["prepare", "up", "down"]);
});

void test("its configuration is for nobody else to read", async (context) => {
  const { start, configFile } = await bench(context);
  await start();
  assert.equal((await stat(configFile)).mode & 0o777, 0o600);
  assert.equal((await stat(join(configFile, ".."))).mode & 0o777, 0o700);
});

void test("it finds in its environment what it was given and nothing of ours", async (context) => {
  const { start, configFile } = await bench(context);
  await start({ HOOK: "1" });
  const { env } = (await (await fetch(`${await apiUrl(configFile)}/v3/info`)).json()) as { env: string[] };
  // The shell adds PWD and the like.
  assert.deepEqual(
    env.filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name)),
    ["HOOK", "PATH"],
  );
});

for (const [name, end] of [
  ["killed", async (configFile: string) => void process.kill(await pidOf(configFile), "SIGKILL")],
  [
    "ended with exit code 0",
    async (configFile: string) => fetch(`${await apiUrl(configFile)}/v3/exit0`).catch(() => 0),
  ],
] as const) {
  void test(`it is started again when it was ${name}`, async (context) => {
    const { start, events, configFile, nextUp } = await bench(context);
    const supervisor = await start();
    const before = await pidOf(configFile);
    const up = nextUp();
    await end(configFile);
    await up;
    assert.notEqual(await pidOf(configFile), before);
    assert.deepEqual(events, ["prepare", "up", "down", "prepare", "up"]);
    assert.equal(supervisor.restarts, 1);
  });
}

void test("one that hangs is killed and started again", async (context) => {
  const { start, configFile, nextUp } = await bench(context);
  const supervisor = await start({ DEAF: "1" });
  const before = await pidOf(configFile);
  const up = nextUp();
  supervisor.restart("a test says so");
  await up;
  assert.equal(isAlive(before), false);
});

void test("one that ignores SIGTERM is killed", async (context) => {
  const { start, configFile } = await bench(context);
  const supervisor = await start({ DEAF: "1" });
  const pid = await pidOf(configFile);
  await supervisor[Symbol.asyncDispose]();
  assert.equal(isAlive(pid), false);
});

void test("a first start that fails is told in MediaMTX's own words", async (context) => {
  const { start } = await bench(context);
  await assert.rejects(
    start({ FAIL: "json: unknown field 'hlss'" }),
    (error) =>
      error instanceof MediamtxError && error.reason === "refused" && /unknown field 'hlss'/.test(error.message),
  );
});

void test("an RTSP port that is taken is named", async (context) => {
  const { start, rtspPort } = await bench(context);
  const other = createServer().listen(rtspPort, "127.0.0.1");
  context.after(() => other.close());
  await assert.rejects(
    start(),
    (error) =>
      error instanceof MediamtxError && error.reason === "port-in-use" && error.message.includes(String(rtspPort)),
  );
});

void test("an RTSP port that is taken behind our back is named too", async (context) => {
  const { start, rtspPort } = await bench(context);
  await assert.rejects(
    start({ FAIL: `listen tcp :${rtspPort}: bind: address already in use` }),
    (error) => error instanceof MediamtxError && error.reason === "port-in-use",
  );
});

void test("a start that is given up leaves nothing behind", async (context) => {
  const { start, events } = await bench(context);
  const controller = new AbortController();
  const reason = new Error("enough");
  const starting = start({}, controller.signal);
  controller.abort(reason);
  await assert.rejects(starting, (error) => error === reason);
  assert.deepEqual(
    events.filter((event) => event === "up"),
    [],
  );
});
