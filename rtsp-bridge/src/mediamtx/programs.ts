// Finds the programs that the bridge runs. It starts none of them but MediaMTX for its version.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { MediamtxError } from "./errors.ts";

/** The release whose settings and control API this room speaks. */
export const mediamtxVersion = "v1.20.1";

/** Full path of an executable file of this name in a PATH-like list; undefined when there is none. */
export async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter)) {
    const file = join(folder || ".", name);
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

export interface MediamtxProgram {
  readonly file: string;
  /** As it says itself: `v1.20.1`. */
  readonly version: string;
}

/**
 * The given file, else the first of PATH and the project's cache that is the pinned release,
 * else the first that is another v1.
 * @throws MediamtxError `missing`
 */
export async function findMediamtx(options: {
  readonly given: string | undefined;
  readonly searchPath: string;
  /** The project's `.cache`. */
  readonly cacheDir: string;
}): Promise<MediamtxProgram> {
  const cached = join(options.cacheDir, "mediamtx", mediamtxVersion, "mediamtx");
  const files =
    options.given === undefined ? [await findProgram("mediamtx", options.searchPath), cached] : [options.given];
  let other: MediamtxProgram | undefined;
  for (const file of files) {
    const version = file === undefined ? undefined : await versionOf(file);
    if (file === undefined || version === undefined) continue;
    if (version === mediamtxVersion) return { file, version };
    if (version.startsWith("v1.")) other ??= { file, version };
  }
  if (other !== undefined) return other;
  throw new MediamtxError(
    "missing",
    options.given === undefined
      ? `MediaMTX ${mediamtxVersion} is neither on PATH nor in ${cached}; run "make tools", or set GANTRY_MEDIAMTX to the program`
      : `GANTRY_MEDIAMTX: "${options.given}" is not a MediaMTX program of version 1; run "make tools" and unset it`,
  );
}

/** The given ffmpeg, else the one on PATH. @throws MediamtxError `missing` */
export async function findFfmpeg(given: string | undefined, searchPath: string): Promise<string> {
  const name = given ?? "ffmpeg";
  const file = name.includes("/") ? name : await findProgram(name, searchPath);
  if (file !== undefined && (await isExecutable(file))) return file;
  throw new MediamtxError(
    "missing",
    given === undefined
      ? "ffmpeg is not on PATH; install it (Debian, Ubuntu: apt install ffmpeg; macOS: brew install ffmpeg), or set GANTRY_FFMPEG to the program"
      : `GANTRY_FFMPEG: "${given}" is not a program`,
  );
}

async function versionOf(file: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(file, ["--version"], { timeout: 20_000, env: {} });
    return /^v\d+\.\d+\.\d+\S*/.exec(stdout.trim())?.[0];
  } catch {
    // Not there, not executable, or not a MediaMTX: all the same to the caller.
    return undefined;
  }
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    // Not there or not ours to run.
    return false;
  }
}
