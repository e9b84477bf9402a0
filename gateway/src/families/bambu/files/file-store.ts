// The printer's stored files for its command handlers: every way to the FTP server goes through here,
// one at a time. Not how they are transferred (ftp-*.ts) nor what is in them (project-reader.ts).

import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { FileInfo } from "basic-ftp";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { FileToSend, Media } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import type { StoredFile, Timelapse } from "../../../model/file-commands.ts";
import { folders, listedName, storablePath, storedPath } from "./file-names.ts";
import { download } from "./ftp-download.ts";
import { onLink, transfer } from "./ftp-errand.ts";
import { ftpTiming, type FtpAddress, type FtpLink, type FtpOptions, type FtpTiming } from "./ftp-link.ts";
import { ftpMemoryOf, type Errand } from "./ftp-memory.ts";
import { sizeOf, upload } from "./ftp-upload.ts";
import { ftpError, isReply } from "./ftp-words.ts";
import type { FileStore } from "../printer-link.ts";
import type { FileStamp } from "./project-cache.ts";
import { readProjectFile, type ProjectFile } from "./project-reader.ts";
import type { Project } from "./project.ts";
import type { PrinterTls } from "../trust/trust.ts";

/** A project is fetched whole to be looked into; a larger one is not worth the printer's time. */
const largestProjectBytes = 256 * 1024 * 1024;
/** Others wait for the fetching of a project up to this size, and are told of a larger one. */
const smallProjectBytes = 4 * 1024 * 1024;
/** How long a project's pictures are shown without asking the printer whether it is still the same file. */
const trustedMs = 300_000;

export interface FileStoreOptions {
  /** For the printer's file server. */
  readonly tls: PrinterTls;
  /** This printer's own folder, where a fetched project lies for a moment. */
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly timing?: Partial<FtpTiming>;
  /** For servers that are no printer. Default: the printer's only one. */
  readonly user?: string;
}

/**
 * The files of the printer at that address. What it learns of the printer, and its turn in the one
 * lane, are kept with the connection object: stores of the same printer share them.
 * Nothing is opened before it is asked for. Dispose ends what is under way and waits for it.
 */
export function createFileStore(connection: FtpAddress, options: FileStoreOptions): FileStore {
  return new FtpFileStore(connection, options);
}

class FtpFileStore implements FileStore {
  readonly #ftp: FtpOptions;
  readonly #dataFolder: string;
  readonly #closed = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  /** Projects that are being fetched, by name. They go on when who asked has left. */
  readonly #fetching = new Map<string, Promise<ProjectFile>>();

  constructor(connection: FtpAddress, { tls, dataFolder, clock, log, timing, user }: FileStoreOptions) {
    const memory = ftpMemoryOf(connection);
    this.#ftp = { connection, tls, memory, clock, log, timing: { ...ftpTiming, ...timing }, user };
    this.#dataFolder = dataFolder;
  }

  async list(signal: AbortSignal): Promise<readonly StoredFile[]> {
    return this.#errand({ words: "its files are being listed", long: false }, signal, async (limited) =>
      onLink(this.#ftp, { signal: limited, repeats: true }, async (link) => {
        const items: StoredFile[] = [];
        for (const folder of folders) {
          for (const entry of await entriesOf(link, `/${folder}`)) items.push(...this.#listed(folder, entry));
        }
        return items;
      }),
    );
  }

  #listed(folder: string, { name, size, isDirectory, modifiedAt }: FileInfo): StoredFile[] {
    const listed = isDirectory ? undefined : listedName(folder, name);
    if (listed === undefined) return [];
    const sizeBytes = Number.isNaN(size) ? null : size;
    const plates = this.#ftp.memory.projects.glance(listed, sizeBytes)?.project.plates ?? [];
    const [plate] = plates.length === 1 ? plates : [];
    return [
      {
        name: listed,
        sizeBytes,
        modifiedAt: modifiedAt?.toISOString() ?? null,
        ...(plate === undefined
          ? {}
          : { estimatedSeconds: plate.estimatedSeconds, filamentGrams: plate.filamentGrams }),
      },
    ];
  }

  async upload(name: string, file: FileToSend, signal: AbortSignal): Promise<void> {
    const path = storablePath(name);
    await this.#errand({ words: `${name} is being uploaded`, long: true }, signal, async (limited) => {
      this.#ftp.memory.projects.forget(name);
      await upload(this.#ftp, path, file, limited);
      await this.#remember(name, file, limited);
    });
  }

  /** What was sent need not be fetched to be looked into. */
  async #remember(name: string, file: FileToSend, signal: AbortSignal): Promise<void> {
    if (!isProject(name)) return;
    try {
      const project = await readProjectFile(file.path);
      const stamp = await onLink(this.#ftp, { signal, repeats: true }, async (link) => stampOf(link, name));
      if (stamp.sizeBytes === file.sizeBytes) this.#ftp.memory.projects.set(stamp, project, this.#now());
    } catch (error) {
      this.#ftp.log.debug("the uploaded project is not remembered", { file: name, error });
    }
  }

  async download(name: string, signal: AbortSignal): Promise<Media> {
    return this.#stream(storedPath(name), "application/octet-stream", signal);
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    const path = storedPath(name);
    await this.#errand({ words: `${name} is being deleted`, long: false }, signal, async (limited) => {
      await onLink(this.#ftp, { signal: limited, repeats: false }, async ({ client }) => client.remove(path));
    });
    this.#ftp.memory.projects.forget(name);
  }

  async size(name: string, signal: AbortSignal): Promise<number | null> {
    const path = storedPath(name);
    return this.#errand({ words: `${name} is being looked up`, long: false }, signal, async (limited) =>
      onLink(this.#ftp, { signal: limited, repeats: true }, async (link) => sizeOf(link, path)),
    );
  }

  async project(name: string, signal: AbortSignal): Promise<Project> {
    return (await this.#projectFile(name, signal)).project;
  }

  async thumbnail(name: string, plateNumber: number | undefined, signal: AbortSignal): Promise<Media> {
    const { project, pictures } =
      this.#ftp.memory.projects.recent(name, this.#now() - trustedMs) ?? (await this.#projectFile(name, signal));
    const number = plateNumber ?? project.plates[0]?.number;
    const picture = number === undefined ? undefined : pictures.get(number);
    if (picture === undefined) {
      const which = plateNumber === undefined ? "" : ` of plate ${plateNumber}`;
      throw new PrinterError("not_found", `${name} carries no picture${which}`);
    }
    return { mediaType: "image/png", sizeBytes: picture.length, content: whole(picture) };
  }

  async timelapses(signal: AbortSignal): Promise<readonly Timelapse[]> {
    const entries = await this.#errand({ words: "its time-lapses are being listed", long: false }, signal, async (s) =>
      onLink(this.#ftp, { signal: s, repeats: true }, async (link) => entriesOf(link, "/timelapse/")),
    );
    return entries
      .filter(({ name, isDirectory }) => !isDirectory && mediaTypeOf(name) !== undefined)
      .map(({ name, modifiedAt }) => ({
        id: name,
        file: null,
        status: "ready",
        recordedAt: modifiedAt?.toISOString() ?? null,
      }));
  }

  async timelapse(id: string, signal: AbortSignal): Promise<Media> {
    const mediaType = mediaTypeOf(id);
    if (mediaType === undefined || /[/\\]|\p{Cc}/u.test(id)) {
      throw new PrinterError("not_found", "there is no such time-lapse; take an id of list-timelapses");
    }
    return this.#stream(`/timelapse/${id}`, mediaType, signal);
  }

  async #stream(path: string, mediaType: string, signal: AbortSignal): Promise<Media> {
    const begun = Promise.withResolvers<Media>();
    const errand = { words: `${basename(path)} is being downloaded`, long: true };
    this.#errand(errand, signal, async (limited) => {
      const { over, ...flow } = await download(this.#ftp, path, {
        signal: limited,
        drained: () => (errand.long = false),
      });
      begun.resolve({ mediaType, ...flow });
      await over;
    }).catch(begun.reject);
    return begun.promise;
  }

  async #projectFile(name: string, signal: AbortSignal): Promise<ProjectFile> {
    storedPath(name);
    if (!isProject(name)) throw new PrinterError("file_type", "only .3mf files tell what is in them");
    const running = this.#fetching.get(name);
    const fetching = running ?? this.#fetchProject(name).finally(() => this.#fetching.delete(name));
    if (running === undefined) this.#fetching.set(name, fetching);
    fetching.catch(() => undefined);
    return orAborted(fetching, signal);
  }

  async #fetchProject(name: string): Promise<ProjectFile> {
    const errand = { words: `${name} is being looked into`, long: false };
    return this.#errand(errand, this.#closed.signal, async (limited) =>
      onLink(this.#ftp, { signal: limited, repeats: true }, async (link) => {
        const stamp = await stampOf(link, name);
        const known = this.#ftp.memory.projects.get(stamp, this.#now());
        if (known !== undefined) return known;
        errand.long = stamp.sizeBytes > smallProjectBytes;
        const project = await this.#readStored(link, stamp);
        this.#ftp.memory.projects.set(stamp, project, this.#now());
        return project;
      }),
    );
  }

  /** Fetches it to a file that is gone afterwards. */
  async #readStored(link: FtpLink, { name, sizeBytes }: FileStamp): Promise<ProjectFile> {
    if (sizeBytes > largestProjectBytes)
      throw new PrinterError("file_too_large", "the project is too large to look into");
    await mkdir(this.#dataFolder, { recursive: true });
    const path = join(this.#dataFolder, `${randomUUID()}.spool`);
    try {
      await transfer(link, { sizeBytes, clock: this.#ftp.clock }, async () =>
        link.client.downloadTo(path, storedPath(name)),
      );
      return await readProjectFile(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Waits for its turn, runs, and names what went wrong. */
  async #errand<T>(errand: Errand, asked: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.any([asked, this.#closed.signal]);
    const work = (async () => {
      using _turn = await this.#ftp.memory.lane.enter(errand, this.#ftp.clock, signal);
      return await run(signal);
    })();
    this.#underWay.add(work);
    try {
      return await work;
    } catch (error) {
      asked.throwIfAborted();
      throw ftpError(error);
    } finally {
      this.#underWay.delete(work);
    }
  }

  #now(): number {
    return this.#ftp.clock.monotonic();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new PrinterError("unreachable", "the session with the printer has ended"));
    await Promise.allSettled(this.#underWay);
  }
}

/** What is in a folder; nothing when there is none. */
async function entriesOf(link: FtpLink, folder: string): Promise<FileInfo[]> {
  try {
    await link.client.cd(folder);
  } catch (error) {
    if (isReply(error, 550)) return [];
    throw error;
  }
  return link.transfer(async () => link.client.list());
}

/** @throws PrinterError `not_found` */
async function stampOf(link: FtpLink, name: string): Promise<FileStamp> {
  const path = storedPath(name);
  const sizeBytes = await sizeOf(link, path);
  if (sizeBytes === null) throw new PrinterError("not_found", `there is no ${name} on the printer`);
  // Not every firmware knows it.
  const { code, message } = await link.client.sendIgnoringError(`MDTM ${path}`);
  return { name, sizeBytes, modified: code === 213 ? message : null };
}

function isProject(name: string): boolean {
  return name.toLowerCase().endsWith(".3mf");
}

function mediaTypeOf(name: string): string | undefined {
  const lower = name.toLowerCase();
  return lower.endsWith(".mp4") ? "video/mp4" : lower.endsWith(".avi") ? "video/x-msvideo" : undefined;
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Waits no longer than the signal lets; what is waited for goes on. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const gone = Promise.withResolvers<never>();
  const leave = (): void => gone.reject(signal.reason);
  signal.addEventListener("abort", leave);
  try {
    return await Promise.race([work, gone.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
