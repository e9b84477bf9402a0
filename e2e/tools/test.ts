// The test runner behind `make test`, `make e2e` and `make check`: the groups named on the
// command line, in order, and at the very end one line with the sum over all of them.

import { glob } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { run } from "./command.ts";
import { root } from "./paths.ts";
import { runTestFile } from "./test-file.ts";
import type { TestCounts } from "./test-reporter.ts";

interface FileGroup {
  readonly files: readonly string[];
  readonly except: readonly string[];
  /** At the same time. End-to-end files start whole stacks, and mostly wait: few at once. */
  readonly concurrency: number;
  readonly timeoutMs: number;
}

const compose = "e2e/scenarios/compose*.test.ts";
/** Against servers of others that are installed for it. */
const real = "e2e/scenarios/*-real.test.ts";
const players = "e2e/scenarios/players-real.test.ts";

const fileGroups: Readonly<Record<string, FileGroup>> = {
  unit: {
    files: [
      "config/**/*.test.ts",
      "gateway/**/*.test.ts",
      "rtsp-bridge/**/*.test.ts",
      "e2e/{simulators,tools,demo}/**/*.test.ts",
    ],
    except: [],
    concurrency: Math.min(4, availableParallelism()),
    timeoutMs: 120_000,
  },
  e2e: {
    files: ["e2e/{contract,scenarios}/**/*.test.ts"],
    except: [compose, real],
    concurrency: Math.max(2, Math.min(3, availableParallelism() - 1)),
    timeoutMs: 300_000,
  },
  compose: { files: [compose], except: [], concurrency: 1, timeoutMs: 1_800_000 },
  moonraker: { files: ["e2e/scenarios/moonraker-real.test.ts"], except: [], concurrency: 1, timeoutMs: 1_200_000 },
  players: { files: [players], except: [], concurrency: 1, timeoutMs: 1_800_000 },
  vsftpd: { files: ["e2e/scenarios/bambu-files-real.test.ts"], except: [], concurrency: 1, timeoutMs: 600_000 },
  octoprint: { files: ["e2e/scenarios/octoprint-real.test.ts"], except: [], concurrency: 1, timeoutMs: 2_400_000 },
  /** All servers of others, beside one another; what plays streams is not among them. */
  servers: { files: [real], except: [players], concurrency: 2, timeoutMs: 2_400_000 },
};

/** npm scripts; each counts as one test. */
const checks = ["types", "lint", "format:check", "knip"];

const nothing: TestCounts = { passed: 0, failed: 0, skipped: 0 };

/** Runs every check and shows what a failing one says. */
async function runChecks(): Promise<TestCounts> {
  let sum = nothing;
  for (const name of checks) {
    const result = await run("npm", ["run", "--silent", name], { cwd: root, timeoutMs: 600_000 });
    show(result.ok, name, result.ok ? "" : result.text, result.reason);
    sum = add(sum, { passed: result.ok ? 1 : 0, failed: result.ok ? 0 : 1, skipped: 0 });
  }
  return sum;
}

/** Runs the group's files, some at a time. A group without a file is a failure. */
async function runFiles(name: string, group: FileGroup, signal: AbortSignal): Promise<TestCounts> {
  const exclude = ["**/node_modules/**", ...group.except];
  const files: string[] = [];
  for await (const file of glob([...group.files], { cwd: root, exclude })) files.push(file);
  files.sort();
  if (files.length === 0) {
    show(false, name, "", `no file matches ${group.files.join(" ")}`);
    return { ...nothing, failed: 1 };
  }
  let sum = nothing;
  const worker = async (): Promise<void> => {
    for (let file = files.shift(); file !== undefined && !signal.aborted; file = files.shift()) {
      const result = await runTestFile(file, { timeoutMs: group.timeoutMs, signal });
      show(result.failed === 0, relative(root, file), result.text, result.problem ?? "");
      sum = add(sum, result);
    }
  };
  await Promise.all(Array.from({ length: group.concurrency }, worker));
  return sum;
}

function show(ok: boolean, name: string, text: string, problem: string): void {
  const lines = [`${ok ? "✔" : "✖"} ${name}${problem === "" ? "" : ` (${problem})`}`];
  for (const line of text.split("\n")) if (line.trim() !== "") lines.push(`  ${line}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

function add(left: TestCounts, right: TestCounts): TestCounts {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

async function main(names: readonly string[]): Promise<number> {
  const known = ["check", ...Object.keys(fileGroups)];
  const unknown = names.filter((name) => !known.includes(name));
  if (names.length === 0 || unknown.length > 0) {
    process.stderr.write(`usage: test.ts ${known.join("|")} ...\n`);
    return 2;
  }
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
  let sum = nothing;
  for (const name of names) {
    const group = fileGroups[name];
    sum = add(sum, group === undefined ? await runChecks() : await runFiles(name, group, stop.signal));
    if (stop.signal.aborted) break;
  }
  const skipped = sum.skipped === 0 ? "" : `, ${sum.skipped} skipped`;
  process.stdout.write(`${sum.passed} passed, ${sum.failed} failed${skipped}\n`);
  return sum.failed === 0 && sum.passed + sum.skipped > 0 && !stop.signal.aborted ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
