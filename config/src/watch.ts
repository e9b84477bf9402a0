// The inventory file over time: read at start, read again when it or a secret file changes.
// It looks (stat) at intervals: file events do not cross every bind mount, and are lost when an
// editor puts a new file in the place of the old one.

import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Inventory } from "./inventory.ts";
import { emptyInventory, InventoryError, readInventory, type InventoryOptions, type Reading } from "./load.ts";
import { formatProblem, type Problem } from "./problems.ts";

export interface InventoryStatus {
  /** False while the file on disk is refused or gone and an older one is in force. */
  readonly valid: boolean;
  /** Unix ms of the last time a file was taken; null before the first. */
  readonly loadedAtMs: number | null;
  /** True when there is no inventory file yet; the inventory is then empty. */
  readonly missing: boolean;
  readonly file: string;
  /** The faults of the refused file, one line each. */
  readonly problems: readonly string[];
}

export interface InventoryChange {
  readonly taken: boolean;
  readonly inventory: Inventory;
  readonly status: InventoryStatus;
}

export interface InventoryFile extends AsyncDisposable {
  /** The inventory in force. */
  readonly current: Inventory;
  readonly status: InventoryStatus;
  /**
   * Hears of each try to read a changed file, taken or refused; not of a file whose contents are
   * as before. Called from a microtask of its own.
   */
  on(listener: (change: InventoryChange) => void): Disposable;
}

export interface WatchOptions extends InventoryOptions {
  /** Time between two looks at the file, ms. */
  readonly pollMs?: number;
  readonly clock?: {
    /** Unix ms. */
    now(): number;
    wait(ms: number, signal: AbortSignal): Promise<void>;
  };
}

const wallClock = {
  now: () => Date.now(),
  wait: async (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }),
};

/** Second look at a file that has changed, ms: it is read once two looks see the same. */
const settleMs = 200;

/**
 * Reads the file and watches it. A missing file is an empty inventory until it appears. A changed
 * file that is wrong, or a file that goes away, leaves the inventory in force.
 * @throws InventoryError when the file that is there at start is wrong
 */
export async function openInventory(options: WatchOptions): Promise<InventoryFile> {
  const watch = new Watch(options);
  await watch.start();
  return watch;
}

/** What a service says when it finds no inventory: how to write one. */
export function noInventoryYet(file: string): string {
  return `there is no inventory yet: copy config/printers.example.yaml to ${file} and name your printers in it; it is read without a restart`;
}

/** How a file and its secret files look from outside; equal looks mean equal contents. */
interface Look {
  readonly key: string;
  /** Cut to nothing, as editors leave a file for a moment; looked at longer before it is believed. */
  readonly empty: boolean;
}

class Watch implements InventoryFile {
  readonly #options: WatchOptions;
  readonly #clock: NonNullable<WatchOptions["clock"]>;
  readonly #listeners = new Set<(change: InventoryChange) => void>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #current = emptyInventory;
  #status: InventoryStatus;
  #secretFiles: readonly string[] = [];
  #seen = "";
  #fingerprint = "";

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? wallClock;
    this.#status = { valid: true, loadedAtMs: null, missing: true, file: options.file, problems: [] };
  }

  get current(): Inventory {
    return this.#current;
  }

  get status(): InventoryStatus {
    return this.#status;
  }

  on(listener: (change: InventoryChange) => void): Disposable {
    const entry = (change: InventoryChange): void => listener(change);
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  async start(): Promise<void> {
    const look = await this.#look();
    const reading = await readInventory(this.#options);
    if (reading.outcome instanceof InventoryError && !reading.missing) throw reading.outcome;
    this.#apply(look, reading);
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const pollMs = this.#options.pollMs ?? 1000;
    let pending: Look | undefined;
    for (;;) {
      const waitMs = pending === undefined || pending.empty ? pollMs : Math.min(pollMs, settleMs);
      await this.#clock.wait(waitMs, this.#stop.signal);
      const look = await this.#look();
      if (look.key === this.#seen) pending = undefined;
      else if (look.key !== pending?.key) pending = look;
      else if (await this.#readAgain(look)) pending = undefined;
    }
  }

  /** False when the file changed while it was read: what was read may be half of it. */
  async #readAgain(look: Look): Promise<boolean> {
    const reading = await this.#read();
    const after = await this.#look();
    if (after.key !== look.key) return false;
    const news = reading.fingerprint !== this.#fingerprint;
    const taken = this.#apply(look, reading);
    if (news) this.#tell({ taken, inventory: this.#current, status: this.#status });
    return true;
  }

  /** A schema that throws must not end the watch. */
  async #read(): Promise<Reading> {
    try {
      return await readInventory(this.#options);
    } catch (error) {
      const message = `cannot be checked: ${this.#options.secrets?.redact(String(error)) ?? "a schema failed"}`;
      const outcome = new InventoryError([wholeFile(this.#options.file, message)], error);
      return { outcome, missing: false, secretFiles: this.#secretFiles, fingerprint: message };
    }
  }

  /** Takes or refuses what was read; true when it is in force. */
  #apply(look: Look, { outcome, ...reading }: Reading): boolean {
    const news = reading.fingerprint !== this.#fingerprint;
    this.#seen = look.key;
    this.#secretFiles = reading.secretFiles;
    this.#fingerprint = reading.fingerprint;
    if (outcome instanceof InventoryError) {
      if (news) this.#status = this.#refused(outcome, reading.missing);
      return false;
    }
    if (news) {
      this.#current = outcome;
      const loadedAtMs = this.#clock.now();
      this.#status = { valid: true, loadedAtMs, missing: false, file: this.#options.file, problems: [] };
    }
    return true;
  }

  #refused(error: InventoryError, missing: boolean): InventoryStatus {
    const { loadedAtMs, file } = this.#status;
    if (missing && loadedAtMs === null) return { valid: true, loadedAtMs, missing, file, problems: [] };
    const problems = missing
      ? [wholeFile(file, "the file is gone; the inventory read before stays in force")]
      : error.problems;
    return { valid: false, loadedAtMs, missing: false, file, problems: problems.map((one) => formatProblem(one)) };
  }

  #tell(change: InventoryChange): void {
    for (const listener of this.#listeners) {
      // A listener that throws fails by itself: neither the others nor the watch are stopped.
      queueMicrotask(() => {
        if (this.#listeners.has(listener)) listener(change);
      });
    }
  }

  async #look(): Promise<Look> {
    const files = [this.#options.file, ...this.#secretFiles];
    const looks = await Promise.all(files.map(async (file) => ({ file, ...(await lookAt(file)) })));
    return { key: JSON.stringify(looks), empty: looks[0]?.size === "0" };
  }
}

async function lookAt(file: string): Promise<{ size: string; stamp: string }> {
  try {
    const { mtimeNs, ctimeNs, size, ino, dev } = await stat(file, { bigint: true });
    return { size: String(size), stamp: [mtimeNs, ctimeNs, ino, dev].join(" ") };
  } catch (error) {
    return { size: "", stamp: error instanceof Error && "code" in error ? String(error.code) : "unknown" };
  }
}

function wholeFile(file: string, message: string): Problem {
  return { file: basename(file), line: 1, column: 1, path: "", message };
}
