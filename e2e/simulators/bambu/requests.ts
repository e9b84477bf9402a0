// Messages on the request topic: takes them apart, asks whether they are allowed, has them done, and
// answers on the report topic. What a command does is in the tables of commands.

import { setTimeout as wait } from "node:timers/promises";
import type { Client, PublishPacket } from "aedes";
import { cameraCommands, detectorCommands } from "./camera-commands.ts";
import { type Body, type Context, fail, type Handler, type Handlers, type Outcome } from "./command.ts";
import { filamentCommands } from "./filament-commands.ts";
import { hardwareCommands, systemCommands } from "./hardware-commands.ts";
import { jobCommands, raiseVerificationFailure } from "./job-commands.ts";
import type { Printer } from "./printer.ts";
import type { Reporter } from "./reporter.ts";
import { infoCommands } from "./version.ts";

const tables: Readonly<Record<string, Handlers>> = {
  info: infoCommands,
  print: { ...jobCommands, ...hardwareCommands, ...filamentCommands },
  system: systemCommands,
  camera: cameraCommands,
  xcam: detectorCommands,
  security: {
    app_cert_list: ({ printer }) => ({ result: "success", extra: { cert_ids: printer.authorization.certIds } }),
  },
  upgrade: {
    get_history: () => ({ result: "success", extra: { firmware_optional: [] } }),
    start: () => fail("not simulated"),
    upgrade_confirm: () => fail("nothing to confirm"),
    consistency_confirm: () => fail("nothing to confirm"),
  },
};

const verifyFailed = 84_033_543;
const malformedSignature = 84_033_545;

interface Request {
  readonly type: string;
  readonly command: string;
  readonly body: Body;
  readonly message: Body;
}

export class Requests implements Disposable {
  readonly #printer: Printer;
  readonly #reporter: Reporter;
  readonly #publish: (payload: Buffer) => void;
  readonly #revive: (client: Client) => void;
  readonly #life = new AbortController();
  /** One after the other, as the firmware works. */
  #queue: Promise<void> = Promise.resolve();

  constructor(
    printer: Printer,
    reporter: Reporter,
    doors: { readonly publish: (payload: Buffer) => void; readonly revive: (client: Client) => void },
  ) {
    this.#printer = printer;
    this.#reporter = reporter;
    this.#publish = doors.publish;
    this.#revive = doors.revive;
  }

  receive(client: Client, packet: PublishPacket): void {
    const { serial, journal, counters, knobs } = this.#printer;
    const text = packet.payload.toString("utf8").replace(/\0+$/, "");
    const request = packet.topic === `device/${serial}/request` ? parse(text) : undefined;
    journal.add("mqtt", {
      client: client.id,
      topic: packet.topic,
      qos: packet.qos,
      ...(request === undefined
        ? { ignored: text.slice(0, 500) }
        : { type: request.type, command: request.command, message: request.message }),
    });
    if (request === undefined) {
      counters.malformed += 1;
      return;
    }
    const name = `${request.type}.${request.command}`;
    counters.commands[name] = (counters.commands[name] ?? 0) + 1;
    if (knobs.silence) return;
    // A failure of one command must not stop those after it.
    this.#queue = this.#queue.then(async () => this.#serve(client, request)).catch(() => {});
  }

  [Symbol.dispose](): void {
    this.#life.abort();
  }

  async #serve(client: Client, request: Request): Promise<void> {
    const { type, command, body } = request;
    if (this.#life.signal.aborted) return;
    if (type === "pushing") {
      this.#push(client, command);
      return;
    }
    const handler = handlerOf(type, command);
    if (handler === undefined) {
      if (this.#printer.knobs.answersUnknown) this.#answer(request, fail("unknown command"), 0);
      return;
    }
    if (this.#refusedByKnob(command)) {
      this.#answer(request, fail("refused"), 0);
      return;
    }
    if (this.#unauthorized(request)) return;
    const context: Context = { printer: this.#printer, reporter: this.#reporter, client };
    const outcome = await handler(context, body);
    this.#answer(request, outcome, this.#delayMs(command));
    this.#reporter.tell();
  }

  #push(client: Client, command: string): void {
    if (command === "pushall") this.#reporter.pushAll();
    else if (command === "start") {
      this.#revive(client);
      this.#reporter.start();
    } else if (command === "stop") this.#reporter.stop();
  }

  /** Answers for itself when it is. */
  #unauthorized(request: Request): boolean {
    const { authorization, counters } = this.#printer;
    const { type, command, message } = request;
    const verdict = authorization.judge(type, command, message);
    if (verdict === "allowed") {
      if (message["header"] !== undefined) counters.authorization.verified += 1;
      return false;
    }
    counters.authorization[verdict] += 1;
    raiseVerificationFailure(this.#printer);
    const code = verdict === "malformed" ? malformedSignature : verifyFailed;
    if (authorization.noResult) this.#send(type, request.body);
    else this.#send(type, { ...request.body, result: "failed", reason: "mqtt message verify failed", err_code: code });
    return true;
  }

  #refusedByKnob(command: string): boolean {
    const { refused } = this.#printer.knobs;
    if (refused === undefined || refused.timesLeft === 0) return false;
    if (refused.command !== "" && refused.command !== command) return false;
    refused.timesLeft -= 1;
    return true;
  }

  #delayMs(command: string): number {
    const { delayedAnswers, acceptMs } = this.#printer.knobs;
    const asked = delayedAnswers?.command === command || delayedAnswers?.command === "";
    return Math.max(asked ? (delayedAnswers?.milliseconds ?? 0) : 0, command === "project_file" ? acceptMs : 0);
  }

  #answer({ type, command, body }: Request, outcome: Outcome, delayMs: number): void {
    const { lostAnswers } = this.#printer.knobs;
    if (outcome.silent === true) return;
    if (lostAnswers !== undefined && lostAnswers.timesLeft > 0 && ["", command].includes(lostAnswers.command)) {
      lostAnswers.timesLeft -= 1;
      return;
    }
    const { result, reason = result, extra } = outcome;
    const reply = { ...body, ...extra, result, reason };
    if (delayMs === 0) this.#send(type, reply);
    else void this.#sendLater(type, reply, delayMs);
  }

  async #sendLater(type: string, reply: Body, delayMs: number): Promise<void> {
    try {
      await wait(delayMs, undefined, { signal: this.#life.signal, ref: false });
      this.#send(type, reply);
    } catch {
      // The simulator ended meanwhile.
    }
  }

  #send(type: string, reply: Body): void {
    const { knobs, profile } = this.#printer;
    if (knobs.silence) return;
    const indent = profile.reports === "delta" ? undefined : 4;
    this.#publish(Buffer.from(JSON.stringify({ [type]: reply }, undefined, indent)));
  }
}

function handlerOf(type: string, command: string): Handler | undefined {
  const table = tables[type];
  return table !== undefined && Object.hasOwn(table, command) ? table[command] : undefined;
}

/** @returns undefined for what is no request */
function parse(text: string): Request | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(message)) return undefined;
  const type = Object.keys(message).find((key) => key === "pushing" || Object.hasOwn(tables, key));
  const body = type === undefined ? undefined : message[type];
  if (type === undefined || !isObject(body) || typeof body["command"] !== "string") return undefined;
  return { type, command: body["command"], body, message };
}

function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
