// The event stream: GET /api/v1/events as server-sent events. It opens with everything as it is
// (or with what a returning client missed), then tells each change.

import type { Request, Response } from "express";
import type { Fleet } from "../../fleet/fleet.ts";
import { query, type Route } from "../route.ts";
import type { SurfaceOptions } from "../surface.ts";
import { EventLog, frame, type Entry } from "./event-log.ts";
import { SseClient } from "./sse-client.ts";

const heartbeatMs = 15_000;

const headers = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-cache, no-transform",
  "X-Accel-Buffering": "no",
};

export class EventStream implements Disposable {
  readonly #log: EventLog;
  readonly #clients = new Set<SseClient>();
  readonly #end = new AbortController();

  constructor(fleet: Fleet, { clock }: Pick<SurfaceOptions, "clock">) {
    this.#log = new EventLog(fleet, clock.now(), (entry) => this.#tell(entry));
    void this.#beat(clock);
  }

  get clients(): number {
    return this.#clients.size;
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#log[Symbol.dispose]();
    for (const client of this.#clients) client.end(frame("bye", {}));
    this.#clients.clear();
  }

  readonly route: Route = {
    method: "get",
    path: "/api/v1/events",
    operationId: "streamEvents",
    summary:
      "Every change as server-sent events: `snapshot` first, then `state`, `event`, `reset`, and `bye` at the end.",
    query: [
      { name: "printers", description: "Ids, separated by commas; all when left out.", schema: { type: "string" } },
      {
        name: "last_event_id",
        description: "The same as the header Last-Event-ID: goes on after that event.",
        schema: { type: "string" },
      },
    ],
    answers: { "200": { type: "text/event-stream", description: "The stream." } },
    handle: (request, response) => this.#open(request, response),
  };

  #open(request: Request, response: Response): void {
    const wanted = query(request, "printers")?.split(",");
    const lastId = request.get("Last-Event-ID") ?? query(request, "last_event_id");
    response.writeHead(200, headers);
    if (request.method === "HEAD") return void response.end();
    const client = new SseClient(response, wanted === undefined ? undefined : new Set(wanted));
    this.#clients.add(client);
    response.once("close", () => void this.#clients.delete(client));
    response.write("retry: 3000\n\n");
    const missed = lastId === undefined ? undefined : this.#log.since(lastId);
    if (missed !== undefined) for (const entry of missed) client.send(entry);
    else if (lastId !== undefined) this.#reset(client);
    else client.restart(this.#log.snapshot((printer) => client.wants(printer)));
  }

  #tell(entry: Entry): void {
    for (const client of this.#clients) {
      if (entry.key === "reset") this.#reset(client);
      else client.send(entry);
    }
  }

  #reset(client: SseClient): void {
    client.restart(frame("reset", {}) + this.#log.snapshot((printer) => client.wants(printer)));
  }

  async #beat(clock: SurfaceOptions["clock"]): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await clock.wait(heartbeatMs, signal).catch(() => undefined);
      if (!signal.aborted) for (const client of this.#clients) client.heartbeat();
    }
  }
}
