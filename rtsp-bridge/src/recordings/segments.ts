// What is recorded: the files that MediaMTX writes, known by looking at the folder. Their names tell the
// camera and when they began; nothing is kept beside them, so that what a user takes away is simply gone.

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@gantry/platform/clock";
import { mp4Seconds } from "./mp4-seconds.ts";
import type { Kept } from "./retention.ts";

/** Ten minutes: what a killed process costs at most, and what is deleted at a time. */
export const segmentMs = 600_000;

export interface Segment extends Kept {
  /** Opaque to clients. */
  readonly id: string;
  readonly printer: string;
  readonly file: string;
  readonly fileName: string;
  /** null while it is written. */
  readonly seconds: number | null;
}

/** Running totals of one camera. */
export interface Recorded {
  readonly bytes: number;
  readonly segments: number;
}

/** MediaMTX's `recordPath`: local time for people, Unix time for certain. It adds the extension. */
export function recordPath(root: string): string {
  return join(root, "%path", "%Y-%m-%d_%H-%M-%S_%s-%f");
}

const namePattern = /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_(\d{10})-(\d{6})\.mp4$/u;
const folderPattern = /^[a-z0-9][a-z0-9_-]{0,31}$/u;
/** MediaMTX writes every second; a file that did not grow for so long is whole. */
const quietMs = 15_000;

export class Segments {
  readonly root: string;
  readonly #clock: Clock;
  readonly #known = new Map<string, Segment>();
  readonly #recorded = new Map<string, Recorded>();
  #isFirst = true;
  #scanning: Promise<void> = Promise.resolve();

  constructor(root: string, clock: Clock) {
    this.root = root;
    this.#clock = clock;
  }

  /** Newest first, as of the last scan. */
  list(): Segment[] {
    return [...this.#known.values()].toSorted((one, other) => other.startedAtMs - one.startedAtMs);
  }

  /** Of all of them. */
  get sizeBytes(): number {
    return [...this.#known.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Since the bridge began. */
  recorded(printer: string): Recorded {
    return this.#recorded.get(printer) ?? { bytes: 0, segments: 0 };
  }

  /** Looks at the folder; of files that were whole before only whether they are still there. Never rejects. */
  async scan(): Promise<void> {
    this.#scanning = this.#scanning.then(async () => this.#scan());
    await this.#scanning;
  }

  /** @throws system error */
  async remove(segment: Pick<Segment, "file">): Promise<void> {
    await rm(segment.file, { force: true });
    this.#known.delete(segment.file);
  }

  async #scan(): Promise<void> {
    const there = new Set<string>();
    for (const printer of await names(this.root)) {
      if (!folderPattern.test(printer)) continue;
      const files = (await names(join(this.root, printer))).filter((name) => namePattern.test(name));
      const newest = files.toSorted((one, other) => startOf(one) - startOf(other)).at(-1);
      for (const name of files) {
        const file = join(this.root, printer, name);
        there.add(file);
        await this.#look(printer, file, name, name === newest);
      }
    }
    for (const file of this.#known.keys()) if (!there.has(file)) this.#known.delete(file);
    this.#isFirst = false;
  }

  async #look(printer: string, file: string, fileName: string, isNewest: boolean): Promise<void> {
    const known = this.#known.get(file);
    if (known !== undefined && known.endedAtMs !== null && !isNewest) return;
    const stats = await stat(file).catch(() => undefined);
    if (stats === undefined) return void this.#known.delete(file);
    const { size: sizeBytes, mtimeMs } = stats;
    if (known?.endedAtMs != null && known.sizeBytes === sizeBytes && known.endedAtMs === mtimeMs) return;
    const isWritten = isNewest && this.#clock.now() - mtimeMs < quietMs;
    const startedAtMs = startOf(fileName);
    const id = `${printer}.${fileName.slice(20, -4)}`;
    const seconds = isWritten ? null : await secondsOf(file, startedAtMs, mtimeMs);
    const endedAtMs = isWritten ? null : mtimeMs;
    this.#known.set(file, { id, printer, file, fileName, startedAtMs, endedAtMs, sizeBytes, seconds });
    this.#count(printer, sizeBytes - (known?.sizeBytes ?? 0), known === undefined);
  }

  #count(printer: string, bytes: number, isNew: boolean): void {
    if (this.#isFirst) return;
    const before = this.recorded(printer);
    this.#recorded.set(printer, {
      bytes: before.bytes + Math.max(0, bytes),
      segments: before.segments + Number(isNew),
    });
  }
}

/** Unix ms. */
function startOf(name: string): number {
  const [, seconds, micros] = namePattern.exec(name) ?? [];
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

async function secondsOf(file: string, startedAtMs: number, endedAtMs: number): Promise<number> {
  return (await mp4Seconds(file)) ?? Math.max(0, (endedAtMs - startedAtMs) / 1000);
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
