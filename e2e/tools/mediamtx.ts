// Finds the pinned MediaMTX for a host without Docker: on PATH, else the official release
// archive, else built from its Go module. The order and its reasons: docs/architecture.md.

import { chmod, mkdir, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findOnPath, run } from "./command.ts";
import { buildMediamtx } from "./mediamtx-build.ts";
import { downloadMediamtx } from "./mediamtx-release.ts";
import { mediamtxFile, mediamtxVersion } from "./paths.ts";

/**
 * Puts MediaMTX at `mediamtxFile` unless it is there. At once when it is; else up to some minutes.
 * @throws Error that names each way tried, why it failed, and what to install; the signal's reason
 */
export async function ensureMediamtx(say: (line: string) => void, signal: AbortSignal): Promise<void> {
  if ((await versionOf(mediamtxFile)) === mediamtxVersion) return;
  await mkdir(dirname(mediamtxFile), { recursive: true });
  const onPath = findOnPath("mediamtx");
  const version = onPath === undefined ? undefined : await versionOf(onPath);
  if (onPath !== undefined && version === mediamtxVersion) {
    await linkInPlace(onPath);
    say(`MediaMTX ${mediamtxVersion}: the one on PATH, ${onPath}`);
    return;
  }
  const failures = [`on PATH: ${onPath === undefined ? "none" : `${onPath} is ${version ?? "no MediaMTX"}`}`];
  if (onPath !== undefined) say(`MediaMTX ${failures[0]}, ${mediamtxVersion} is needed: looking further`);
  const ways = [
    { name: "the official release archive", take: async (folder: string) => downloadMediamtx(folder, signal) },
    { name: "built from its Go module", take: async (folder: string) => buildMediamtx(folder, say, signal) },
  ];
  for (const { name, take } of ways) {
    signal.throwIfAborted();
    try {
      await moveInPlace(take);
      say(`MediaMTX ${mediamtxVersion}: ${name}`);
      return;
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(adviceFor(failures));
}

/** What `mediamtx --version` prints, such as `v1.20.1`; undefined when it does not run. */
async function versionOf(file: string): Promise<string | undefined> {
  const answer = await run(file, ["--version"], { timeoutMs: 10_000 });
  return answer.ok ? answer.text.trim() : undefined;
}

async function linkInPlace(file: string): Promise<void> {
  const temporary = `${mediamtxFile}.${process.pid}`;
  await symlink(file, temporary);
  await rename(temporary, mediamtxFile);
}

/** Runs `take` in a folder of its own and renames its result, so that a half-made binary is never seen. */
async function moveInPlace(take: (folder: string) => Promise<string>): Promise<void> {
  const folder = await mkdtemp(join(dirname(mediamtxFile), "making-"));
  try {
    const binary = await take(folder);
    await chmod(binary, 0o755);
    const version = await versionOf(binary);
    if (version !== mediamtxVersion) throw new Error(`what came says ${version ?? "nothing"} to --version`);
    await rename(binary, mediamtxFile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function adviceFor(failures: readonly string[]): string {
  return [
    `MediaMTX ${mediamtxVersion} could not be had:`,
    ...failures.map((failure) => `  ${failure}`),
    `Do one of these, then run this again:`,
    `  put mediamtx ${mediamtxVersion} on PATH (https://github.com/bluenviron/mediamtx/releases)`,
    `  install Go 1.26 or newer (https://go.dev/dl) where the Go module proxy can be reached`,
    `  or run the Docker stack, which brings its own: make up`,
  ].join("\n");
}
