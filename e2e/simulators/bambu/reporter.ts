// When the printer tells its state, and how much of it: on request everything, between that what has
// changed, or everything each second. What a report holds is ./report.ts.

import { deltaOf } from "./delta.ts";
import type { Printer } from "./printer.ts";
import { type JsonObject, reportObject } from "./report.ts";

const periodSeconds = 1;
const lagSeconds = 10;
/** An idle printer is heard of this often. */
const fadeEverySeconds = 8;
const pushAllSpacingMs = 300_000;
/** After a change of a detector the old value is told once more. */
const echoAfterSeconds = 0.6;

export class Reporter {
  readonly #printer: Printer;
  readonly #publish: (payload: Buffer) => void;
  #last: JsonObject | undefined;
  #sequence = 3020;
  #sinceReport = 0;
  #sinceFade = 0;
  #mutedSeconds = 0;
  #stopped = false;
  #echo: { readonly fields: JsonObject; seconds: number } | undefined;
  #pushedAllAt = -Infinity;

  constructor(printer: Printer, publish: (payload: Buffer) => void) {
    this.#printer = printer;
    this.#publish = publish;
  }

  /** Somebody asked for everything. */
  pushAll(): void {
    const { counters, knobs } = this.#printer;
    const now = performance.now();
    counters.pushalls.total += 1;
    const tooSoon = now - this.#pushedAllAt < pushAllSpacingMs;
    if (tooSoon) counters.pushalls.tooSoon += 1;
    this.#pushedAllAt = now;
    if (tooSoon && knobs.lags) this.#mutedSeconds = lagSeconds;
    else this.#full({ msg: 0 });
  }

  start(): void {
    this.#stopped = false;
    this.tell();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** After power-up nobody knows what was. */
  forget(): void {
    this.#last = undefined;
    this.#stopped = false;
    this.#mutedSeconds = 0;
  }

  /** At once, if there is something to tell. */
  tell(): void {
    if (this.#stopped || this.#mutedSeconds > 0) return;
    this.#sinceReport = 0;
    if (this.#printer.profile.reports === "full") {
      this.#full({});
      return;
    }
    const report = reportObject(this.#printer);
    const delta = this.#last === undefined ? report : deltaOf(this.#last, report);
    this.#last = report;
    if (delta !== undefined) this.#delta(delta);
  }

  /** Tells these fields as they were, once more, after the new ones. */
  echoOld(fields: JsonObject): void {
    this.#echo = { fields, seconds: echoAfterSeconds };
  }

  advance(wallSeconds: number): void {
    this.#mutedSeconds = Math.max(0, this.#mutedSeconds - wallSeconds);
    this.#sinceReport += wallSeconds;
    this.#sinceFade += wallSeconds;
    if (this.#sinceFade >= fadeEverySeconds) {
      this.#sinceFade = 0;
      this.#printer.fadeWifi();
    }
    if (this.#echo !== undefined) {
      this.#echo.seconds -= wallSeconds;
      if (this.#echo.seconds <= 0) this.#tellOld(this.#echo.fields);
    }
    if (this.#sinceReport >= periodSeconds) this.tell();
  }

  #tellOld(fields: JsonObject): void {
    this.#echo = undefined;
    if (this.#printer.profile.reports === "full") this.#send({ ...reportObject(this.#printer), ...fields });
    else {
      this.#delta(fields);
      this.#last = { ...this.#last, ...fields };
    }
  }

  #full(extra: JsonObject): void {
    this.#last = reportObject(this.#printer);
    this.#printer.counters.reports.full += 1;
    this.#send(this.#last, extra);
  }

  #delta(fields: JsonObject): void {
    this.#printer.counters.reports.delta += 1;
    this.#send(fields, { msg: 1 });
  }

  #send(fields: JsonObject, extra: JsonObject = {}): void {
    const { knobs, profile } = this.#printer;
    if (knobs.silence) return;
    this.#sequence += 1;
    const message = { print: { ...fields, command: "push_status", ...extra, sequence_id: String(this.#sequence) } };
    const text = JSON.stringify(message, undefined, profile.reports === "delta" ? undefined : 4);
    this.#publish(knobs.dirtyText ? dirty(text) : Buffer.from(text));
  }
}

/** Names in another encoding and a trailing NUL, as some firmware sends. */
function dirty(text: string): Buffer {
  const [head = "", ...tail] = text.split('"subtask_name"');
  if (tail.length === 0) return Buffer.from(`${text}\0`);
  const rest = tail.join('"subtask_name"').replace(/("\s*:\s*"|:")/, "$1\u00e9");
  return Buffer.concat([Buffer.from(`${head}"subtask_name"`), Buffer.from(rest, "latin1"), Buffer.from([0])]);
}
