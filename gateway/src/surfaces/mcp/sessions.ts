// The sessions of Streamable HTTP: which there are, which are idle, and when they end. Requests
// themselves are the SDK's transport's business.

import { randomUUID } from "node:crypto";
import type { Request, Response } from "express";
import type { Clock } from "@gantry/platform/clock";
import { setCallbacks, StreamableHTTPServerTransport, type Server } from "./sdk.ts";

const idleMs = 30 * 60_000;
const sweepMs = 60_000;
const maxSessions = 64;

interface Session {
  readonly server: Server;
  readonly transport: StreamableHTTPServerTransport;
  seenMs: number;
  /** Responses that have not ended, the client's listening stream among them. */
  open: number;
}

export class Sessions implements AsyncDisposable {
  readonly #build: () => Server;
  readonly #clock: Clock;
  readonly #sessions = new Map<string, Session>();
  readonly #end = new AbortController();

  constructor(build: () => Server, clock: Clock) {
    this.#build = build;
    this.#clock = clock;
    void this.#sweep();
  }

  get size(): number {
    return this.#sessions.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await Promise.all([...this.#sessions.values()].map(async ({ server }) => server.close()));
  }

  /** Answers any request to the endpoint; what is wrong with it is told as a JSON-RPC error. */
  async handle(request: Request, response: Response): Promise<void> {
    const id = request.get("Mcp-Session-Id");
    if (id === undefined) return this.#begin(request, response);
    const session = this.#sessions.get(id);
    if (session === undefined) return refuse(response, 404, -32_001, "Session not found");
    session.open += 1;
    response.once("close", () => {
      session.open -= 1;
      session.seenMs = this.#clock.monotonic();
    });
    session.seenMs = this.#clock.monotonic();
    await session.transport.handleRequest(request, response);
  }

  /** A request outside any session can only begin one. */
  async #begin(request: Request, response: Response): Promise<void> {
    if (request.method !== "POST") return refuse(response, 400, -32_000, "Mcp-Session-Id is missing");
    if (!this.#makeRoom()) {
      response.set("Retry-After", "60");
      return refuse(response, 503, -32_000, `There are ${maxSessions} sessions, all in use`);
    }
    const server = this.#build();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        this.#sessions.set(id, { server, transport, seenMs: this.#clock.monotonic(), open: 0 });
      },
    });
    const closed = server.onclose;
    setCallbacks(server, {
      onclose: () => {
        closed?.();
        if (transport.sessionId !== undefined) this.#sessions.delete(transport.sessionId);
      },
    });
    await server.connect(transport);
    await transport.handleRequest(request, response);
    if (transport.sessionId === undefined || this.#end.signal.aborted) await server.close();
  }

  /** Closes the session that was idle longest if there is no room; false when none is idle. */
  #makeRoom(): boolean {
    if (this.#sessions.size < maxSessions) return true;
    const idle = [...this.#sessions.values()].filter(({ open }) => open === 0);
    const [oldest] = idle.toSorted((one, other) => one.seenMs - other.seenMs);
    void oldest?.server.close();
    return oldest !== undefined;
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await this.#clock.wait(sweepMs, signal).catch(() => undefined);
      const beforeMs = this.#clock.monotonic() - idleMs;
      for (const { server, open, seenMs } of this.#sessions.values()) {
        if (open === 0 && seenMs <= beforeMs) await server.close();
      }
    }
  }
}

function refuse(response: Response, status: number, code: number, message: string): void {
  response.status(status).json({ jsonrpc: "2.0", id: null, error: { code, message } });
}
