// What the bridge keeps of its cameras, as one whole: it follows the jobs, has the right streams recorded
// while there is room, deletes what has to go, and lets time-lapses be made. What each part does is in the
// files beside this one and in ../timelapses.

import { join, resolve } from "node:path";
import type { Inventory } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { openMjpeg } from "@gantry/platform/mjpeg";
import { jpegSize } from "../ffmpeg/jpeg.ts";
import type { PathRecording } from "../mediamtx/config.ts";
import { PrinterJobs } from "../printers/printer-jobs.ts";
import type { StreamStatus } from "../streams/streams.ts";
import { TimeLapses } from "../timelapses/time-lapses.ts";
import { Disk, type ReadSpace } from "./disk.ts";
import { Recorder, type RecorderOptions, type RecordingStatus } from "./recorder.ts";
import { outlived } from "./retention.ts";
import { recordPath, segmentMs, Segments } from "./segments.ts";

export interface KeepingOptions {
  readonly dataDir: string;
  readonly gatewayUrl: string;
  readonly gatewayHeaders: () => Readonly<Record<string, string>>;
  readonly ffmpegPath: string;
  readonly inventory: () => Inventory;
  readonly streams: { list(): readonly StreamStatus[] };
  readonly keep: RecorderOptions["keep"];
  readonly mediamtx: { setRecordings(recordings: ReadonlyMap<string, PathRecording>): Promise<void> };
  readonly clock: Clock;
  readonly log: Log;
  /** Default: of the real disk. */
  readonly readSpace?: ReadSpace;
}

/** What /metrics says of it. */
export interface KeptTotals {
  readonly cameras: readonly KeptNumbers[];
  /** Of the disk that it is kept on; null: unknown. */
  readonly freeBytes: number | null;
  /** Of all recordings. */
  readonly sizeBytes: number;
  readonly films: { readonly made: number; readonly failed: number };
}

interface KeptNumbers {
  readonly printer: string;
  /** undefined for a camera that is never recorded. */
  readonly isRecorded: boolean | undefined;
  readonly recordedBytes: number;
  readonly recordedSegments: number;
  readonly timelapsePictures: number;
}

/** A picture may need a camera to be opened first. */
const pictureMs = 10_000;
/** How often what is recorded is decided anew while a camera may be, and how often the disk is looked at, ms. */
const decideEveryMs = 1000;
const lookEveryMs = 5000;
/** While nothing is recorded there is only what has become too old. */
const restMs = 60_000;

export class Keeping implements AsyncDisposable {
  readonly segments: Segments;
  readonly #options: KeepingOptions;
  readonly #disk: Disk;
  readonly #jobs: PrinterJobs;
  readonly #recorder: Recorder;
  readonly #timeLapses: TimeLapses;
  readonly #life = new AbortController();
  #wake = new AbortController();
  #lookedMs = -Infinity;
  /** The last fault, which is told once. */
  #told = "";
  #running: Promise<void> = Promise.resolve();

  private constructor(options: KeepingOptions) {
    const { dataDir, gatewayUrl, gatewayHeaders: headers, ffmpegPath, clock, log } = options;
    this.#options = options;
    const root = resolve(dataDir, options.inventory().bridge.recordings.folder ?? "");
    this.segments = new Segments(join(root, "recordings"), clock);
    this.#disk = new Disk(this.segments.root, log, options.readSpace);
    const diskTrouble = (): string | null => this.#disk.trouble;
    this.#timeLapses = new TimeLapses({
      root: join(root, "timelapses"),
      ffmpegPath,
      framesPerSecond: () => options.inventory().bridge.timelapseFramesPerSecond,
      takePicture: async (printer, signal) => this.#snapshot(printer, signal),
      diskTrouble,
      clock,
      log,
    });
    this.#jobs = new PrinterJobs({
      gatewayUrl,
      headers,
      clock,
      log,
      onNews: (printer, news) => {
        this.#timeLapses.news(printer, news);
        this.#wake.abort();
      },
    });
    this.#recorder = new Recorder({
      streams: () => options.streams.list(),
      keep: options.keep,
      setRecorded: async (ids) => options.mediamtx.setRecordings(this.#pathRecordings(ids)),
      news: (id) => this.#jobs.of(id),
      diskTrouble,
      clock,
      log,
    });
  }

  /** Nothing is kept before `apply`. */
  static async open(options: KeepingOptions): Promise<Keeping> {
    const keeping = new Keeping(options);
    await keeping.#disk.prepare();
    await keeping.segments.scan();
    keeping.#running = keeping.#run();
    return keeping;
  }

  get films(): TimeLapses["films"] {
    return this.#timeLapses.films;
  }

  /** Puts the inventory in force. */
  async apply(): Promise<void> {
    const cameras = this.#options.inventory().printers.flatMap(({ id, camera }) => (camera ? [{ id, ...camera }] : []));
    this.#recorder.setModes(new Map(cameras.map(({ id, record }) => [id, record])));
    await this.#timeLapses.setModes(new Map(cameras.map(({ id, timelapse }) => [id, timelapse])));
    const followed = cameras.filter(({ record, timelapse }) => record === "while_printing" || timelapse !== "off");
    this.#jobs.follow(followed.map(({ id }) => id));
    for (const { id } of followed) this.#timeLapses.news(id, this.#jobs.of(id));
    this.#wake.abort();
  }

  /** null for a stream that is never recorded. */
  status(id: string): RecordingStatus | null {
    return this.#recorder.status(id);
  }

  totals(): KeptTotals {
    const { sizeBytes } = this.segments;
    return { cameras: this.#numbers(), freeBytes: this.#disk.freeBytes, sizeBytes, films: this.films.totals };
  }

  #numbers(): KeptNumbers[] {
    return this.#options.inventory().printers.map(({ id: printer }) => {
      const { bytes, segments } = this.segments.recorded(printer);
      return {
        printer,
        isRecorded: this.status(printer)?.active,
        recordedBytes: bytes,
        recordedSegments: segments,
        timelapsePictures: this.#timeLapses.pictures(printer),
      };
    });
  }

  /** Ends it; pictures of jobs that still run are kept for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    this.#wake.abort();
    await Promise.all([this.#running, this.#jobs[Symbol.asyncDispose](), this.#timeLapses[Symbol.asyncDispose]()]);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#life.signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.#recorder.decide();
        if (clock.monotonic() - this.#lookedMs >= lookEveryMs) await this.#look();
        this.#told = "";
      } catch (error) {
        const words = String(error);
        if (!this.#life.signal.aborted && words !== this.#told) {
          log.warn("recording cannot be set as it should be; it is tried on", { error });
        }
        this.#told = words;
      }
      await clock.wait(this.#recorder.isIdle ? restMs : decideEveryMs, this.#wake.signal).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { inventory, clock, log } = this.#options;
    this.#lookedMs = clock.monotonic();
    await this.#disk.look();
    await this.segments.scan();
    for (const segment of outlived(this.segments.list(), inventory().bridge.recordings, clock.now())) {
      await this.segments.remove(segment);
      log.info("a recording is deleted to make room", { printer: segment.printer, file: segment.fileName });
    }
  }

  #pathRecordings(recorded: ReadonlySet<string>): Map<string, PathRecording> {
    const { inventory, streams } = this.#options;
    const { maxAgeMs } = inventory().bridge.recordings;
    const cameras = streams.list().filter(({ id }) => this.status(id) !== null);
    return new Map(
      cameras.map(({ id }) => [
        id,
        { isOn: recorded.has(id), recordPath: recordPath(this.segments.root), segmentMs, maxAgeMs },
      ]),
    );
  }

  /** @throws MjpegError, or the signal's reason */
  async #snapshot(printer: string, signal: AbortSignal): Promise<Uint8Array> {
    const { gatewayUrl, gatewayHeaders } = this.#options;
    const base = gatewayUrl.endsWith("/") ? gatewayUrl : `${gatewayUrl}/`;
    const url = new URL(`api/v1/printers/${encodeURIComponent(printer)}/snapshot.jpg`, base).href;
    for await (const jpeg of openMjpeg(url, { signal, stallMs: pictureMs, headers: gatewayHeaders() })) {
      if (jpegSize(jpeg) !== undefined) return jpeg;
    }
    throw new Error("the gateway sent no picture");
  }
}
