// One session with one printer: version and full report first, then what it reports, and the one way
// to ask it something. It never reconnects. Facts: the family's README.

import type { MqttSession } from "@gantry/platform/mqtt-session";
import type { CommandHandlers } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import type { CommandAccess, Readings } from "../../model/printer.ts";
import type { ConnectOptions, Session } from "../family.ts";
import { SessionLife } from "../session-life.ts";
import { createAuthorization } from "./signing/authorization.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { decodePayload, encodePayload, topicsOf, type Message, type Topics } from "./codec.ts";
import { createCommands } from "./commands/commands.ts";
import { unavailableCommands } from "./commands/commands-available.ts";
import { fields, number } from "./report-fields.ts";
import { cloudHandlers, type CloudPrinter } from "./cloud/handlers.ts";
import { onlyReading, withoutCommands } from "./cloud/only-reading.ts";
import { isOnLan, type Connection } from "./connection.ts";
import { afterOrder, afterReport, fits, type Memory } from "./memory.ts";
import { isFull, merge } from "./merge.ts";
import { detectModel, type Model } from "./models.ts";
import type {
  Authorization,
  Body,
  FileStore,
  MessageType,
  PrinterLink,
  Reply,
  Report,
  RequestOptions,
} from "./printer-link.ts";
import { Requests } from "./requests.ts";
import type { Signer } from "./signing/signing.ts";
import { readState } from "./state/state.ts";
import { firmwareOf, isComplete, readModules, type ModuleInfo } from "./versions.ts";
import { watchReports } from "./watch.ts";
import { XcamHold } from "./xcam-hold.ts";

const requestMs = 10_000;
const subscribeMs = 10_000;
/** Just after it was switched on, the printer has no versions yet. */
const versionTries = 10;
const versionMs = 2000;
/** A printer that has said nothing by then has another serial number, or does not report. */
const firstReportMs = 60_000;
/** In between it is asked once more: some firmware only reports after that. */
const nudgeMs = 20_000;
const silentRetryMs = 60_000;
/** Log what does not decode at most once in this time. */
const protocolLogEveryMs = 60_000;

export interface SessionOptions extends ConnectOptions<Connection> {
  readonly memory: Memory;
  readonly files: FileStore;
  /** Null without the operator's key. */
  readonly signer: Signer | null;
  /** Null where the vendor's cloud is not configured. */
  readonly cloud: CloudPrinter | null;
  /** The link carries no commands: it is the cloud's. */
  readonly onlyReads: boolean;
  /** Run as long as the session does; what one throws ends it. */
  readonly tasks: readonly ((signal: AbortSignal) => Promise<void>)[];
}

export class BambuSession implements Session, PrinterLink {
  handlers: CommandHandlers = {};
  readonly ended: Promise<PrinterError>;
  readonly serial: string;
  readonly #options: SessionOptions;
  readonly #transport: MqttSession;
  readonly #topics: Topics;
  readonly #authorization: Authorization;
  readonly #requests: Requests;
  readonly #xcam = new XcamHold();
  readonly #life: SessionLife;
  readonly #watchers = new Set<() => void>();
  #model: Model;
  #modules: readonly ModuleInfo[] = [];
  #report: Report | undefined;
  #readings: Readings | undefined;
  #told = false;
  #handledFor = "";
  /** What was told of the machine last, to tell it again only when it is otherwise. */
  #identity = "";
  #reportedMs: number;
  #heardMs: number | undefined;
  #undecodable = 0;
  #protocolLoggedMs = Number.NEGATIVE_INFINITY;

  constructor(options: SessionOptions, transport: MqttSession) {
    const { clock, connection, memory, signer } = options;
    this.#options = options;
    this.#transport = transport;
    this.serial = connection.serial;
    this.#topics = topicsOf(connection.serial);
    this.#model = detectModel({ modules: [], serial: connection.serial, configured: connection.model });
    this.#requests = new Requests(clock);
    const authorization = createAuthorization({
      signer,
      firmware: () => this.firmware,
      memory: memory.authorization,
    });
    this.#authorization = options.onlyReads ? withoutCommands(authorization) : authorization;
    this.#life = new SessionLife(options.signal, () => this.#requests.end());
    this.#reportedMs = clock.monotonic();
    this.ended = this.#life.ended;
  }

  get model(): Model {
    return this.#model;
  }

  get firmware(): string | null {
    return firmwareOf(this.#modules);
  }

  get access(): CommandAccess {
    return this.#authorization.access;
  }

  /** Subscribe, ask for versions and the whole status; nothing is told before both came. */
  async begin(): Promise<void> {
    this.#life.run(async () => this.#receive());
    await this.#within(subscribeMs, "the printer's broker does not answer", async () =>
      this.#transport.subscribe([this.#topics.report], 0),
    );
    const versions = this.#askVersions();
    versions.catch(() => undefined); // told below, unless the report fails first
    this.#publishPushAll();
    await this.#firstReport();
    await versions;
    this.#told = true;
    this.#tell();
    this.#life.run(async () => this.#watch());
    for (const task of this.#options.tasks) this.#life.run(async () => task(this.#life.signal));
  }

  report(): Report {
    return this.#report ?? {};
  }

  readings(): Readings {
    this.#readings ??= readState({
      report: this.report(),
      model: this.#model,
      firmware: this.firmware,
      modules: this.#modules,
      job: this.#options.memory.job,
      access: this.access,
      nowMs: this.#options.clock.now(),
    });
    return this.#readings;
  }

  get orderedPlate(): number | null {
    const { order } = this.#options.memory.job;
    return order !== null && fits(order, this.report()) ? order.plate : null;
  }

  reportAgeMs(): number {
    return this.#options.clock.monotonic() - this.#reportedMs;
  }

  async request(type: MessageType, command: string, body: Body, options: RequestOptions): Promise<Reply | undefined> {
    options.signal.throwIfAborted();
    if (this.#life.signal.aborted) throw new PrinterError("unreachable", "the printer is reconnecting");
    const id = this.#requests.number();
    const message = this.#authorization.envelope(type, { sequence_id: id, command, ...body });
    const isSent = this.#transport.publish(this.#topics.request, encodePayload(message), type === "pushing" ? 0 : 1);
    if (!isSent) throw new PrinterError("unreachable", "the printer closed the connection; nothing was sent");
    const { signal, timeoutMs = requestMs } = options;
    const reply = await this.#requests.reply(type, command, id, { signal, timeoutMs });
    this.#authorization.sawReply(type, command, reply);
    this.#xcam.accepted(type, body, reply, this.#options.clock.monotonic());
    this.#changed();
    return reply;
  }

  async until(
    seen: (report: Report) => boolean,
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<boolean> {
    signal.throwIfAborted();
    if (seen(this.report())) return true;
    const over = new AbortController();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const look = (): void => {
      if (seen(this.report())) resolve(true);
    };
    this.#watchers.add(look);
    this.#options.clock.wait(timeoutMs, AbortSignal.any([signal, this.#life.signal, over.signal])).then(
      () => resolve(false),
      () => resolve(false),
    );
    try {
      const isSeen = await promise;
      signal.throwIfAborted();
      return isSeen;
    } finally {
      over.abort();
      this.#watchers.delete(look);
    }
  }

  pushAll(): boolean {
    const lastMs = this.#options.memory.fullReportsMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (this.#options.clock.monotonic() - lastMs < this.#model.pushAllMs) return false;
    return this.#publishPushAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.end(new PrinterError("aborted", "the session was ended"));
    await this.#options.files[Symbol.asyncDispose]();
    await this.#transport.close();
    await this.#life.settled();
  }

  #createHandlers(): CommandHandlers {
    const { clock, log, files, signer, connection, cloud } = this.#options;
    const commands = createCommands(this, files, {
      clock,
      log,
      authorization: this.#authorization,
      signer,
      ...(connection.job_url === undefined ? {} : { jobUrl: connection.job_url }),
    });
    return cloud === null ? commands : { ...commands, ...cloudHandlers(cloud) };
  }

  #publishPushAll(): boolean {
    const { memory, clock } = this.#options;
    const isSent = this.#pushing("pushall", { version: 1, push_target: 1 });
    if (isSent) memory.fullReportsMs = [...memory.fullReportsMs, clock.monotonic()].slice(-10);
    return isSent;
  }

  /** These are answered by reports, not by replies. */
  #pushing(command: string, body: Body = {}): boolean {
    const message = { pushing: { sequence_id: this.#requests.number(), command, ...body } };
    return this.#transport.publish(this.#topics.request, encodePayload(message), 0);
  }

  async #firstReport(): Promise<void> {
    const isThere = (): boolean => this.#report !== undefined;
    const wait = async (timeoutMs: number): Promise<boolean> =>
      this.until(isThere, { signal: this.#life.signal, timeoutMs });
    if (await wait(nudgeMs)) return;
    // Deltas alone mean that the full report was lost: it is not asked for twice.
    this.#pushing("start");
    if (await wait(firstReportMs - nudgeMs)) return;
    const words =
      this.#heardMs === undefined
        ? "the printer takes the access code and reports nothing: is `serial` right? Capitals count"
        : "the printer does not send its full status; it may be busy";
    throw new PrinterError("timeout", words, { retryAfterMs: silentRetryMs });
  }

  async #askVersions(): Promise<void> {
    for (let tries = 0; tries < versionTries; tries += 1) {
      const options = { signal: this.#life.signal, timeoutMs: versionMs };
      const reply = await this.request("info", "get_version", {}, options);
      if (reply !== undefined) this.#takeModules(readModules(reply.body));
      if (isComplete(this.#modules)) return;
      if (reply !== undefined) await this.#options.clock.wait(versionMs, this.#life.signal);
    }
    this.#options.log.warn("the printer does not tell its versions");
  }

  #takeModules(modules: readonly ModuleInfo[]): void {
    if (modules.length === 0) return;
    const { serial, model: configured } = this.#options.connection;
    this.#modules = modules;
    this.#model = detectModel({ modules, serial, configured });
    this.#changed();
  }

  async #watch(): Promise<never> {
    return watchReports({
      clock: this.#options.clock,
      signal: this.#life.signal,
      reportAgeMs: () => this.reportAgeMs(),
      restartReports: () => void this.#pushing("start"),
    });
  }

  async #within(ms: number, words: string, task: () => Promise<void>): Promise<void> {
    const over = new AbortController();
    const limit = this.#options.clock.wait(ms, AbortSignal.any([this.#life.signal, over.signal])).then(() => {
      throw new PrinterError("timeout", words);
    });
    limit.catch(() => undefined); // it was in time
    try {
      await Promise.race([task(), limit]);
    } finally {
      over.abort();
    }
  }

  async #receive(): Promise<void> {
    for await (const { payload } of this.#transport.inbound) {
      for (const message of this.#decode(payload)) this.#take(message);
    }
    throw new PrinterError("unreachable", "the printer closed the connection");
  }

  #decode(payload: Uint8Array): readonly Message[] {
    const nowMs = this.#options.clock.monotonic();
    this.#heardMs = nowMs;
    try {
      return decodePayload(payload);
    } catch (error) {
      this.#undecodable += 1;
      if (nowMs - this.#protocolLoggedMs >= protocolLogEveryMs) {
        this.#protocolLoggedMs = nowMs;
        this.#options.log.warn("the printer sent what does not decode", { error, count: this.#undecodable });
      }
      return [];
    }
  }

  #take(message: Message): void {
    const { type, command, body } = message;
    if (type === "print" && command === "push_status") return this.#takeReport(body);
    this.#requests.take(message);
    if (type !== "print" || command !== "project_file") return;
    // Told once, whoever started the job.
    const { memory } = this.#options;
    memory.job = afterOrder(memory.job, body);
    this.#changed();
  }

  #takeReport(body: Body): void {
    const { clock, memory } = this.#options;
    const nowMs = clock.monotonic();
    this.#heardMs = nowMs;
    // What only changed says nothing of what it was before.
    if (this.#report === undefined && !isFull(body)) return;
    this.#reportedMs = nowMs;
    const before = this.#report;
    this.#report = merge(before ?? {}, this.#xcam.without(body, nowMs));
    this.#authorization.sawReport(this.#report);
    const wasActive = memory.job.isActive === true;
    memory.job = afterReport(memory.job, this.#report, clock.now());
    this.#readings = undefined;
    if (before !== undefined) this.#followUp(before, wasActive);
    for (const look of this.#watchers) look();
    this.#tell();
  }

  /** What a report gives cause to ask. */
  #followUp(before: Report, wasActive: boolean): void {
    if (!wasActive && this.#options.memory.job.isActive === true) this.pushAll();
    const versions = [before, this.report()].map((report) => number(fields(report["online"])["version"]));
    if (this.#told && versions[0] !== null && versions[0] !== versions[1])
      this.#life.run(async () => this.#askVersions());
  }

  #changed(): void {
    this.#readings = undefined;
    this.#tell();
  }

  #tell(): void {
    if (!this.#told || this.#report === undefined) return;
    this.#describe();
    this.#options.report(this.readings());
  }

  /** Says what the machine is, has and refuses, when that is otherwise than before. */
  #describe(): void {
    const { signer, identify, cloud, onlyReads, connection } = this.#options;
    const { model, firmware, access } = this;
    const has = capabilitiesOf({
      model,
      firmware,
      report: this.report(),
      hasSigner: signer !== null,
      hasCloud: cloud !== null,
      isOnLan: isOnLan(connection),
    });
    // Which handlers there are depends on what is attached.
    if (this.#handledFor !== [...has].join()) {
      this.#handledFor = [...has].join();
      this.handlers = this.#createHandlers();
    }
    const { handlers } = this;
    const canEncrypt = signer !== null && signer.gcodeBytes !== null;
    const unavailable = onlyReads
      ? onlyReading()
      : unavailableCommands({ model, firmware, access, canEncrypt, handlers });
    const identity = JSON.stringify([model.name, firmware, [...has].toSorted(), [...unavailable]]);
    if (identity === this.#identity) return;
    this.#identity = identity;
    identify({ model: model.productNames[0] ?? model.name, firmware, serial: this.serial }, has, unavailable);
  }
}
