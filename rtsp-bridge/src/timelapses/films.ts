// The films that are there, and those that are to be made: one after the other, so that viewers never
// notice. What could not be made stays as pictures and is tried again at the next start.

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@gantry/platform/log";
import { mp4Seconds } from "../recordings/mp4-seconds.ts";
import { filmName, parseFilmName, stamp } from "./film-name.ts";
import { makeFilm } from "./film.ts";
import type { Spool } from "./spool.ts";

export interface Film {
  /** Opaque to clients. */
  readonly id: string;
  readonly printer: string;
  /** Name of the job's file, as far as a file name can hold it. */
  readonly job: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly sizeBytes: number;
  readonly seconds: number | null;
  readonly file: string;
  readonly fileName: string;
}

export interface FilmsOptions {
  /** Films are below, in a folder for each printer. */
  readonly root: string;
  readonly ffmpegPath: string;
  readonly framesPerSecond: () => number;
  readonly log: Log;
}

const folderPattern = /^[a-z0-9][a-z0-9_-]{0,31}$/u;
/** One picture is no film. */
const leastPictures = 2;

export class Films implements AsyncDisposable {
  readonly #options: FilmsOptions;
  readonly #life = new AbortController();
  /** What a film's file said; by file and its time. */
  readonly #seconds = new Map<string, number | null>();
  #work: Promise<void> = Promise.resolve();
  #made = 0;
  #failed = 0;

  constructor(options: FilmsOptions) {
    this.#options = options;
  }

  /** Since the bridge began. */
  get totals(): { readonly made: number; readonly failed: number } {
    return { made: this.#made, failed: this.#failed };
  }

  /** To be made when those before are. */
  add(spool: Spool): void {
    this.#work = this.#work.then(async () => this.#make(spool));
  }

  /** Newest first. */
  async list(): Promise<Film[]> {
    const films: Film[] = [];
    for (const printer of await names(this.#options.root)) {
      if (!folderPattern.test(printer)) continue;
      for (const fileName of await names(join(this.#options.root, printer))) {
        const film = await this.#find(printer, fileName);
        if (film !== undefined) films.push(film);
      }
    }
    return films.toSorted((one, other) => other.startedAtMs - one.startedAtMs);
  }

  /** @throws system error */
  async remove({ file }: Pick<Film, "file">): Promise<void> {
    await rm(file, { force: true });
  }

  /** Ends the film that is being made; its pictures stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    await this.#work;
  }

  async #find(printer: string, fileName: string): Promise<Film | undefined> {
    const name = parseFilmName(fileName);
    const file = join(this.#options.root, printer, fileName);
    const stats = name === undefined ? undefined : await stat(file).catch(() => undefined);
    if (name === undefined || stats === undefined) return undefined;
    const { size: sizeBytes, mtimeMs: endedAtMs } = stats;
    const key = `${file} ${endedAtMs}`;
    if (!this.#seconds.has(key)) this.#seconds.set(key, (await mp4Seconds(file)) ?? null);
    const seconds = this.#seconds.get(key) ?? null;
    const id = `${printer}.${stamp(name.startedAtMs)}`;
    return { id, printer, ...name, endedAtMs, sizeBytes, seconds, file, fileName };
  }

  /** Never rejects. */
  async #make(spool: Spool): Promise<void> {
    const { root, ffmpegPath, framesPerSecond, log } = this.#options;
    const { signal } = this.#life;
    const { printer, job, count: pictures } = spool;
    const about = { printer, job: job.file, pictures };
    if (signal.aborted) return;
    try {
      if (pictures >= leastPictures) {
        const outputFile = join(root, printer, filmName(job.file, spool.startedAtMs));
        await makeFilm(spool, { ffmpegPath, framesPerSecond: framesPerSecond(), outputFile, signal });
        this.#made += 1;
        log.info("a time-lapse is ready", { ...about, file: outputFile });
      } else log.info("a job left too few pictures for a time-lapse", about);
      await spool.remove();
    } catch (error) {
      if (signal.aborted) return;
      this.#failed += 1;
      log.error("a time-lapse could not be made; its pictures are kept and it is tried at the next start", {
        ...about,
        error,
      });
    }
  }
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
