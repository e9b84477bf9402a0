import assert from "node:assert/strict";
import { test } from "node:test";
import { findOnPath, run } from "./command.ts";

const timeoutMs = 60_000;

test("both outputs are kept", async () => {
  const result = await run("sh", ["-c", "echo out; echo err >&2"], { timeoutMs });
  assert.deepEqual(
    { ok: result.ok, lines: result.text.trim().split("\n").toSorted() },
    { ok: true, lines: ["err", "out"] },
  );
});

test("a failure is told by its code and its last line", async () => {
  const result = await run("sh", ["-c", "echo first; echo why; exit 3"], { timeoutMs });
  assert.deepEqual({ ok: result.ok, reason: result.reason }, { ok: false, reason: "exit code 3: why" });
});

test("a command that does not exist is not found, not an exception", async () => {
  assert.equal((await run("no-such-command-here", [], { timeoutMs })).reason, "not found");
});

test("a command that takes too long ends with what it started", { timeout: timeoutMs }, async () => {
  const result = await run("sh", ["-c", "sleep 600 & echo $!; wait"], { timeoutMs: 1000 });
  assert.equal(result.reason, "took longer than 1 s");
  await gone(Number(result.text));
});

test("an abort ends a command", { timeout: timeoutMs }, async () => {
  const stop = new AbortController();
  const running = run("sleep", ["600"], { timeoutMs, signal: stop.signal });
  stop.abort();
  assert.equal((await running).reason, "interrupted");
});

test("a program is found on PATH, another one is not", () => {
  assert.match(findOnPath("sh") ?? "", /\/sh$/);
  assert.equal(findOnPath("no-such-command-here"), undefined);
});

async function gone(pid: number): Promise<void> {
  while ((await run("ps", ["-o", "stat=", "-p", String(pid)], { timeoutMs })).text.trim().replace(/^Z.*/, "") !== "") {
    // The test's own bound ends this.
  }
}
