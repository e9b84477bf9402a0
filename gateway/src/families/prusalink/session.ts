// One session with one PrusaLink: who it is, then its status every few seconds. There is nothing to
// subscribe to. It never reconnects.

import type { Log } from "@gantry/platform/log";
import type { CommandHandlers } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { unknownReadings, type Readings, type Storage } from "../../model/printer.ts";
import type { ConnectOptions, Session } from "../family.ts";
import { SessionLife } from "../session-life.ts";
import { fields, list, number, text, type Fields } from "./answers.ts";
import { capabilitiesFor } from "./capabilities.ts";
import type { Connection } from "./connection.ts";
import { isPi, readIdentity, readStatus, readStorages } from "./state.ts";
import { Transport } from "./transport.ts";

/** Buddy boards do not take more. */
const pollActiveMs = 2000;
const pollIdleMs = 3000;
const storagesEveryMs = 60_000;
/** A board that is busy leaves a request or two unanswered. */
const missesAllowed = 2;

export class PrusaLinkSession implements Session {
  readonly handlers: CommandHandlers;
  readonly ended: Promise<PrinterError>;
  readonly transport: Transport;
  readonly #options: ConnectOptions<Connection>;
  readonly #life: SessionLife;
  #readings: Readings = unknownReadings;
  #job: Fields = {};
  #storages: readonly Storage[] = [];
  #storagesMs = Number.NEGATIVE_INFINITY;
  #isPi = false;

  constructor(options: ConnectOptions<Connection>, createHandlers: (session: PrusaLinkSession) => CommandHandlers) {
    this.#options = options;
    this.#life = new SessionLife(options.signal);
    this.transport = new Transport(options.connection);
    this.ended = this.#life.ended;
    this.handlers = createHandlers(this);
  }

  get log(): Log {
    return this.#options.log;
  }

  get readings(): Readings {
    return this.#readings;
  }

  /** The first is where files go. */
  get storages(): readonly Storage[] {
    return this.#storages;
  }

  /** True for the service on a Raspberry Pi. */
  get isPi(): boolean {
    return this.#isPi;
  }

  async begin(): Promise<void> {
    const version = await this.#version();
    const info = fields(await this.#optional("/api/v1/info"));
    this.#isPi = isPi(version);
    const cameras = this.#isPi ? list(fields(await this.#optional("/api/v1/cameras"))["camera_list"]) : [];
    const hasCamera = cameras.some((camera) => camera["connected"] === true);
    await this.refresh(this.#life.signal);
    this.#options.identify(readIdentity(version, info), capabilitiesFor(this.#isPi, hasCamera));
    this.#life.run(async () => this.#poll());
  }

  /** Asks for the status, and for the job when it is another; reports both. */
  async refresh(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#life.signal]);
    await this.#refreshStorages(either);
    const status = fields(await this.transport.json("/api/v1/status", either));
    const id = number(fields(status["job"])["id"]);
    if (id === null) this.#job = {};
    else if (number(this.#job["id"]) !== id) this.#job = fields(await this.transport.json("/api/v1/job", either));
    this.#readings = readStatus(status, this.#job, this.#storages);
    this.#options.report(this.#readings);
  }

  /** Waits; ends with the session. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#options.clock.wait(ms, AbortSignal.any([signal, this.#life.signal]));
  }

  /** The next `refresh` asks how full the storages are. */
  storagesChanged(): void {
    this.#storagesMs = Number.NEGATIVE_INFINITY;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.end(new PrinterError("aborted", "the session was ended"));
    await this.#life.settled();
  }

  async #version(): Promise<Fields> {
    const version = fields(await this.transport.json("/api/version", this.#life.signal));
    const words = text(version["text"]) ?? "";
    if (words.startsWith("PrusaLink") || text(version["api"])?.startsWith("2.") === true) return version;
    const other = words === "" ? "something else answers here" : `"${words.slice(0, 60)}" answers here`;
    throw new PrinterError("unreachable", `${other}: is this PrusaLink? check \`connection.url\` and \`family\``);
  }

  async #refreshStorages(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    if (clock.monotonic() - this.#storagesMs < storagesEveryMs) return;
    const answer = fields(await this.transport.json("/api/v1/storage", signal));
    this.#storages = readStorages(answer["storage_list"]);
    this.#storagesMs = clock.monotonic();
  }

  async #poll(): Promise<never> {
    let misses = 0;
    while (true) {
      await this.#options.clock.wait(this.#readings.job === null ? pollIdleMs : pollActiveMs, this.#life.signal);
      try {
        await this.refresh(this.#life.signal);
        misses = 0;
      } catch (error) {
        this.#life.signal.throwIfAborted();
        misses += 1;
        const { code } = PrinterError.from(error);
        if ((code !== "unreachable" && code !== "timeout") || misses > missesAllowed) throw error;
        this.#options.log.debug("no status", { error });
      }
    }
  }

  /** The answer, or null where this PrusaLink has no such thing. */
  async #optional(path: string): Promise<unknown> {
    try {
      return await this.transport.json(path, this.#life.signal);
    } catch (error) {
      const { code } = PrinterError.from(error);
      if (code === "not_found" || code === "printer_refused") return null;
      throw error;
    }
  }
}
