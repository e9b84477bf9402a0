// The printers as they are now: one immutable object each, replaced when anything changed, and
// the news of that. Holds state only; it talks to no printer.

import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@gantry/platform/clock";
import { Emitter } from "@gantry/platform/emitter";
import type { Log } from "@gantry/platform/log";
import type { Capabilities } from "../model/capabilities.ts";
import { commandNames, commandRow, type CommandName, type Unavailable } from "../model/commands.ts";
import { PrinterError } from "../model/errors.ts";
import { eventsBetween } from "../model/events.ts";
import { unknownIdentity, unknownReadings, type Identity, type PrinterState, type Readings } from "../model/printer.ts";
import type { FleetEvent, Printer } from "./fleet.ts";

/** What the inventory says of a printer. */
export interface PrinterSeed {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly control: boolean;
  readonly fileTypes: readonly string[];
}

/** What a session has told of its machine. */
export interface Identified {
  readonly identity: Identity;
  readonly has: Capabilities;
  readonly unavailable: ReadonlyMap<CommandName, Unavailable>;
  /** The commands that the session handles. */
  readonly handled: ReadonlySet<CommandName>;
}

export class Store {
  readonly #printers = new Map<string, Printer>();
  readonly #events: Emitter<FleetEvent>;
  readonly #clock: Clock;
  readonly #end = new AbortController();

  constructor(options: { clock: Clock; log: Log }) {
    this.#clock = options.clock;
    this.#events = new Emitter((error) => options.log.error("a listener failed", { error }));
  }

  /** Aborts when the fleet ends. */
  get ending(): AbortSignal {
    return this.#end.signal;
  }

  end(): void {
    this.#end.abort();
  }

  list(): readonly Printer[] {
    return [...this.#printers.values()];
  }

  /** @throws PrinterError `not_found` */
  get(id: string): Printer {
    const printer = this.#printers.get(id);
    if (printer !== undefined) return printer;
    throw new PrinterError("not_found", `there is no printer "${id}" in the inventory`);
  }

  on(listener: (event: FleetEvent) => void): Disposable {
    return this.#events.on(listener);
  }

  emit(event: FleetEvent): void {
    this.#events.emit(event);
  }

  /** A printer nothing is known of yet. */
  add(seed: PrinterSeed): void {
    const { id, name, family, control, fileTypes } = seed;
    const state = { ...unknownReadings, id, connected: false, reason: "connecting", updatedAt: null, control };
    this.#printers.set(id, {
      id,
      name,
      family,
      control,
      fileTypes,
      identity: unknownIdentity,
      has: new Set(),
      commands: new Set(),
      unavailable: new Map(),
      state,
    });
  }

  remove(id: string): void {
    this.#printers.delete(id);
  }

  /** Puts the printers into the order of the inventory. */
  order(ids: readonly string[]): void {
    const printers = ids.map((id) => this.#printers.get(id)).filter((printer) => printer !== undefined);
    this.#printers.clear();
    for (const printer of printers) this.#printers.set(printer.id, printer);
  }

  /** What the machine said it is, and which commands its session handles. */
  identified(id: string, { identity, has, unavailable, handled }: Identified): void {
    const before = this.#printers.get(id);
    if (before === undefined) return;
    const offered = commandNames.filter((name) => isOffered(name, before.control, has, handled));
    const commands = new Set(offered.filter((name) => unavailable.get(name)?.retry !== "never"));
    const after = { ...before, identity, has, commands, unavailable };
    if (!isDeepStrictEqual(before, after)) this.#replace(before, after);
  }

  /** A reading from a working session. Parts that did not change keep their identity. */
  reported(id: string, readings: Readings): void {
    const before = this.#printers.get(id);
    if (before === undefined) return;
    const updatedAt = this.#now();
    const shared = share(before.state, readings);
    const state: PrinterState = { ...before.state, ...shared, connected: true, reason: null, updatedAt };
    const changed = !before.state.connected || Object.keys(shared).length > 0;
    if (changed) this.#replace(before, { ...before, state });
    else this.#printers.set(id, { ...before, state });
  }

  /** No session: readings are unknown from now on, `reason` says why. */
  lost(id: string, reason: string): void {
    const before = this.#printers.get(id);
    if (before === undefined || (!before.state.connected && before.state.reason === reason)) return;
    this.#replace(before, { ...before, state: { ...before.state, ...unknownReadings, connected: false, reason } });
  }

  #replace(before: Printer, printer: Printer): void {
    this.#printers.set(printer.id, printer);
    this.#events.emit({ type: "state", printer });
    for (const event of eventsBetween(before.state, printer.state, this.#now())) {
      this.#events.emit({ type: "event", event });
    }
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

/** A command is offered when it is handled, its capability is there, and control allows it. */
function isOffered(name: CommandName, control: boolean, has: Capabilities, handled: ReadonlySet<CommandName>): boolean {
  const { effect, needs } = commandRow(name);
  return handled.has(name) && (needs === undefined || has.has(needs)) && (control || effect === "observes");
}

/** The readings that differ from what is there. */
function share(before: Readings, after: Readings): Partial<Readings> {
  const keys = Object.keys(after) as (keyof Readings)[];
  return Object.fromEntries(
    keys.filter((key) => !isDeepStrictEqual(before[key], after[key])).map((key) => [key, after[key]]),
  );
}
