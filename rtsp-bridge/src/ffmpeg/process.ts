// One ffmpeg child: JPEGs in, access units of one or two outputs out, and an end that always comes. It is never started
// again here: that is the stream's business. Why each way of stopping is needed: an ffmpeg blocked
// in a read ignores SIGTERM, a stopped one everything but SIGKILL, and only the end of its input
// lets it finish by itself.

import { spawn, type ChildProcessByStdio, type StdioPipe } from "node:child_process";
import { Readable, type Writable } from "node:stream";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { outputPipes } from "./args.ts";
import { FlvReader, type AccessUnit, type ParameterSets } from "./flv.ts";
import type { PictureSize } from "./jpeg.ts";
import { clusterHead, matroskaHeader } from "./matroska.ts";
import { StderrReader } from "./stderr.ts";
import { steeredStamp, type Take } from "./steering.ts";
import { isGoneAfter, stopWhenAsked } from "./stopping.ts";

/** Who hears of what an encoder makes. */
export interface EncoderSink {
  /** `output` counts from 0, as the plan's outputs do. */
  readonly onAccessUnit: (unit: AccessUnit, output: number) => void;
  /** It is no longer busy. */
  readonly onReady: () => void;
}

interface EncoderOptions extends EncoderSink {
  readonly ffmpegPath: string;
  /** From ./args.ts. */
  readonly args: readonly string[];
  /** How many those arguments make. Default: one. */
  readonly outputs?: number;
  /** Told to encoders that count with it. */
  readonly framesPerSecond?: number | undefined;
  /** Written into the container's header; the pictures themselves may differ. */
  readonly size: PictureSize;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the child: its input first, then SIGTERM, then SIGKILL. */
  readonly signal: AbortSignal;
}

export interface EncoderExit {
  /** Why, in words. */
  readonly reason: string;
  /** It was ended because nothing came out of it. */
  readonly hung: boolean;
  /** How long it ran, ms. */
  readonly ranMs: number;
}

export interface Encoder {
  readonly pid: number | undefined;
  /** The parameter sets of each output, known with the first picture. Never settles if it ends before. */
  readonly ready: Promise<readonly ParameterSets[]>;
  /** Resolves when the child is gone and all it said was read. Never rejects. */
  readonly exited: Promise<EncoderExit>;
  /** Pictures ffmpeg could not decode. */
  readonly undecodable: number;
  /** It still takes in the last picture: `onReady` tells when it can be fed again. */
  readonly busy: boolean;
  /**
   * Hands over one JPEG for `stampMs`, which must be a whole number, 0 first and then rise; `takes`
   * says for each output what it does with it. The first goes to all of them as a key picture. What
   * is fed to a busy or ended child waits in memory or is lost: look at `busy` first.
   */
  feed(jpeg: Uint8Array, stampMs: number, takes: readonly Take[]): void;
}

/** A start may be slow on a small board that boots; a picture never takes this long. */
const firstPictureMs = 10_000;
const nextPictureMs = 2000;
const watchMs = 500;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts the child at once; a child that cannot be started is one that exits at once. */
export function startEncoder(options: EncoderOptions): Encoder {
  return new EncoderProcess(options);
}

/** What one output owes. */
interface Account {
  sets: ParameterSets | undefined;
  newestStamp: number;
  /** When the oldest picture without an answer was fed. */
  unansweredSince: number | undefined;
}

class EncoderProcess implements Encoder {
  readonly ready: Promise<readonly ParameterSets[]>;
  readonly exited: Promise<EncoderExit>;
  readonly #options: EncoderOptions;
  readonly #child: Child;
  readonly #stderr: StderrReader;
  readonly #gone = new AbortController();
  readonly #startedMs: number;
  readonly #accounts: readonly Account[];
  #resolveReady: (sets: readonly ParameterSets[]) => void = () => undefined;
  #headerWritten = false;
  #produced = false;
  #isWatched = false;
  #verdict: string | undefined;
  #hung = false;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonic();
    this.#stderr = new StderrReader(options);
    this.ready = new Promise((resolve) => (this.#resolveReady = resolve));
    const owing = { sets: undefined, newestStamp: -1, unansweredSince: undefined };
    this.#accounts = outputPipes.slice(0, options.outputs ?? 1).map(() => ({ ...owing }));
    this.#child = startChild(options.ffmpegPath, options.args, this.#accounts.length);
    this.exited = this.#whenGone();
    this.#listen();
    void stopWhenAsked(this.#child, {
      asked: this.#options.signal,
      gone: this.#gone.signal,
      clock: this.#options.clock,
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get undecodable(): number {
    return this.#stderr.undecodable;
  }

  get busy(): boolean {
    return this.#child.stdin.writableNeedDrain;
  }

  feed(jpeg: Uint8Array, stampMs: number, takes: readonly Take[]): void {
    const { stdin } = this.#child;
    if (!stdin.writable) return;
    stdin.cork();
    if (!this.#headerWritten) stdin.write(matroskaHeader(this.#options.size, this.#options.framesPerSecond));
    this.#headerWritten = true;
    stdin.write(clusterHead(steeredStamp(stampMs, takes), jpeg.length));
    stdin.write(jpeg);
    stdin.uncork();
    for (const [output, account] of this.#accounts.entries()) {
      if (stampMs > 0 && takes[output] === "none") continue;
      account.newestStamp = stampMs;
      account.unansweredSince ??= this.#options.clock.monotonic();
    }
    if (!this.#isWatched) void this.#watch();
  }

  #listen(): void {
    const { stdin, stderr, stdio } = this.#child;
    // The exit says all there is to know about a broken pipe.
    stdin.on("error", () => undefined);
    stdin.on("drain", () => this.#options.onReady());
    for (const [output, account] of this.#accounts.entries()) {
      const reader = new FlvReader({
        parameterSets: (sets) => this.#learn(account, sets),
        accessUnit: (unit) => this.#answer(account, unit, output),
      });
      const pipe = stdio[outputPipes[output] ?? 1];
      if (pipe instanceof Readable) pipe.on("data", (chunk: Buffer) => this.#read(reader, chunk));
    }
    stderr.setEncoding("utf8").on("data", (chunk: string) => {
      // One that is ended before it was fed complains of an empty input.
      if (!this.#options.signal.aborted) this.#stderr.push(chunk);
    });
  }

  #read(reader: FlvReader, chunk: Buffer): void {
    if (this.#verdict !== undefined) return;
    try {
      reader.push(chunk);
    } catch (error) {
      this.#kill(`ffmpeg wrote what is no stream: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #learn(account: Account, sets: ParameterSets): void {
    account.sets = sets;
    const all = this.#accounts.flatMap((known) => known.sets ?? []);
    if (all.length === this.#accounts.length) this.#resolveReady(all);
  }

  #answer(account: Account, unit: AccessUnit, output: number): void {
    this.#produced = true;
    account.unansweredSince = unit.stampMs >= account.newestStamp ? undefined : this.#options.clock.monotonic();
    this.#options.onAccessUnit(unit, output);
  }

  async #whenGone(): Promise<EncoderExit> {
    const reason = await new Promise<string>((resolve) => {
      this.#child.once("error", (error) => {
        // Without a pid it never ran, and no `close` follows.
        if (this.#child.pid === undefined) resolve(`ffmpeg cannot be started: ${error.message}`);
      });
      this.#child.once("close", (code, signal) => resolve(this.#describe(code, signal)));
    });
    this.#gone.abort();
    return { reason, hung: this.#hung, ranMs: this.#options.clock.monotonic() - this.#startedMs };
  }

  #describe(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#verdict !== undefined) return this.#verdict;
    if (signal !== null) return `ffmpeg was ended by ${signal}`;
    return this.#stderr.fault ?? `ffmpeg ended with code ${code}`;
  }

  /** Kills a child that was fed and gives nothing back. Ends, and costs nothing, while nothing is owed. */
  async #watch(): Promise<void> {
    const { clock } = this.#options;
    this.#isWatched = true;
    let before = clock.monotonic();
    while (this.#isOwed && !(await isGoneAfter(watchMs, clock, this.#gone.signal))) {
      const now = clock.monotonic();
      // This process itself stood still: what the child wrote meanwhile is not read yet.
      if (now - before > 4 * watchMs) this.#forgive(now);
      before = now;
      const limit = this.#produced ? nextPictureMs : firstPictureMs;
      if (this.#accounts.every(({ unansweredSince = now }) => now - unansweredSince < limit)) continue;
      this.#hung = true;
      this.#kill(`ffmpeg gave no picture for ${limit / 1000} s and was ended`);
    }
    this.#isWatched = false;
  }

  get #isOwed(): boolean {
    return this.#accounts.some(({ unansweredSince }) => unansweredSince !== undefined);
  }

  #forgive(now: number): void {
    for (const account of this.#accounts) if (account.unansweredSince !== undefined) account.unansweredSince = now;
  }

  #kill(verdict: string): void {
    this.#verdict ??= verdict;
    this.#child.kill("SIGKILL");
  }
}

function startChild(program: string, args: readonly string[], outputs: number): Child {
  const stdio: [StdioPipe, StdioPipe, StdioPipe, ...StdioPipe[]] = ["pipe", "pipe", "pipe"];
  for (let output = 1; output < outputs; output += 1) stdio.push("pipe");
  return spawn(program, args, { stdio });
}
