// Makes one film of a spool's pictures: one ffmpeg that gives way to everything else, and ends when the
// bridge does, because its pictures come over stdin.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, rm, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { filmArguments } from "../ffmpeg/args.ts";
import { jpegSize } from "../ffmpeg/jpeg.ts";
import type { Spool } from "./spool.ts";

export interface FilmOptions {
  readonly ffmpegPath: string;
  readonly framesPerSecond: number;
  readonly outputFile: string;
  /** Ends it; the spool stays. */
  readonly signal: AbortSignal;
}

/** How long the last picture is shown, s. */
const holdSeconds = 2;
/** A day of pictures on a small board takes less. */
const limitMs = 4 * 3_600_000;

/** Whole when this resolves. @throws Error in words; the signal's reason */
export async function makeFilm(spool: Spool, options: FilmOptions): Promise<void> {
  const { framesPerSecond, outputFile, ffmpegPath } = options;
  const files = await spool.pictures();
  const size = jpegSize(await readFile(files[0] ?? ""));
  if (size === undefined) throw new Error(`${files[0]} is no JPEG`);
  // In the spool's folder, so that what a killed bridge leaves goes with it.
  const part = join(spool.folder, `${randomUUID()}.film`);
  const args = filmArguments({ framesPerSecond, size, outputFile: part });
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(limitMs)]);
  try {
    await run(["nice", "-n", "19", ffmpegPath, ...args], shown(files, framesPerSecond), signal);
    const endedAt = (await spool.endedAtMs()) / 1000;
    await utimes(part, endedAt, endedAt);
    await mkdir(dirname(outputFile), { recursive: true });
    await rename(part, outputFile);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function* shown(files: readonly string[], framesPerSecond: number): AsyncGenerator<Buffer> {
  const last = files.at(-1) ?? "";
  for (const file of files) yield* createReadStream(file) as AsyncIterable<Buffer>;
  for (let more = 0; more < holdSeconds * framesPerSecond; more += 1) {
    yield* createReadStream(last) as AsyncIterable<Buffer>;
  }
}

async function run(command: readonly string[], input: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["pipe", "ignore", "pipe"], signal, killSignal: "SIGKILL" });
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told = (told + text).slice(-2000)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const fed = pipeline(Readable.from(input, { objectMode: false }), child.stdin).catch(() => undefined);
  const code = await ended;
  await fed;
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}: ${told.trim()}`);
}
