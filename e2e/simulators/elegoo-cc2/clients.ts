// Who is registered with the printer. A registration belongs to one MQTT connection, dies of silence
// however well MQTT keeps alive, and holds its slot when the connection was lost without a goodbye.

import type { Peer } from "./broker.ts";
import type { Printer } from "./printer.ts";

export interface Registration {
  readonly clientId: string;
  /** undefined: the connection is gone, and the slot is held until the registration expires. */
  peer: Peer | undefined;
  heardAtMs: number;
  /** Of the last requests, newest last. */
  requestsAtMs: readonly number[];
  mutedUntilMs: number;
  waiting: number;
}

export class Clients {
  readonly #printer: Printer;
  readonly #registrations = new Map<string, Registration>();

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  /** @returns what the printer answers: `ok`, `fail` or `too many clients`. */
  register(peer: Peer, clientId: unknown): string {
    const { knobs, counters } = this.#printer;
    this.#expire();
    const error = knobs.registrationError ?? this.#objection(clientId);
    counters.registrations[error === undefined ? "accepted" : "refused"] += 1;
    if (error !== undefined) return error;
    const id = String(clientId);
    this.#registrations.set(id, {
      clientId: id,
      peer,
      heardAtMs: performance.now(),
      requestsAtMs: [],
      mutedUntilMs: 0,
      waiting: 0,
    });
    this.#count();
    return "ok";
  }

  /** The registration of a client, when this is its connection and it is alive. */
  of(peer: Peer, clientId: string): Registration | undefined {
    this.#expire();
    const registration = this.#registrations.get(clientId);
    return registration?.peer === peer ? registration : undefined;
  }

  /** Whether this very registration still holds. */
  holds(registration: Registration): boolean {
    this.#expire();
    return registration.peer !== undefined && this.#registrations.get(registration.clientId) === registration;
  }

  /** Client ids that are told of pushes. */
  connected(): readonly string[] {
    this.#expire();
    return [...this.#registrations.values()].filter(({ peer }) => peer !== undefined).map(({ clientId }) => clientId);
  }

  left(peer: Peer, clean: boolean): void {
    for (const registration of this.#registrations.values()) {
      if (registration.peer !== peer) continue;
      if (clean) this.#registrations.delete(registration.clientId);
      else registration.peer = undefined;
    }
    this.#count();
  }

  /** Nobody is registered any more. */
  forget(): void {
    this.#registrations.clear();
    this.#count();
  }

  #objection(clientId: unknown): string | undefined {
    if (typeof clientId !== "string" || !/^[^/+#\0]{1,64}$/.test(clientId)) return "fail";
    const { foreignClients, slots } = this.#printer.knobs;
    const others = this.#registrations.size - (this.#registrations.has(clientId) ? 1 : 0);
    return others + foreignClients >= slots ? "too many clients" : undefined;
  }

  #expire(): void {
    const { knobs, counters } = this.#printer;
    const oldest = performance.now() - knobs.registrationMs;
    for (const { clientId, heardAtMs } of this.#registrations.values()) {
      if (heardAtMs > oldest) continue;
      this.#registrations.delete(clientId);
      counters.registrations.expired += 1;
    }
    this.#count();
  }

  #count(): void {
    const { registrations } = this.#printer.counters;
    registrations.current = this.#registrations.size;
    registrations.peak = Math.max(registrations.peak, registrations.current);
  }
}
