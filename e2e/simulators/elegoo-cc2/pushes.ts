// Status pushes: what has changed since the last one, to everybody who listens, about once a second
// and at once when the machine's codes change. Faults of the numbering happen here.

import type { Clients } from "./clients.ts";
import type { Printer } from "./printer.ts";
import type { Publish } from "./requests.ts";
import { attributesObject, changesBetween, isObject, type JsonObject, statusObject } from "./status.ts";

const statusMethod = 6000;
const attributesMethod = 6008;
const periodMs = 1000;

export class Pushes {
  readonly #printer: Printer;
  readonly #clients: Clients;
  readonly #publish: Publish;
  readonly #timer: NodeJS.Timeout;
  #told: JsonObject;
  #id = 0;
  #flip = false;

  constructor(printer: Printer, clients: Clients, publish: Publish) {
    this.#printer = printer;
    this.#clients = clients;
    this.#publish = publish;
    this.#told = statusObject(printer);
    this.#timer = setInterval(() => {
      this.#flip = !this.#flip;
      this.tellStatus();
    }, periodMs);
  }

  /** Tells what has changed, if anything has. */
  tellStatus(): void {
    const status = this.#pushed();
    const changes = changesBetween(this.#told, status);
    if (changes === undefined) return;
    this.#told = status;
    this.#tell(statusMethod, changes);
  }

  /** Tells the attributes, as after a change of name. */
  tellAttributes(): void {
    this.#tell(attributesMethod, attributesObject(this.#printer));
  }

  /** The next number is further than the next by so many. */
  skip(ids: number): void {
    this.#id += ids;
  }

  /** The next number is 0. */
  restart(): void {
    this.#id = -1;
  }

  /** Something that is no JSON, on every topic that clients listen to. */
  topics(): readonly string[] {
    const { serial } = this.#printer;
    return [
      `elegoo/${serial}/api_status`,
      ...this.#clients.connected().map((clientId) => `elegoo/${serial}/${clientId}/api_response`),
    ];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Pushes never name the number of layers, and on some firmware show the speed of the current move. */
  #pushed(): JsonObject {
    const status = statusObject(this.#printer);
    const { print_status: printStatus, ...rest } = status;
    const { total_layer: _, ...withoutLayers } = isObject(printStatus) ? printStatus : {};
    const { machine, profile, knobs } = this.#printer;
    const name = knobs.gcodeMoveInf ? "gcode_move_inf" : "gcode_move";
    const move = rest[name];
    const flips = profile.speedModeFlips && machine.job?.stage === "printing" && isObject(move);
    return {
      ...rest,
      print_status: withoutLayers,
      ...(flips && { [name]: { ...move, speed_mode: this.#flip ? 2 : 1 } }),
    };
  }

  #tell(method: number, result: JsonObject): void {
    const { knobs, counters } = this.#printer;
    if (knobs.deadPushes || knobs.silence || !knobs.lanOnly) return;
    this.#id += 1;
    counters.pushes += 1;
    if (knobs.lostPushes > 0) {
      knobs.lostPushes -= 1;
      return;
    }
    const copies = knobs.duplicatePushes > 0 ? 2 : 1;
    if (copies === 2) knobs.duplicatePushes -= 1;
    for (let copy = 0; copy < copies; copy += 1) {
      for (const topic of this.topics()) this.#publish(topic, { id: this.#id, method, result }, 0);
    }
  }
}
