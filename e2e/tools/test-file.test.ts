import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { root } from "./paths.ts";
import { runTestFile, type TestFileResult } from "./test-file.ts";

const limit = { timeout: 100_000 };
let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "test-file-"));
});
after(async () => rm(folder, { recursive: true }));

async function runText(text: string, timeoutMs = 60_000): Promise<TestFileResult> {
  const file = join(folder, "sample.test.mjs");
  await writeFile(file, text);
  return runTestFile(relative(root, file), { timeoutMs, signal: new AbortController().signal });
}

test("passed, failed and skipped tests are counted, suites are not", limit, async () => {
  const { passed, failed, skipped, problem, text } = await runText(`
    import { describe, test } from "node:test";
    describe("suite", () => { test("good", () => {}); test("bad", () => { throw new Error("boom"); }); });
    test.skip("later", () => {});
    test.todo("some day");`);
  assert.deepEqual({ passed, failed, skipped, problem }, { passed: 1, failed: 1, skipped: 2, problem: undefined });
  assert.match(text, /boom/);
});

test("a file that does not even load is one failure", limit, async () => {
  const { passed, failed, problem } = await runText(`throw new Error("boom");`);
  assert.deepEqual({ passed, failed, problem }, { passed: 0, failed: 1, problem: "exit code 1" });
});

test("a file without a test is one failure", limit, async () => {
  const { failed, problem } = await runText("");
  assert.deepEqual({ failed, problem }, { failed: 1, problem: "has no test" });
});

test("a file that does not end is killed and is one failure", limit, async () => {
  const text = `
    import { test } from "node:test";
    process.on("SIGTERM", () => {});
    test("stays", () => { setInterval(() => {}, 1000); });`;
  const { failed, problem } = await runText(text, 3000);
  assert.deepEqual({ failed, problem }, { failed: 1, problem: "still running after 3 s: killed" });
});

test("an error after the last test is a failure", limit, async () => {
  const { failed } = await runText(`
    import { test } from "node:test";
    test("good", () => { setTimeout(() => { throw new Error("late"); }, 50); });`);
  assert.equal(failed, 1);
});
