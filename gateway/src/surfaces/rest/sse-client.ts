// One listener of the event stream. A slow one gets only the newest state of each printer; one
// that leaves too much unread is cut off and may come back with the id it has.

import type { Entry } from "./event-log.ts";

/** The few members of a response that are used. */
export interface EventSink {
  write(text: string): boolean;
  end(): void;
  destroy(): void;
  once(event: "drain", listener: () => void): void;
  readonly writableLength: number;
}

const maxUnsentBytes = 1024 * 1024;

export class SseClient {
  readonly #sink: EventSink;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #waiting = new Map<string, string>();
  #waitingBytes = 0;
  #blocked = false;

  /** `wanted` undefined: every printer. */
  constructor(sink: EventSink, wanted: ReadonlySet<string> | undefined) {
    this.#sink = sink;
    this.#wanted = wanted;
  }

  wants(printer: string): boolean {
    return this.#wanted === undefined || this.#wanted.has(printer);
  }

  send(entry: Entry): void {
    if (entry.printer === null || this.wants(entry.printer)) this.#put(entry.key, entry.text());
  }

  /** A new beginning: drops what waits, since `text` tells everything. */
  restart(text: string): void {
    this.#waiting.clear();
    this.#waitingBytes = 0;
    this.#put("reset", text);
  }

  /** Keeps proxies from closing a quiet stream. */
  heartbeat(): void {
    if (!this.#blocked) this.#write(": hb\n\n");
  }

  end(text: string): void {
    this.#sink.write(text);
    this.#sink.end();
  }

  #put(key: string, text: string): void {
    if (!this.#blocked) return this.#write(text);
    this.#waitingBytes += text.length - (this.#waiting.get(key)?.length ?? 0);
    // Taken out first, so that the newest of a key stands last and ids stay in order.
    this.#waiting.delete(key);
    this.#waiting.set(key, text);
    if (this.#sink.writableLength + this.#waitingBytes > maxUnsentBytes) this.#sink.destroy();
  }

  #write(text: string): void {
    this.#blocked = !this.#sink.write(text);
    if (this.#blocked) this.#sink.once("drain", () => this.#drain());
  }

  #drain(): void {
    this.#blocked = false;
    for (const [key, text] of this.#waiting) {
      if (this.#blocked) return;
      this.#waiting.delete(key);
      this.#waitingBytes -= text.length;
      this.#write(text);
    }
  }
}
