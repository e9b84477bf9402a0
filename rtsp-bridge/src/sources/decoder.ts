// One ffmpeg child: H.264 in, a few JPEG pictures a second out, and an end that always comes (why each way
// of stopping is needed: ../ffmpeg/process.ts).

import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { MjpegParser } from "@gantry/platform/mjpeg-parser";
import { maxFrameBytes } from "@gantry/platform/mjpeg";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import { StderrReader } from "../ffmpeg/stderr.ts";
import { isGoneAfter, stopWhenAsked } from "../ffmpeg/stopping.ts";

export interface DecoderOptions {
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the child: its input first, then SIGTERM, then SIGKILL. */
  readonly signal: AbortSignal;
  readonly onPicture: (jpeg: Uint8Array) => void;
}

export interface Decoder {
  /** Why it ended, in words, when the child is gone. Never rejects. */
  readonly exited: Promise<string>;
  /** Hands over one coded picture; the first must be a key picture. A busy child is given none until the next key. */
  feed(unit: AccessUnit, sets: ParameterSets): void;
}

/** Pictures a second at most. */
const framesPerSecond = 5;
/** Fed, and no picture for so long: it hangs. */
const hungMs = 10_000;

const startCode = Buffer.of(0, 0, 0, 1);
/** Says that the picture before is whole: else ffmpeg would wait for the next one to see that. */
const delimiter = Buffer.of(0, 0, 0, 1, 9, 0xf0);

/** One thread, because frame threads hold pictures back. Pictures are chosen after decoding, by arrival. */
const args = [
  ["-hide_banner", "-loglevel", "level+warning", "-nostats"],
  ["-probesize", "32", "-analyzeduration", "0", "-fpsprobesize", "0", "-flags", "low_delay", "-threads", "1"],
  ["-filter_threads", "1", "-use_wallclock_as_timestamps", "1", "-f", "h264", "-i", "pipe:0"],
  ["-map", "0:v:0", "-an", "-vf", `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${0.9 / framesPerSecond})'`],
  ["-fps_mode", "passthrough", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "4", "-threads", "1"],
  ["-f", "image2pipe", "-flush_packets", "1", "pipe:1"],
].flat();

/** Starts the child at once; a child that cannot be started is one that exits at once. */
export function startDecoder(options: DecoderOptions): Decoder {
  return new DecoderProcess(options);
}

class DecoderProcess implements Decoder {
  readonly exited: Promise<string>;
  readonly #options: DecoderOptions;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #stderr: StderrReader;
  readonly #gone = new AbortController();
  #awaitsKey = true;
  #fedSinceMs: number | undefined;

  constructor(options: DecoderOptions) {
    this.#options = options;
    this.#stderr = new StderrReader(options);
    this.#child = spawn(options.ffmpegPath, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.exited = this.#whenGone();
    const { stdin, stdout, stderr } = this.#child;
    const parser = new MjpegParser({ maxFrameBytes });
    // The exit says all there is to know about a broken pipe.
    stdin.on("error", () => undefined);
    stdout.on("data", (chunk: Buffer) => {
      for (const jpeg of parser.push(chunk)) this.#came(jpeg);
    });
    stderr.setEncoding("utf8").on("data", (chunk: string) => {
      if (!options.signal.aborted) this.#stderr.push(chunk);
    });
    void this.#watch();
    void stopWhenAsked(this.#child, {
      asked: this.#options.signal,
      gone: this.#gone.signal,
      clock: this.#options.clock,
    });
  }

  feed(unit: AccessUnit, sets: ParameterSets): void {
    const { stdin } = this.#child;
    if (stdin.writableNeedDrain) this.#awaitsKey = true;
    else if (unit.key) this.#awaitsKey = false;
    if (this.#awaitsKey || !stdin.writable) return;
    const nals = unit.key ? [sets.sps, sets.pps, ...unit.units] : unit.units;
    stdin.write(Buffer.concat([...nals.flatMap((nal) => [startCode, nal]), delimiter]));
    this.#fedSinceMs ??= this.#options.clock.monotonic();
  }

  #came(jpeg: Uint8Array): void {
    this.#fedSinceMs = undefined;
    this.#options.onPicture(jpeg);
  }

  async #whenGone(): Promise<string> {
    const reason = await new Promise<string>((resolve) => {
      this.#child.once("error", (error) => {
        // Without a pid it never ran, and no `close` follows.
        if (this.#child.pid === undefined) resolve(`ffmpeg cannot be started: ${error.message}`);
      });
      this.#child.once("close", (code, signal) => {
        resolve(this.#stderr.fault ?? `ffmpeg ended with ${signal ?? `code ${code}`}`);
      });
    });
    this.#gone.abort();
    return reason;
  }

  /** Kills a child that was fed and gives nothing back. */
  async #watch(): Promise<void> {
    const { clock } = this.#options;
    while (!(await isGoneAfter(1000, clock, this.#gone.signal))) {
      if (this.#fedSinceMs !== undefined && clock.monotonic() - this.#fedSinceMs > hungMs) this.#child.kill("SIGKILL");
    }
  }
}
