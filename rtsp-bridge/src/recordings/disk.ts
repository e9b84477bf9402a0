// Whether there is room to write: the free space of the folder that things are kept in, looked at now
// and then. It frees nothing.

import { constants } from "node:fs";
import { access, mkdir, statfs } from "node:fs/promises";
import type { Log } from "@gantry/platform/log";

export interface Space {
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** @throws system error for a folder that is not there or cannot be written */
export type ReadSpace = (folder: string) => Promise<Space>;

/** Of a folder on any file system; what is reserved for root does not count as free. */
export async function readSpace(folder: string): Promise<Space> {
  await access(folder, constants.W_OK);
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}

/** What is always left free: 5 % of the disk, and of a large one 1 GB. */
export function reserveBytes({ sizeBytes }: Pick<Space, "sizeBytes">): number {
  return Math.min(1e9, sizeBytes / 20);
}

/** After it was full there must be so much more before it counts as free, or it would change all the time. */
const relief = 1.25;

export class Disk {
  readonly #folder: string;
  readonly #read: ReadSpace;
  readonly #log: Log;
  #freeBytes: number | null = null;
  #trouble: string | null = null;
  #isToBeMade = false;

  constructor(folder: string, log: Log, read: ReadSpace = readSpace) {
    this.#folder = folder;
    this.#log = log;
    this.#read = read;
  }

  /** Why nothing may be written, in words; null: there is room. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** null before the first look, and for a folder that cannot be read. */
  get freeBytes(): number | null {
    return this.#freeBytes;
  }

  /**
   * Makes the folder, at the first look at which that can be done. One that was there and is gone is not made
   * again: a disk may have been taken out, and another one is not to be filled in its place.
   */
  async prepare(): Promise<void> {
    this.#isToBeMade = true;
    await this.look();
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const before = this.#trouble;
    this.#trouble = await this.#judge();
    if (this.#trouble !== null && before === null) this.#log.error(`nothing more is recorded: ${this.#trouble}`);
    if (this.#trouble === null && before !== null) this.#log.info("there is room to record again");
  }

  async #judge(): Promise<string | null> {
    try {
      if (this.#isToBeMade) await mkdir(this.#folder, { recursive: true });
      this.#isToBeMade = false;
      const space = await this.#read(this.#folder);
      this.#freeBytes = space.freeBytes;
      const reserve = reserveBytes(space);
      const isFull = space.freeBytes < (this.#trouble === null ? reserve : reserve * relief);
      return isFull ? `the disk is full: less than ${Math.ceil(reserve / 1e6)} MB would be free` : null;
    } catch (error) {
      this.#freeBytes = null;
      const { code, message } = error as NodeJS.ErrnoException;
      return `the folder ${this.#folder} cannot be written (${code ?? message})`;
    }
  }
}
