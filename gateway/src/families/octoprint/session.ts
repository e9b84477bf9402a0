// One session with one OctoPrint: it reads the state from the push socket while that lives, and by
// REST while it does not; commands go by REST. It never reconnects to the server; the socket alone is
// opened again within a session. Numbers: docs/families/octoprint.md.

import { Backoff } from "@gantry/platform/backoff";
import type { CommandHandlers } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import type { Storage } from "../../model/printer.ts";
import type { ConnectOptions, Session } from "../family.ts";
import { SessionLife } from "../session-life.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { fields, readStatus, text, type Fields, type PushMessage, type Report } from "./codec.ts";
import type { Connection } from "./connection.ts";
import { readMachine, unknownMachine, type Machine } from "./machine.ts";
import { Rest } from "./rest.ts";
import { erred, failed, notConnected, readingsOf, reduce, type Known } from "./state.ts";
import { readStorages } from "./storages.ts";
import { pushMessages } from "./subscription.ts";
import { webcamOf } from "./webcam.ts";

/** The socket tells every change; REST only keeps it honest. */
const pollBesidePushMs = 30_000;
const pollAloneMs = 2000;
const pushStaleMs = 5000;
const faqUrl = "https://faq.octoprint.org/";
const pushRetry = { firstMs: 1000, maxMs: 30_000 };

export type Told = { readonly outcome: "acknowledged" } | { readonly outcome: "unconfirmed" };
const acknowledged = { outcome: "acknowledged" } as const;

/** Events after which the machine's profile or the webcam's settings may read differently. */
const settingsEvents: ReadonlySet<string> = new Set(["Connected", "PrinterProfileModified", "SettingsUpdated"]);

export class OctoPrintSession implements Session {
  readonly handlers: CommandHandlers;
  readonly ended: Promise<PrinterError>;
  readonly rest: Rest;
  readonly #options: ConnectOptions<Connection>;
  readonly #life: SessionLife;
  #version = "";
  #machine: Machine = unknownMachine;
  #storages: readonly Storage[] = [];
  #known: Known | undefined;
  #pushedMs = Number.NEGATIVE_INFINITY;
  /** How many reports came; a REST answer that was overtaken by a push is dropped. */
  #reports = 0;
  #wake = new AbortController();

  constructor(options: ConnectOptions<Connection>, createHandlers: (session: OctoPrintSession) => CommandHandlers) {
    this.#options = options;
    this.#life = new SessionLife(options.signal);
    this.rest = new Rest(options.connection, options.clock);
    this.ended = this.#life.ended;
    this.handlers = createHandlers(this);
  }

  get machine(): Machine {
    return this.#machine;
  }

  get storages(): readonly Storage[] {
    return this.#storages;
  }

  /** Whether OctoPrint has a connection to its machine. */
  get hasMachine(): boolean {
    return this.#known !== undefined && this.#known.report.flags !== null;
  }

  async begin(): Promise<void> {
    const signal = this.#life.signal;
    const version = await this.rest.get("/api/version", { signal }).catch((error: unknown) => {
      throw isCode(error, "not_found") ? notOctoPrint("something else") : error;
    });
    this.#version = checkedVersion(version);
    await this.#identify();
    await this.#readStorages();
    await this.refresh(signal);
    this.#life.run(async () => this.#poll());
    this.#life.run(async () => this.#listen());
  }

  /** Asks for the status now. @throws PrinterError */
  async refresh(signal: AbortSignal): Promise<void> {
    const before = this.#reports;
    const options = { signal: AbortSignal.any([signal, this.#life.signal]) };
    const job = await this.rest.get("/api/job", options);
    const printer = await this.rest.get("/api/printer?exclude=sd", options).catch((error: unknown) => {
      if (isCode(error, "wrong_phase")) return null; // 409: OctoPrint has no machine
      throw error;
    });
    if (this.#reports === before) this.#take(readStatus(job, printer));
  }

  /**
   * Has OctoPrint do something that changes the machine. Silence says nothing about what the machine
   * did: it is never repeated and told as it is.
   * @throws PrinterError `wrong_phase`, `printer_refused` and others as `Rest` says
   */
  async tell(path: string, body: Fields, signal: AbortSignal): Promise<Told> {
    try {
      await this.rest.post(path, body, { signal: AbortSignal.any([signal, this.#life.signal]) });
    } catch (error) {
      const known = PrinterError.from(error);
      if (known.code === "timeout" && !signal.aborted) return { outcome: "unconfirmed" };
      // OctoPrint says "already printing" where it has no machine.
      if (known.code !== "wrong_phase" || this.hasMachine) throw known;
      throw new PrinterError("wrong_phase", `${notConnected}; connect it first`, { cause: known });
    }
    if (!this.#pushLives) this.#wake.abort(); // nothing else tells what came of it
    return acknowledged;
  }

  /** @throws PrinterError `wrong_phase` */
  refuseWhileActive(): void {
    const phase = this.#known?.phase;
    if (phase === undefined || ["idle", "finished", "stopped", "failed", "unknown"].includes(phase)) return;
    throw new PrinterError("wrong_phase", `not possible while the printer is ${phase}: connecting anew would reset it`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.end(new PrinterError("aborted", "the session was ended"));
    await this.#life.settled();
  }

  #take(report: Report): void {
    this.#reports += 1;
    this.#show(reduce(this.#known, report));
  }

  #show(known: Known): void {
    this.#known = known;
    this.#options.report(readingsOf(known, this.#machine, this.#storages));
  }

  /** Who it is and what it has, by profile and settings, as far as the key may read them. */
  async #identify(): Promise<void> {
    const { connection, identify } = this.#options;
    const status = await this.rest.get("/api/connection", { signal: this.#life.signal });
    const profiles = fields((await this.#readable("/api/printerprofiles"))["profiles"]);
    const current = text(fields(status["current"])["printerProfile"]);
    const profile = fields(
      profiles[current ?? text(fields(status["options"])["printerProfilePreference"]) ?? "_default"],
    );
    this.#machine = Object.keys(profile).length === 0 ? unknownMachine : readMachine(profile);
    const webcam = webcamOf(await this.#readable("/api/settings"), connection.url);
    const identity = { model: this.#machine.model ?? "OctoPrint", firmware: this.#version, serial: null };
    identify(identity, capabilitiesOf(this.#machine, webcam !== null));
  }

  /** A document, or an empty one where the key's user may not read it. */
  async #readable(path: string): Promise<Fields> {
    try {
      return await this.rest.get(path, { signal: this.#life.signal });
    } catch (error) {
      if (!isCode(error, "printer_auth")) throw error;
      this.#options.log.info("the API key may not read this; going on without", { path });
      return {};
    }
  }

  async #readStorages(): Promise<void> {
    try {
      this.#storages = await readStorages(this.rest, this.#life.signal);
    } catch (error) {
      if (!isCode(error, "printer_auth")) throw error;
    }
  }

  /** Often while no push comes, however open its socket is; seldom beside it, to keep it honest. */
  async #poll(): Promise<void> {
    const { clock } = this.#options;
    let askedMs = clock.monotonic();
    while (true) {
      this.#wake = new AbortController();
      const wake = this.#wake.signal;
      await clock.wait(pollAloneMs, AbortSignal.any([this.#life.signal, wake])).catch((error: unknown) => {
        if (!wake.aborted || this.#life.signal.aborted) throw error;
      });
      if (!wake.aborted && this.#pushLives && clock.monotonic() - askedMs < pollBesidePushMs) continue;
      await this.refresh(this.#life.signal);
      askedMs = clock.monotonic();
    }
  }

  /** OctoPrint pushes every second while it has a machine. */
  get #pushLives(): boolean {
    return this.#options.clock.monotonic() - this.#pushedMs < pushStaleMs;
  }

  /** Keeps a push socket open. What ends one is no end of the session: REST tells whether the server is there. */
  async #listen(): Promise<void> {
    const { connection, clock, log } = this.#options;
    const backoff = new Backoff(pushRetry);
    const about = { rest: this.rest, url: connection.url, clock, log, signal: this.#life.signal };
    while (true) {
      let waitMs = 0;
      try {
        for await (const message of pushMessages(about)) {
          if (message.kind === "report") backoff.reset();
          this.#takePush(message);
        }
      } catch (error) {
        this.#life.signal.throwIfAborted();
        const { message, retryAfterMs } = PrinterError.from(error);
        waitMs = backoff.next(retryAfterMs);
        log.info("no push socket; asking by REST", { reason: message, retryMs: Math.round(waitMs) });
      }
      this.#pushedMs = Number.NEGATIVE_INFINITY;
      if (this.#known !== undefined) this.#known = { ...this.#known, z: null };
      this.#wake.abort();
      await clock.wait(waitMs, this.#life.signal);
    }
  }

  #takePush(message: PushMessage): void {
    switch (message.kind) {
      case "report":
        this.#pushedMs = this.#options.clock.monotonic();
        return this.#take(message.report);
      case "event":
        return this.#takeEvent(message.type, message.payload);
      case "reauth":
      case "connected":
      case "other":
        return undefined;
    }
  }

  #takeEvent(type: string, payload: Fields): void {
    const error = type === "Error" ? text(payload["error"]) : null;
    if (error !== null && this.#known !== undefined) {
      const topic = text(payload["faq"]);
      this.#show(erred(this.#known, { text: error, help: topic === null ? null : `${faqUrl}${topic}` }));
    }
    if (type === "PrintFailed" && payload["reason"] === "error" && this.#known !== undefined) {
      this.#show(failed(this.#known));
    }
    if (type === "UpdatedFiles") this.#life.run(async () => this.#readStorages());
    if (settingsEvents.has(type)) this.#life.run(async () => this.#identify());
  }
}

/** Moonraker and PrusaLink answer the same address for OctoPrint's slicers, with another text. */
function checkedVersion(document: Fields): string {
  const words = text(document["text"]) ?? "";
  if (/^OctoPrint \d/u.test(words)) return words;
  throw notOctoPrint(words === "" ? "something else" : words);
}

function notOctoPrint(what: string): PrinterError {
  return new PrinterError("printer_refused", `the address answers as ${what}, not as OctoPrint; is the family right?`);
}

function isCode(error: unknown, code: PrinterError["code"]): boolean {
  return error instanceof PrinterError && error.code === code;
}
