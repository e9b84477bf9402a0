// The gateway's event stream, recorded as it comes.

import type { Stack } from "./stack.ts";

export interface StreamEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export class EventStream implements AsyncDisposable {
  readonly seen: StreamEvent[] = [];
  readonly #life = new AbortController();
  readonly #reading: Promise<void>;

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reading = this.#read(body);
  }

  /** Open from here on: nothing after this is missed. */
  static async open(stack: Stack): Promise<EventStream> {
    const { body } = await fetch(`${stack.gatewayUrl}/api/v1/events`);
    if (body === null) throw new Error("the event stream has no body");
    return new EventStream(body);
  }

  /** The states of one printer, in their order. */
  states(id: string): readonly Readonly<Record<string, unknown>>[] {
    return this.seen.filter(({ name, data }) => name === "state" && data["id"] === id).map(({ data }) => data);
  }

  /** Types of what happened to one printer, in their order. */
  happened(id: string): unknown[] {
    return this.seen
      .filter(({ name, data }) => name === "event" && data["printer"] === id)
      .map(({ data }) => data["type"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    await this.#reading;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    this.#life.signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined), { once: true });
    let text = "";
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        text += part.value;
        const events = text.split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) this.#take(event);
      }
    } catch {
      // the gateway ended
    }
  }

  #take(event: string): void {
    const lines = event.split("\n");
    const name = lines.find((line) => line.startsWith("event: "))?.slice("event: ".length);
    const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice("data: ".length));
    if (name === undefined || data.length === 0) return;
    this.seen.push({ name, data: JSON.parse(data.join("\n")) as StreamEvent["data"] });
  }
}
