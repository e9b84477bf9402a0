import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { hookCommand, parseHook, startHookServer, type Hook } from "./hooks.ts";

async function hookServer(context: TestContext): Promise<{ heard: Hook[]; environment: Record<string, string> }> {
  const heard: Hook[] = [];
  const server = await startHookServer((hook) => void heard.push(hook));
  context.after(async () => server[Symbol.asyncDispose]());
  return { heard, environment: { ...server.environment } };
}

/** Runs a hook's command as MediaMTX does: words split, variables replaced, no shell. */
async function runHook(command: string, environment: Record<string, string>): Promise<number | null> {
  const words = command
    .split(" ")
    .map((word) => word.replace(/^\$(\w+)$/, (_, name) => environment[String(name)] ?? ""));
  const [program = "", ...args] = words;
  const child = spawn(program, args, { env: { PATH: process.env["PATH"], ...environment }, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

/** A hook's program ends before what it sent is read. */
async function hear(heard: readonly Hook[], count: number): Promise<readonly Hook[]> {
  for (let left = 200; heard.length < count && left > 0; left--) await wait(25);
  return heard;
}

void test("each hook's command reports its name and its path", async (context) => {
  const { heard, environment } = await hookServer(context);
  for (const [index, name] of (["demand", "undemand", "read", "unread"] as const).entries()) {
    assert.equal(await runHook(hookCommand(name), { ...environment, MTX_PATH: "shed_2-x" }), 0);
    await hear(heard, index + 1);
  }
  assert.deepEqual(
    heard.map(({ name, path }) => `${name} ${path}`),
    ["demand shed_2-x", "undemand shed_2-x", "read shed_2-x", "unread shed_2-x"],
  );
});

void test("what a viewer chose is not used", async (context) => {
  const { heard, environment } = await hookServer(context);
  const hostile = { MTX_PATH: "cc1", MTX_QUERY: "x=$(touch /tmp/x)&y=`id`;exit 3", MTX_READER_ID: "%n\r\n" };
  assert.equal(await runHook(hookCommand("demand"), { ...environment, ...hostile }), 0);
  assert.deepEqual(await hear(heard, 1), [{ name: "demand", path: "cc1" }]);
});

void test("a hook ends at once when nobody listens any more", async (context) => {
  const gone = await startHookServer(() => undefined);
  await gone[Symbol.asyncDispose]();
  context.diagnostic("bash says that the connection was refused");
  assert.notEqual(await runHook(hookCommand("demand"), { ...gone.environment, MTX_PATH: "cc1" }), 0);
});

void test("a report without the secret, or of something unknown, is not heard", async (context) => {
  const { heard, environment } = await hookServer(context);
  const { GANTRY_HOOK_PORT: port, GANTRY_HOOK_TOKEN: token } = environment;
  const post = async (path: string, method = "POST"): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { method })).status;
  assert.equal(await post("/0123/demand/cc1"), 404);
  assert.equal(await post(`/${token}/demand/cc1`, "GET"), 404);
  assert.equal(await post(`/${token}/explode/cc1`), 404);
  assert.equal(await post(`/${token}/demand/..%2Fcc1`), 404);
  assert.deepEqual(heard, []);
  assert.equal(await post(`/${token}/demand/cc1`), 204);
  assert.equal(heard.length, 1);
});

void test("only whole addresses are read", () => {
  assert.deepEqual(parseHook("/ab/read/cc1", "ab"), { name: "read", path: "cc1" });
  for (const url of [
    "",
    "/",
    "/ab",
    "/ab/read",
    "/ab/read/",
    "/ab/read/CC1",
    "/ab/read/cc1/x",
    "/ab/read/cc1?q",
    "*",
  ]) {
    assert.equal(parseHook(url, "ab"), undefined, url);
  }
  assert.equal(parseHook(`/ab/read/${"x".repeat(65)}`, "ab"), undefined);
});
