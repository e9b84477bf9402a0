// What happened lately, numbered: the memory behind replays of the event stream. Ids are
// `<epoch>-<counter>`; the epoch is the start of this process, so ids of another one never match.

import type { Fleet, FleetEvent } from "../../fleet/fleet.ts";
import type { PrinterEvent } from "../../model/events.ts";
import { kebabCase } from "../../model/naming.ts";
import { printerDocument, printerState } from "../printer-document.ts";

/** One frame of the stream, ready to be written. */
export interface Entry {
  /** Of entries with the same key only the newest need reach a slow client. */
  readonly key: string;
  /** The printer it is about; null concerns everyone. */
  readonly printer: string | null;
  text(): string;
}

interface Kept extends Entry {
  readonly counter: number;
}

const keptEntries = 1000;

/** An SSE frame; without an id the client keeps the one it has. */
export function frame(event: string, data: unknown, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

export class EventLog implements Disposable {
  readonly #fleet: Fleet;
  readonly #epoch: number;
  readonly #subscription: Disposable;
  readonly #onEntry: (entry: Entry) => void;
  #kept: Kept[] = [];
  #counter = 0;

  /** `onEntry` takes each entry as it is made; an entry with key `reset` stands for a new inventory. */
  constructor(fleet: Fleet, epochMs: number, onEntry: (entry: Entry) => void) {
    this.#fleet = fleet;
    this.#epoch = epochMs;
    this.#onEntry = onEntry;
    this.#subscription = fleet.on((event) => this.#take(event));
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  /** Everything as it is now, of the printers that are wanted. */
  snapshot(wants: (printer: string) => boolean): string {
    const printers = this.#fleet.list().filter((printer) => wants(printer.id));
    return frame("snapshot", { items: printers.map((printer) => printerDocument(printer)) }, this.#id(this.#counter));
  }

  /** What came after `lastId`, oldest first; undefined when that is no longer known. */
  since(lastId: string): readonly Entry[] | undefined {
    const [, epoch, counter] = /^(\d{1,16})-(\d{1,16})$/u.exec(lastId) ?? [];
    const last = Number(counter);
    const oldest = this.#kept[0]?.counter ?? this.#counter + 1;
    if (Number(epoch) !== this.#epoch || last < oldest - 1 || last > this.#counter) return undefined;
    return this.#kept.filter((entry) => entry.counter > last);
  }

  #take(event: FleetEvent): void {
    if (event.type === "state") {
      const { printer } = event;
      this.#add("state", `state ${printer.id}`, printer.id, () => printerState(printer));
    } else if (event.type === "event") {
      this.#add("event", `event ${this.#counter}`, event.event.printer, () => eventDocument(event.event));
    } else if (event.type === "inventory") {
      this.#counter += 1;
      this.#kept = [];
      this.#onEntry({ key: "reset", printer: null, text: () => "" });
    }
  }

  #add(type: "state" | "event", key: string, printer: string, data: () => unknown): void {
    this.#counter += 1;
    const { id, counter } = { id: this.#id(this.#counter), counter: this.#counter };
    let text: string | undefined;
    const entry = { key, printer, counter, text: () => (text ??= frame(type, data(), id)) };
    this.#kept.push(entry);
    if (this.#kept.length > keptEntries) this.#kept.shift();
    this.#onEntry(entry);
  }

  #id(counter: number): string {
    return `${this.#epoch}-${counter}`;
  }
}

/** An event as REST tells it: its command is spelt as in the path that asks it. */
function eventDocument(event: PrinterEvent): object {
  return { ...event, command: event.command === null ? null : kebabCase(event.command) };
}
