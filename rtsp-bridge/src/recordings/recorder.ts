// Decides which cameras are recorded now, and keeps their streams running as long as that may be. The
// recording itself is MediaMTX's; what is kept of it is ./segments.ts and ./retention.ts.

import type { RecordMode } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { JobNews } from "../printers/job.ts";
import type { StreamStatus } from "../streams/streams.ts";

/** Of one stream, as the list of streams shows it. */
export interface RecordingStatus {
  readonly active: boolean;
  /** Why not, in words; null while it is recorded. */
  readonly reason: string | null;
}

export interface RecorderOptions {
  readonly streams: () => readonly Pick<StreamStatus, "id" | "state">[];
  /** Keeps a stream running, as a viewer would. */
  readonly keep: { start(id: string, seconds: undefined): void; stop(id: string): void };
  /** These are recorded from now on, and no others. */
  readonly setRecorded: (ids: ReadonlySet<string>) => Promise<void>;
  readonly news: (id: string) => JobNews;
  /** Why nothing may be written; null: it may. */
  readonly diskTrouble: () => string | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** What happens right after a job is worth seeing. */
const lingerMs = 5000;

interface Camera {
  readonly mode: Exclude<RecordMode, "off">;
  /** Monotonic ms until which it is wanted; undefined: not, Infinity: a job runs. */
  untilMs: number | undefined;
  isKept: boolean;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #cameras = new Map<string, Camera>();
  #recorded: ReadonlySet<string> = new Set();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Which cameras are recorded when, from now on. */
  setModes(modes: ReadonlyMap<string, RecordMode>): void {
    for (const [id, camera] of this.#cameras) {
      if (modes.get(id) === camera.mode) continue;
      this.#release(id, camera);
      this.#cameras.delete(id);
    }
    for (const [id, mode] of modes) {
      if (mode === "off" || this.#cameras.has(id)) continue;
      this.#cameras.set(id, { mode, untilMs: mode === "always" ? Infinity : undefined, isKept: false });
    }
  }

  get isIdle(): boolean {
    return this.#cameras.size === 0;
  }

  /** null for a stream that is never recorded. */
  status(id: string): RecordingStatus | null {
    const camera = this.#cameras.get(id);
    if (camera === undefined) return null;
    if (this.#recorded.has(id)) return { active: true, reason: null };
    return { active: false, reason: this.#options.diskTrouble() ?? this.#reason(camera) };
  }

  /** To be called often: brings what is recorded in line with what should be. @throws MediamtxError */
  async decide(): Promise<void> {
    const { diskTrouble, streams, setRecorded } = this.#options;
    const hasRoom = diskTrouble() === null;
    const states = new Map(streams().map(({ id, state }) => [id, state]));
    const recorded = new Set<string>();
    for (const [id, camera] of this.#cameras) {
      const isWanted = this.#isWanted(id, camera) && hasRoom && states.has(id);
      if (isWanted) this.#keep(id, camera);
      else this.#release(id, camera);
      // A slate is not worth the disk.
      const state = states.get(id);
      if (isWanted && (state === "live" || state === "holding")) recorded.add(id);
    }
    this.#tell(recorded);
    this.#recorded = recorded;
    await setRecorded(recorded);
  }

  #isWanted(id: string, camera: Camera): boolean {
    if (camera.mode === "always") return true;
    const now = this.#options.clock.monotonic();
    const { kind } = this.#options.news(id);
    if (kind === "running") camera.untilMs = Infinity;
    if (kind === "over" && camera.untilMs === Infinity) camera.untilMs = now + lingerMs;
    return camera.untilMs !== undefined && now < camera.untilMs;
  }

  #keep(id: string, camera: Camera): void {
    if (!camera.isKept) this.#options.keep.start(id, undefined);
    camera.isKept = true;
  }

  #release(id: string, camera: Camera): void {
    if (camera.isKept) this.#options.keep.stop(id);
    camera.isKept = false;
  }

  #reason(camera: Camera): string {
    return camera.isKept ? "the camera sends no pictures" : "nothing is printed";
  }

  #tell(recorded: ReadonlySet<string>): void {
    const { log } = this.#options;
    for (const id of recorded) if (!this.#recorded.has(id)) log.info("the camera is recorded", { printer: id });
    for (const id of this.#recorded) {
      if (!recorded.has(id)) log.info("the camera is recorded no longer", { printer: id, ...this.status(id) });
    }
  }
}
