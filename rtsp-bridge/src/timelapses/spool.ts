// The pictures of one job on disk until a film is made of them: each is whole or not there, so that a
// killed bridge loses none and goes on with the same job.

import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Job } from "../printers/job.ts";
import { stamp } from "./film-name.ts";

const aboutSchema = z.object({
  printer: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/u),
  jobId: z.string().nullable(),
  file: z.string().nullable(),
  /** Unix ms. */
  startedAtMs: z.number(),
});
type About = z.output<typeof aboutSchema>;

const aboutFile = "job.json";
const picturePattern = /^\d{6}\.jpg$/u;

export class Spool {
  readonly folder: string;
  #about: About;
  #count: number;

  private constructor(folder: string, about: About, count: number) {
    this.folder = folder;
    this.#about = about;
    this.#count = count;
  }

  /** @throws system error */
  static async create(root: string, about: About): Promise<Spool> {
    const folder = join(root, `${about.printer}.${stamp(about.startedAtMs)}`);
    await mkdir(folder, { recursive: true });
    const spool = new Spool(folder, about, await lastNumber(folder));
    await spool.#write(aboutFile, JSON.stringify(about));
    return spool;
  }

  /** Those that are there, oldest first. What is no spool is left alone. */
  static async findAll(root: string): Promise<Spool[]> {
    const spools: Spool[] = [];
    for (const name of await readdir(root).catch(() => [])) {
      const folder = join(root, name);
      try {
        const about = aboutSchema.parse(JSON.parse(await readFile(join(folder, aboutFile), "utf8")));
        spools.push(new Spool(folder, about, await lastNumber(folder)));
      } catch {
        // killed before it knew its job, or somebody else's folder
      }
    }
    return spools.toSorted((one, other) => one.startedAtMs - other.startedAtMs);
  }

  get printer(): string {
    return this.#about.printer;
  }

  get startedAtMs(): number {
    return this.#about.startedAtMs;
  }

  get job(): Pick<Job, "id" | "file"> {
    return { id: this.#about.jobId, file: this.#about.file };
  }

  get count(): number {
    return this.#count;
  }

  /** Learns what was not known of the job before. @throws system error */
  async adopt({ id, file }: Pick<Job, "id" | "file">): Promise<void> {
    const { jobId, file: known } = this.#about;
    if ((jobId !== null || id === null) && (known !== null || file === null)) return;
    this.#about = { ...this.#about, jobId: jobId ?? id, file: known ?? file };
    await this.#write(aboutFile, JSON.stringify(this.#about));
  }

  /** On disk when this resolves. @throws system error */
  async add(jpeg: Uint8Array): Promise<void> {
    const number = this.#count + 1;
    await this.#write(`${String(number).padStart(6, "0")}.jpg`, jpeg);
    this.#count = number;
  }

  /** Files of the pictures, in their order. */
  async pictures(): Promise<string[]> {
    const names = (await readdir(this.folder)).filter((name) => picturePattern.test(name));
    return names.toSorted().map((name) => join(this.folder, name));
  }

  /** Unix ms of the last picture. @throws system error when there is none */
  async endedAtMs(): Promise<number> {
    return (await stat((await this.pictures()).at(-1) ?? "")).mtimeMs;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #write(name: string, content: string | Uint8Array): Promise<void> {
    const file = join(this.folder, `${randomUUID()}.part`);
    try {
      await writeFile(file, content, { flush: true });
      await rename(file, join(this.folder, name));
    } catch (error) {
      await rm(file, { force: true }).catch(() => undefined);
      throw error;
    }
  }
}

async function lastNumber(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => picturePattern.test(name));
  return Number.parseInt(names.toSorted().at(-1) ?? "0", 10);
}
