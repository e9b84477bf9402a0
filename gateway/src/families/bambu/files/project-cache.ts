// What was in a printer's projects, so that they are not fetched again. Small: a few, and few bytes.

import type { ProjectFile } from "./project-reader.ts";

const mostProjects = 24;
const mostPictureBytes = 12 * 1024 * 1024;

/** When it is the same file: name, size and time of change, where the printer tells that. */
export interface FileStamp {
  readonly name: string;
  readonly sizeBytes: number;
  /** As the printer words it. */
  readonly modified: string | null;
}

interface Kept extends FileStamp {
  readonly file: ProjectFile;
  /** When the printer last showed it to be the same file, monotonic ms. */
  seenMs: number;
}

export class ProjectCache {
  /** By name, the one used last at the end. */
  readonly #kept = new Map<string, Kept>();

  /** The project, if the file is still the one that was read. @param nowMs monotonic */
  get({ name, sizeBytes, modified }: FileStamp, nowMs: number): ProjectFile | undefined {
    const kept = this.#kept.get(name);
    if (kept === undefined || kept.sizeBytes !== sizeBytes || kept.modified !== modified) return undefined;
    kept.seenMs = nowMs;
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    return kept.file;
  }

  /** For lists, which word times otherwise: known by name and size alone. */
  glance(name: string, sizeBytes: number | null): ProjectFile | undefined {
    const kept = this.#kept.get(name);
    return kept?.sizeBytes === sizeBytes ? kept.file : undefined;
  }

  /** The project without asking the printer, if it was asked since then (monotonic ms). */
  recent(name: string, sinceMs: number): ProjectFile | undefined {
    const kept = this.#kept.get(name);
    return kept !== undefined && kept.seenMs >= sinceMs ? kept.file : undefined;
  }

  set(stamp: FileStamp, file: ProjectFile, nowMs: number): void {
    this.#kept.delete(stamp.name);
    this.#kept.set(stamp.name, { ...stamp, file, seenMs: nowMs });
    while (this.#kept.size > mostProjects || (this.#kept.size > 1 && this.#bytes() > mostPictureBytes)) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
  }

  forget(name: string): void {
    this.#kept.delete(name);
  }

  #bytes(): number {
    let sum = 0;
    for (const { file } of this.#kept.values()) for (const { length } of file.pictures.values()) sum += length;
    return sum;
  }
}
