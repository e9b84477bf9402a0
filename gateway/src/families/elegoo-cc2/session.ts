// One session with one Centauri Carbon 2: connect, register, keep-alive, what the printer pushes,
// and the one way to ask it something. It never reconnects. What is asked when: ./upkeep.ts.

import type { MqttMessage, MqttSession } from "@gantry/platform/mqtt-session";
import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers } from "../../model/commands.ts";
import { unknownReadings, type Readings } from "../../model/printer.ts";
import type { ConnectOptions, Session } from "../family.ts";
import { SessionLife } from "../session-life.ts";
import { capabilitiesOf, unavailableCommands } from "./capabilities.ts";
import { decodePayload, encodeRequest, ping, topicsOf, type Fields, type Message, type Topics } from "./codec.ts";
import type { Connection } from "./connection.ts";
import { codes, refusal } from "./error-words.ts";
import type { Memory } from "./memory.ts";
import { lifecycle, methods, type MethodName, type Params } from "./method-table.ts";
import { PushOrder } from "./push-order.ts";
import { Registration } from "./registration.ts";
import { RequestQueue, type Answer, type Urgency } from "./request-queue.ts";
import { hasCanvas, readIdentity, readView, wireSpeedMode } from "./state.ts";
import { Upkeep, type UpkeptSession } from "./upkeep.ts";
import { emptyView, hasJob, withAttributes, withCanvas, withDelta, withStatus, type View } from "./view.ts";

/** A registration expires unless this client's own PING comes; MQTT's does not count. */
const pingMs = 10_000;
/** Neither PONG nor anything else for this long: the link or the registration is dead. */
const silenceMs = 65_000;
const readMs = 10_000;
const changeMs = 15_000;
/** Pause, resume, stop and start are answered when the mechanics are done: a resume heats up first. */
const lifecycleMs = 90_000;
const subscribeMs = 10_000;
/** Requests in a row without an answer, after which the registration counts as lost. */
const silencesUntilLost = 3;
/** Log what does not decode at most once in this time. */
const protocolLogEveryMs = 60_000;

export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly urgency?: Urgency;
  readonly deadlineMs?: number;
  readonly onSent?: () => void;
}

export interface SessionOptions extends ConnectOptions<Connection> {
  readonly memory: Memory;
  readonly serial: string;
  /** Where the printer was found. */
  readonly host: string;
}

export class Cc2Session implements Session, UpkeptSession {
  readonly handlers: CommandHandlers;
  readonly ended: Promise<PrinterError>;
  readonly options: SessionOptions;
  readonly upkeep: Upkeep;
  readonly #transport: MqttSession;
  readonly #topics: Topics;
  readonly #registration: Registration;
  readonly #queue: RequestQueue;
  readonly #pushes = new PushOrder();
  readonly #life: SessionLife;
  readonly #suspects: MethodName[] = [];
  #view: View = emptyView;
  #held: Readings[] | undefined = [];
  /** When anything came, PONG included, monotonic ms. */
  #heardMs: number;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #undecodable = 0;
  #protocolLoggedMs = Number.NEGATIVE_INFINITY;
  readonly signal: AbortSignal;

  constructor(
    options: SessionOptions,
    transport: MqttSession,
    createHandlers: (session: Cc2Session) => CommandHandlers,
  ) {
    const { clock, memory } = options;
    this.options = options;
    this.#transport = transport;
    this.#topics = topicsOf(options.serial, memory.clientId);
    this.#registration = new Registration(memory.clientId);
    this.#life = new SessionLife(options.signal, (error) => this.#queue.fail(error));
    this.signal = this.#life.signal;
    this.#heardMs = clock.monotonic();
    this.ended = this.#life.ended;
    this.#queue = new RequestQueue({
      clock,
      send: (name, params, id) => this.#send(name, params, id),
      onAnswered: (name) => this.#answered(name),
      onSilence: (name) => this.#silence(name),
    });
    this.upkeep = new Upkeep(this);
    this.handlers = createHandlers(this);
  }

  /** Subscribe first, then register, then the whole status and what the machine is. */
  async begin(): Promise<void> {
    this.#life.run(async () => this.#receive());
    const limit = this.options.clock.wait(subscribeMs, this.signal).then(() => {
      throw new PrinterError("timeout", "the printer's broker does not answer");
    });
    limit.catch(() => undefined); // the session's end, or nobody's concern any more
    await Promise.race([this.#transport.subscribe([...this.#topics.inbound.keys()], 1), limit]);
    const publish = (topic: string, payload: string): void => void this.#transport.publish(topic, payload, 1);
    await this.#registration.request(this.#topics, publish, { clock: this.options.clock, signal: this.signal });
    this.#life.run(async () => this.#keepAlive());
    this.#life.run(async () => this.#queue.run(this.signal));
    await this.ask("status", {});
    await this.#identify();
    this.#tellHeld();
    this.#life.run(async () => this.upkeep.run(this.signal));
  }

  get view(): View {
    return this.#view;
  }

  get readings(): Readings {
    const { memory, clock } = this.options;
    if (this.#view.status === undefined) return unknownReadings;
    return readView(this.#view, this.upkeep.speed.shown(memory.pinnedSpeed, clock.monotonic()));
  }

  /** When the printer last told of its state, monotonic ms. */
  get reportedMs(): number {
    return this.#reportedMs;
  }

  /** Whether a request of this name waits or is on its way. */
  isAsking(name: MethodName): boolean {
    return this.#queue.has(name);
  }

  /**
   * Asks the printer and gives its answer's `result`.
   * @throws PrinterError `unsupported` when this firmware leaves the method unanswered,
   *   `printer_refused` with the printer's code, `timeout`, `unreachable`; the signal's reason
   */
  async ask<Name extends MethodName>(name: Name, params: Params<Name>, options: AskOptions = {}): Promise<Fields> {
    const { errorCode, result } = await this.askRaw(name, params, options);
    if (errorCode === 0) return result;
    if (errorCode === codes.notRegistered) {
      this.#life.end(new PrinterError("unreachable", "the printer has forgotten this client; connecting again"));
    }
    throw refusal(errorCode);
  }

  /** The same, with the printer's error code as a value. */
  async askRaw<Name extends MethodName>(name: Name, params: Params<Name>, options: AskOptions = {}): Promise<Answer> {
    const { memory } = this.options;
    if (memory.isUnanswered(name)) {
      const firmware = readIdentity(this.#view.attributes, "").firmware ?? "of this printer";
      throw new PrinterError("unsupported", `the firmware ${firmware} does not answer this request (${name})`);
    }
    const { urgency = "poll", deadlineMs = deadlineOf(name), onSent } = options;
    const signal = options.signal === undefined ? this.signal : AbortSignal.any([options.signal, this.signal]);
    const request = { name, params: params as Fields, urgency, deadlineMs, signal };
    return this.#queue.ask(onSent === undefined ? request : { ...request, onSent });
  }

  /** Takes a new view and tells it, each one: the end of a job may show in a single push. */
  update(view: View): void {
    const before = this.#view;
    this.#view = view;
    if (view.status === undefined) return;
    const { memory, clock } = this.options;
    this.#reportedMs = clock.monotonic();
    memory.jobRan = hasJob(view) || view.outcome === "unknown";
    this.upkeep.speed.observe(wireSpeedMode(view), clock.monotonic());
    this.upkeep.changed(before, view);
    this.tell();
    if (hasCanvas(before) !== hasCanvas(view) && Object.keys(view.attributes).length > 0) this.tellIdentity();
  }

  /** Reports the readings as they are. What comes before the session can take commands is held until then. */
  tell(): void {
    if (this.#held === undefined) this.options.report(this.readings);
    else this.#held.push(this.readings);
  }

  /** Somebody asked for this speed mode: it is shown, and held across filament changes of this job. */
  pinSpeed(mode: number): void {
    this.options.memory.pinnedSpeed = mode;
    this.tell();
  }

  /** Says who the printer is and what it has. */
  tellIdentity(): void {
    const { memory, serial, identify } = this.options;
    const identity = readIdentity(this.#view.attributes, serial);
    memory.runs(identity.firmware);
    const isUnanswered = (method: MethodName): boolean => memory.isUnanswered(method);
    const has = capabilitiesOf(identity.firmware, hasCanvas(this.#view), isUnanswered);
    identify(identity, has, unavailableCommands(identity.firmware, isUnanswered));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.end(new PrinterError("aborted", "the session was ended"));
    await this.#transport.close();
    await this.#life.settled();
  }

  /** Each in its order: a job may have ended in the meantime. */
  #tellHeld(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const readings of held) this.options.report(readings);
  }

  /** A printer that does not say what it is still works: it counts as a new firmware. */
  async #identify(): Promise<void> {
    try {
      await this.ask("attributes", {});
    } catch (error) {
      this.signal.throwIfAborted();
      this.options.log.warn("the printer does not tell its firmware", { error });
      this.tellIdentity();
    }
  }

  #send(name: MethodName, params: Fields, id: number): void {
    const payload = encodeRequest(name, params as Params<typeof name>, id);
    this.#transport.publish(this.#topics.request, payload, lifecycle.has(name) ? 1 : 0);
  }

  async #receive(): Promise<void> {
    for await (const inbound of this.#transport.inbound) {
      const message = this.#decode(inbound);
      if (message !== undefined) this.#take(message, inbound.payload);
    }
    throw new PrinterError("unreachable", "the printer closed the connection");
  }

  /** The printer's own bad payloads are counted in the log and survived; other topics are not ours. */
  #decode({ topic, payload }: MqttMessage): Message | undefined {
    const channel = this.#topics.inbound.get(topic);
    if (channel === undefined) return undefined;
    this.#heardMs = this.options.clock.monotonic();
    try {
      return decodePayload(channel, payload);
    } catch (error) {
      this.undecodable(error);
      return undefined;
    }
  }

  /** Counts something that cannot be read; told at most once a minute. */
  undecodable(error: unknown): void {
    const nowMs = this.options.clock.monotonic();
    this.#undecodable += 1;
    if (nowMs - this.#protocolLoggedMs < protocolLogEveryMs) return;
    this.#protocolLoggedMs = nowMs;
    this.options.log.warn("the printer sent what does not decode", { error, count: this.#undecodable });
  }

  #take(message: Message, payload: Uint8Array): void {
    switch (message.kind) {
      case "registration":
        return this.#registration.take(message);
      case "answer":
        return this.#takeAnswer(message);
      case "push":
        return this.#takePush(message, payload);
      case "pong":
      case "other":
        return undefined;
    }
  }

  /** What tells of the state counts at once: a push that follows it in the same packet must find it. */
  #takeAnswer(answer: Answer): void {
    const name = this.#queue.settle(answer, (asked) => methods[asked].method);
    if (answer.errorCode !== 0) return;
    const { result } = answer;
    if (name === "status") this.update(withStatus(this.#view, result, this.options.memory.jobRan));
    if (name === "attributes") this.#takeAttributes(result);
    if (name === "canvas") this.update(withCanvas(this.#view, result));
    if (name === "disk") this.update({ ...this.#view, disk: result });
  }

  #takePush({ about, sequence, result }: Extract<Message, { kind: "push" }>, payload: Uint8Array): void {
    const order = this.#pushes.judge(sequence, payload);
    if (order === "repeated") return;
    if (about === "attributes") return this.#takeAttributes(result);
    this.update(withDelta(this.#view, result));
    if (order === "gaps") this.upkeep.wantStatus();
  }

  #takeAttributes(attributes: Fields): void {
    this.update(withAttributes(this.#view, attributes));
    this.tellIdentity();
  }

  async #keepAlive(): Promise<void> {
    const { clock } = this.options;
    while (true) {
      this.#transport.publish(this.#topics.request, ping, 0);
      await clock.wait(pingMs, this.signal);
      if (clock.monotonic() - this.#heardMs < silenceMs) continue;
      throw new PrinterError("timeout", "the printer went silent; its connection was given up");
    }
  }

  #answered(name: MethodName): void {
    const { memory } = this.options;
    memory.answered(name);
    const silent = this.#suspects.splice(0).filter((suspect) => suspect !== name && !lifecycle.has(suspect));
    for (const suspect of silent) memory.silent(suspect);
    if (silent.some((suspect) => memory.isUnanswered(suspect))) this.tellIdentity();
  }

  /** One silent method may be one that the firmware lacks; all of them are a lost registration. */
  #silence(name: MethodName): void {
    this.options.log.debug("no answer", { request: name });
    this.#suspects.push(name);
    // The status is what every firmware answers: it tells a missing method from a lost registration.
    this.upkeep.wantStatus();
    if (this.#suspects.length < silencesUntilLost) return;
    this.#life.end(new PrinterError("timeout", "the printer answers nothing any more; connecting again"));
  }
}

function deadlineOf(name: MethodName): number {
  if (lifecycle.has(name) || name === "home") return lifecycleMs;
  return name.startsWith("set") || name === "jog" || name === "deleteFiles" ? changeMs : readMs;
}
