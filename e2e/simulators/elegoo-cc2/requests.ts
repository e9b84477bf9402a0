// What arrives over MQTT: registrations, PINGs and requests, and what of it is answered. The methods
// themselves are in methods.ts.

import { applies } from "../elegoo/answer-rules.ts";
import type { Peer } from "./broker.ts";
import type { Clients, Registration } from "./clients.ts";
import { errorCode } from "./errors.ts";
import { answerMethod } from "./methods.ts";
import type { Printer } from "./printer.ts";
import { isObject, type JsonObject } from "./status.ts";

export type Publish = (topic: string, message: JsonObject, qos: 0 | 1) => void;

export interface Request {
  readonly id: unknown;
  readonly method: number;
  readonly params: unknown;
}

export class Requests {
  readonly #printer: Printer;
  readonly #clients: Clients;
  readonly #publish: Publish;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(printer: Printer, clients: Clients, publish: Publish) {
    this.#printer = printer;
    this.#clients = clients;
    this.#publish = publish;
  }

  /** Everything that clients publish comes through here; most topics are none of the printer's affair. */
  receive(peer: Peer, topic: string, payload: Buffer): void {
    const { serial, journal, knobs, counters } = this.#printer;
    const message = parse(payload);
    journal.add("mqtt", { client: peer.id, topic, message: message ?? payload.toString("latin1", 0, 2048) });
    const [root, sn, third, fourth, ...more] = topic.split("/");
    if (root !== "elegoo" || sn !== serial || third === undefined || more.length > 0) return;
    const registers = third === "api_register" && fourth === undefined;
    if ((!registers && fourth !== "api_request") || knobs.silence || !knobs.lanOnly) return;
    if (message === undefined) counters.malformedMessages += 1;
    else if (registers) this.#register(peer, message);
    else if (message["type"] === "PING") this.#ping(peer, third);
    else this.#request(peer, third, message);
  }

  /** Late answers are not given any more. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #register(peer: Peer, { client_id: clientId, request_id: requestId }: JsonObject): void {
    // Without a topic to answer on there is nothing to say.
    if (typeof requestId !== "string" || !/^[^/+#\0]{1,128}$/.test(requestId)) {
      this.#printer.counters.malformedMessages += 1;
      return;
    }
    const error = this.#clients.register(peer, clientId);
    const topic = `elegoo/${this.#printer.serial}/${requestId}/register_response`;
    this.#publish(topic, { client_id: clientId ?? "", error }, 1);
  }

  #ping(peer: Peer, clientId: string): void {
    const registration = this.#clients.of(peer, clientId);
    this.#printer.counters.pings += 1;
    if (registration === undefined || this.#printer.knobs.pongless) return;
    registration.heardAtMs = performance.now();
    this.#publish(this.#responseTopic(clientId), { type: "PONG" }, 1);
  }

  #request(peer: Peer, clientId: string, message: JsonObject): void {
    const { counters, knobs, profile } = this.#printer;
    const { id, method, params = {} } = message;
    if (typeof method !== "number" || typeof id !== "number") {
      counters.malformedMessages += 1;
      return;
    }
    const request = { id, method, params };
    counters.requestsByMethod[method] = (counters.requestsByMethod[method] ?? 0) + 1;
    const registration = this.#clients.of(peer, clientId);
    if (registration === undefined) {
      counters.unregisteredRequests += 1;
      if (knobs.unregisteredError) this.#answer(clientId, request, { error_code: errorCode.notRegistered });
      return;
    }
    const muted = this.#space(registration);
    const silent = muted || profile.silentMethods.has(method);
    void this.#obey(registration, request, silent);
  }

  /** Notes the time of a request. @returns whether the firmware has had too many to answer this one. */
  #space(registration: Registration): boolean {
    const { counters, profile, knobs } = this.#printer;
    const now = performance.now();
    const last = registration.requestsAtMs.at(-1);
    if (last !== undefined) {
      const { smallestSpacingMs: smallest } = counters;
      const { clientId } = registration;
      smallest[clientId] = Math.round(Math.min(smallest[clientId] ?? Infinity, now - last));
    }
    registration.heardAtMs = now;
    const rateLimit = profile.rateLimit ?? (knobs.rateLimited ? strictest : undefined);
    if (rateLimit === undefined) {
      registration.requestsAtMs = [now];
      return false;
    }
    const recent = [...registration.requestsAtMs, now].filter((at) => at > now - rateLimit.burstMs);
    registration.requestsAtMs = recent;
    if (recent.length >= rateLimit.requests && now >= registration.mutedUntilMs) {
      registration.mutedUntilMs = now + rateLimit.mutedMs;
    }
    const muted = now < registration.mutedUntilMs;
    if (muted) counters.mutedRequests += 1;
    return muted;
  }

  async #obey(registration: Registration, request: Request, silent: boolean): Promise<void> {
    const { counters, knobs } = this.#printer;
    const { method } = request;
    if (applies(knobs.refusedMethod, method)) {
      this.#answer(registration.clientId, request, { error_code: knobs.refusedMethod?.code });
      return;
    }
    registration.waiting += 1;
    counters.requestsInFlightPeak = Math.max(counters.requestsInFlightPeak, registration.waiting);
    const result = await answerMethod(this.#printer, request);
    registration.waiting -= 1;
    if (silent || applies(knobs.lostAnswer, method)) return;
    if (applies(knobs.delayedAnswer, method)) await this.#wait(knobs.delayedAnswer?.milliseconds ?? 0);
    // Whoever went away or was forgotten in the meantime is told nothing.
    if (this.#clients.holds(registration)) this.#answer(registration.clientId, request, result);
  }

  #answer(clientId: string, { id, method }: Request, result: JsonObject): void {
    if (this.#printer.knobs.silence) return;
    this.#publish(this.#responseTopic(clientId), { id, method, result }, 1);
  }

  #responseTopic(clientId: string): string {
    return `elegoo/${this.#printer.serial}/${clientId}/api_response`;
  }

  async #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, milliseconds);
      this.#timers.add(timer);
    });
  }
}

/** The one that was measured, on 01.03.02.51. */
const strictest = { requests: 3, burstMs: 2000, mutedMs: 5000 } as const;

function parse(payload: Buffer): JsonObject | undefined {
  try {
    const message: unknown = JSON.parse(payload.toString("utf8"));
    return isObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
