// One test file in a process of its own, bounded in time. The process leads a group, so that
// whatever it started ends with it, however it ended.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./paths.ts";
import { countsMark, type TestCounts } from "./test-reporter.ts";

export interface TestFileResult extends TestCounts {
  /** What the tests and the reporter wrote. */
  readonly text: string;
  /** Why the file as a whole failed, beside its tests; undefined when it did not. */
  readonly problem: string | undefined;
}

export interface TestFileOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs the file (path from the root) to its end. A file that dies, hangs or has no test counts as one failure. */
export async function runTestFile(file: string, options: TestFileOptions): Promise<TestFileResult> {
  const reporter = join(import.meta.dirname, "test-reporter.ts");
  const child = spawn(
    process.execPath,
    ["--test-reporter", reporter, "--test-reporter-destination", "stdout", join(root, file)],
    { cwd: root, env: testEnvironment(), stdio: ["ignore", "pipe", "pipe"], detached: true },
  );
  let text = "";
  const keep = (chunk: Buffer): void => {
    text += chunk.toString("utf8");
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const kill = (): void => killGroup(child.pid);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, options.timeoutMs);
  options.signal.addEventListener("abort", kill, { once: true });
  const { promise: exited, resolve } = Promise.withResolvers<string>();
  child.once("error", (error) => resolve(error.message));
  child.once("exit", (code, signal) => {
    kill();
    child.once("close", () => resolve(code === 0 ? "" : code === null ? `ended by ${signal}` : `exit code ${code}`));
  });
  const exit = await exited;
  clearTimeout(timer);
  options.signal.removeEventListener("abort", kill);
  return judge(text, timedOut ? `still running after ${options.timeoutMs / 1000} s: killed` : exit);
}

/** Neither the user's own settings nor an outer test run may reach the tests. */
function testEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^(GANTRY_|NODE_TEST_)/.test(name));
  const colour = process.stdout.isTTY && process.env["NO_COLOR"] === undefined ? { FORCE_COLOR: "1" } : {};
  return { ...Object.fromEntries(entries), ...colour };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of the group is left, as it should be.
  }
}

function judge(output: string, exit: string): TestFileResult {
  const mark = output.lastIndexOf(countsMark);
  const line = mark === -1 ? "" : (output.slice(mark + countsMark.length).split("\n")[0] ?? "");
  const text = mark === -1 ? output : output.replace(`${countsMark}${line}\n`, "");
  const counts = line === "" ? { passed: 0, failed: 0, skipped: 0 } : (JSON.parse(line) as TestCounts);
  const none = counts.passed + counts.failed + counts.skipped === 0;
  const problem = exit !== "" && counts.failed === 0 ? exit : exit === "" && none ? "has no test" : undefined;
  return { ...counts, failed: counts.failed + (problem === undefined ? 0 : 1), text, problem };
}
