// One session with one Centauri Carbon: handshake, polling, what is known of the printer, and the
// commands. It never reconnects. The rules and their numbers are those of ./README.md.

import type { Clock } from "@gantry/platform/clock";
import { Emitter } from "@gantry/platform/emitter";
import type { Log } from "@gantry/platform/log";
import type { CommandHandlers } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { unknownReadings, type Fault, type Readings } from "../../model/printer.ts";
import type { ConnectOptions, Session } from "../family.ts";
import { SessionLife } from "../session-life.ts";
import { mayHaveCanvas, readCanvas, type Canvas } from "./canvas.ts";
import { capabilitiesOf, unavailableCommands } from "./capabilities.ts";
import type { Fields, Message } from "./codec.ts";
import type { Connection } from "./connection.ts";
import { discover } from "./discovery.ts";
import { readFirmware, unknownFirmware, type Firmware } from "./firmware.ts";
import { readTasks } from "./history-requests.ts";
import { JobWatch } from "./job-watch.ts";
import { Link } from "./link.ts";
import { isKnownTo, type RequestName, type RequestPayload } from "./request-table.ts";
import type { Answer } from "./requests.ts";
import { hasJob, readConnections, readIdentity, readStatus, readStorages } from "./state.ts";
import type { Task } from "./tasks.ts";
import type { Transport } from "./transport.ts";

/** Wished period of status pushes; some firmware ignores it, hence the polling. */
const pushEveryMs = 5000;
/** Ask for the status when none came for this long. */
const pollActiveMs = 3000;
const pollIdleMs = 5000;
const handshakeMs = 15_000;
/** Free storage and camera viewers; and whether an interrupted job still waits. */
const attributesEveryMs = 60_000;
/** The firmware is not asked for its Canvas more often. */
const canvasEveryMs = 10_000;
/** How long the phase may be held back for the history's explanation: tries of so long each. */
const explanation = { tries: 3, everyMs: 1000, answerMs: 2000 } as const;

const interruptedJob: Fault = {
  code: "134",
  severity: "info",
  text: "a job that was interrupted can be resumed or dismissed at the printer's screen",
  help: null,
};

const anyone = (): boolean => true;

export class CentauriSession implements Session {
  readonly handlers: CommandHandlers;
  readonly ended: Promise<PrinterError>;
  /** Where the printer answers; its address when it was found by discovery. */
  readonly host: string;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Files that the printer refused after it had taken them: 1 the MD5, 2 the format. */
  readonly fileErrors: Emitter<number | null>;
  readonly #options: ConnectOptions<Connection>;
  readonly #transport: Transport;
  readonly #link: Link;
  readonly #life: SessionLife;
  readonly #statuses: Emitter<Fields>;
  readonly #jobs: JobWatch;
  #mainboardId: string;
  #firmware: Firmware = unknownFirmware;
  #status: Fields | undefined;
  #attributes: Fields = {};
  /** Whether a job was going on when the printer's identity was last told. */
  #inJob = false;
  #canvas: Canvas | null = null;
  #interrupted = false;
  #transfer: string | null = null;
  #readings: Readings = unknownReadings;
  #statusMs: number;

  constructor(
    options: ConnectOptions<Connection>,
    transport: Transport,
    host: string,
    createHandlers: (session: CentauriSession) => CommandHandlers,
  ) {
    const { clock, log, connection } = options;
    this.#options = options;
    this.#transport = transport;
    this.host = host;
    this.connection = connection;
    this.clock = clock;
    this.log = log;
    this.#life = new SessionLife(options.signal, (error) => this.#link.fail(error));
    this.signal = this.#life.signal;
    this.fileErrors = new Emitter((error) => log.error("a listener failed", { error }));
    this.#statuses = new Emitter((error) => log.error("a listener failed", { error }));
    this.#link = new Link({
      transport,
      clock,
      log,
      signal: this.signal,
      peer: () => ({ mainboardId: this.#mainboardId, firmware: this.#firmware }),
      take: (message) => this.#take(message),
    });
    this.#jobs = new JobWatch({
      explain: async (taskId, occasion) => this.#explain(taskId, occasion === "end"),
      changed: () => this.#publish(),
    });
    this.#mainboardId = connection.mainboard_id ?? "";
    this.#statusMs = clock.monotonic();
    this.ended = this.#life.ended;
    this.handlers = createHandlers(this);
  }

  /** Handshake: attributes and status are asked for, never waited for unasked; then the subscription. */
  async begin(): Promise<void> {
    const first = this.#nextStatus();
    this.#life.run(async () => this.#link.receive());
    if (this.#mainboardId === "") this.#life.run(async () => this.#askWhoItIs());
    this.#link.post("refreshAttributes", {});
    this.#link.post("refreshStatus", {});
    await Promise.race([first, this.#handshakeLimit(), this.ended.then(async (error) => Promise.reject(error))]);
    this.#link.post("subscribe", { TimePeriod: pushEveryMs });
    this.#life.run(async () => this.#link.keepAlive());
    this.#life.run(async () => this.#pollStatus());
    this.#life.run(async () => this.#pollAttributes());
    this.#life.run(async () => this.#pollCanvas());
  }

  /** The printer's last status; empty before the first. */
  get status(): Fields {
    return this.#status ?? {};
  }

  get attributes(): Fields {
    return this.#attributes;
  }

  get firmware(): Firmware {
    return this.#firmware;
  }

  get readings(): Readings {
    return this.#readings;
  }

  /** A file on its way to the printer, as the stage shows it; null when there is none. */
  get transfer(): string | null {
    return this.#transfer;
  }

  set transfer(stage: string | null) {
    this.#transfer = stage;
    this.#publish();
  }

  /** As Link.ask. */
  async ask<Name extends RequestName>(
    name: Name,
    payload: RequestPayload<Name>,
    options: { readonly deadlineMs?: number; readonly signal: AbortSignal },
  ): Promise<Answer> {
    return this.#link.ask(name, payload, options);
  }

  /**
   * Asks for the status and waits until it has come.
   * @throws PrinterError `timeout`, `unreachable`; the signal's reason
   */
  async refresh(signal: AbortSignal): Promise<Fields> {
    const next = this.#nextStatus();
    await this.ask("refreshStatus", {}, { signal });
    const cancelled = new AbortController();
    const late = this.clock.wait(handshakeMs, AbortSignal.any([signal, this.signal, cancelled.signal]));
    const limit = late.then(() => Promise.reject(new PrinterError("timeout", "the printer tells no status")));
    try {
      return await Promise.race([next, limit]);
    } finally {
      cancelled.abort();
    }
  }

  /** Has free storage and the rest of the attributes told anew. */
  refreshAttributes(): void {
    this.#link.post("refreshAttributes", {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.end(new PrinterError("aborted", "the session was ended"));
    await this.#transport.close();
    await this.#life.settled();
  }

  async #handshakeLimit(): Promise<void> {
    await this.clock.wait(handshakeMs, this.signal);
    if (this.#status !== undefined) return;
    throw new PrinterError("timeout", "the printer took the connection but tells no status; switch it off and on");
  }

  async #nextStatus(): Promise<Fields> {
    return new Promise((resolve) => {
      const listening = this.#statuses.on((status) => {
        listening[Symbol.dispose]();
        resolve(status);
      });
    });
  }

  #take(message: Message): void {
    switch (message.kind) {
      case "status":
        return this.#takeStatus(message.status, message.mainboardId);
      case "attributes":
        return this.#takeAttributes(message.attributes);
      case "error":
        this.log.warn("the printer reports a file error", { code: message.code });
        return this.fileErrors.emit(message.code);
      case "answer":
      case "pong":
      case "other":
        return undefined;
    }
  }

  #takeStatus(status: Fields, mainboardId: string | null): void {
    if (this.#mainboardId === "" && mainboardId !== null) this.#mainboardId = mainboardId;
    this.#status = status;
    this.#statusMs = this.clock.monotonic();
    this.#publish();
    this.#statuses.emit(status);
  }

  #takeAttributes(attributes: Fields): void {
    const identity = readIdentity(attributes);
    const expected = this.connection.mainboard_id;
    if (expected !== undefined && identity.serial !== null && identity.serial !== expected) {
      const words = `another printer answers at this address: its mainboard id is ${identity.serial}, not ${expected}`;
      throw new PrinterError("printer_refused", words);
    }
    this.#mainboardId = identity.serial ?? this.#mainboardId;
    this.#attributes = attributes;
    this.#firmware = readFirmware(identity.firmware);
    this.#identify();
    this.#publish();
  }

  #identify(): void {
    const identity = readIdentity(this.#attributes);
    this.#inJob = this.#status !== undefined && hasJob(this.#status);
    this.#options.identify(
      identity,
      capabilitiesOf(identity.model, this.#firmware, this.#canvas !== null),
      unavailableCommands(this.#firmware, this.#inJob),
    );
  }

  /** Tells everything that is known now. */
  #publish(): void {
    if (this.#status === undefined) return;
    if (hasJob(this.#status) !== this.#inJob && Object.keys(this.#attributes).length > 0) this.#identify();
    const shown = this.#jobs.show(readStatus(this.#status));
    const transferring = this.#transfer !== null && shown.phase === "busy";
    this.#readings = {
      ...shown,
      stage: transferring ? this.#transfer : shown.stage,
      storages: readStorages(this.#attributes),
      connections: readConnections(this.#attributes),
      materials: this.#canvas?.materials ?? [],
      autoRefill: this.#canvas?.autoRefill ?? null,
      faults: this.#interrupted && shown.job === null ? [...shown.faults, interruptedJob] : shown.faults,
    };
    this.#options.report(this.#readings);
  }

  async #askWhoItIs(): Promise<void> {
    const { clock, signal, host, connection } = this;
    const [found] = await discover({ targets: [host], port: connection.discovery_port, clock, signal, enough: anyone });
    if (this.#mainboardId === "" && found?.mainboardId != null) this.#mainboardId = found.mainboardId;
  }

  /** Pushes die on some firmware and never come in some states: ask when none came in time. */
  async #pollStatus(): Promise<void> {
    while (true) {
      const everyMs = this.#readings.job === null ? pollIdleMs : pollActiveMs;
      const dueMs = this.#statusMs + everyMs - this.clock.monotonic();
      if (dueMs > 0) await this.clock.wait(dueMs, this.signal);
      else {
        this.#link.post("refreshStatus", {});
        await this.clock.wait(everyMs, this.signal);
      }
    }
  }

  async #pollAttributes(): Promise<void> {
    let asked = false;
    while (true) {
      const known = isKnownTo(this.#firmware, "queryInterruptedJob");
      if (known && (!asked || this.#interrupted)) {
        asked = true;
        await this.#askForInterruptedJob();
      }
      // The firmware is not known before the attributes came.
      const told = this.#firmware !== unknownFirmware;
      await this.clock.wait(told ? attributesEveryMs : pollIdleMs, this.signal);
      this.#link.post("refreshAttributes", {});
    }
  }

  async #askForInterruptedJob(): Promise<void> {
    try {
      const { ack } = await this.ask("queryInterruptedJob", {}, { signal: this.signal });
      this.#interrupted = ack === 1;
      this.#publish();
    } catch (error) {
      this.signal.throwIfAborted();
      this.log.debug("the printer does not say whether a job was interrupted", { error });
    }
  }

  async #pollCanvas(): Promise<void> {
    while (true) {
      if (mayHaveCanvas(this.#firmware, this.status)) await this.#askForCanvas();
      await this.clock.wait(canvasEveryMs, this.signal);
    }
  }

  async #askForCanvas(): Promise<void> {
    const had = this.#canvas !== null;
    try {
      const { ack, data } = await this.ask("readCanvas", {}, { signal: this.signal });
      this.#canvas = ack === 0 ? readCanvas(data) : null;
    } catch (error) {
      this.signal.throwIfAborted();
      this.log.debug("the printer does not tell of its Canvas", { error });
      return;
    }
    if (had !== (this.#canvas !== null)) this.#identify();
    this.#publish();
  }

  /** What the history says of a job; null where it says nothing in time. After the end it may lag behind. */
  async #explain(taskId: string, over: boolean): Promise<Task | null> {
    const { signal } = this;
    try {
      for (let tries = 1; ; tries += 1) {
        const [task = null] = await readTasks(this, [taskId], { signal, deadlineMs: explanation.answerMs });
        if (!over || tries === explanation.tries || task?.job.result !== "running") return task;
        await this.clock.wait(explanation.everyMs, signal);
      }
    } catch (error) {
      this.log.debug("the history does not tell how the job ended", { error });
      return null;
    }
  }
}
