// Carries JSON-RPC messages between a local client and a gateway's /mcp. When the gateway was
// restarted and no longer knows the session, it opens a new one with the client's own first
// words, so that the client notices nothing.

import { setTimeout as sleep } from "node:timers/promises";
import {
  isInitializeRequest,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  setCallbacks,
  StreamableHTTPClientTransport,
  StreamableHTTPError,
  type JSONRPCMessage,
} from "./sdk.ts";

/** How long a gateway may take to open a session anew, ms. */
const renewMs = 10_000;
const connectionClosed = -32_000;
/** Ids of the relay's own requests; a client has no reason to use one like it. */
const ownId = "gantry-relay-initialize";

export class Relay implements AsyncDisposable {
  readonly #endpoint: URL;
  readonly #toClient: (message: JSONRPCMessage) => Promise<void>;
  readonly #tell: (line: string) => void;
  #transport: StreamableHTTPClientTransport;
  /** Messages go one after another: the gateway must have taken `initialize` before the rest. */
  #queue: Promise<void>;
  #initialize: JSONRPCMessage | undefined;
  #renewed: (() => void) | undefined;
  /** Requests of the client that have no answer yet. */
  readonly #asked = new Set<string | number | undefined>();
  #settled: (() => void) | undefined;

  constructor(endpoint: URL, toClient: (message: JSONRPCMessage) => Promise<void>, tell: (line: string) => void) {
    this.#endpoint = endpoint;
    this.#toClient = toClient;
    this.#tell = tell;
    this.#transport = this.#open();
    this.#queue = this.#transport.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport.terminateSession().catch(() => undefined); // it ends by itself when idle
    await this.#transport.close();
  }

  /** Takes a message of the client. Never throws: a request that cannot be carried is answered with an error. */
  send(message: JSONRPCMessage): void {
    if (isInitializeRequest(message)) this.#initialize = message;
    if (isJSONRPCRequest(message)) this.#asked.add(message.id);
    this.#queue = this.#queue.then(async () => this.#carry(message));
  }

  /** Resolves when every request so far has its answer, or the signal aborts. */
  async answered(signal: AbortSignal): Promise<void> {
    await this.#queue;
    if (this.#asked.size === 0 || signal.aborted) return;
    const settled = Promise.withResolvers<void>();
    this.#settled = settled.resolve;
    signal.addEventListener("abort", () => settled.resolve(), { once: true });
    await settled.promise;
  }

  async #carry(message: JSONRPCMessage): Promise<void> {
    try {
      await this.#transport.send(message).catch(async (error: unknown) => {
        if (!isUnknownSession(error) || this.#initialize === undefined) throw error;
        await this.#renew(this.#initialize);
        await this.#transport.send(message);
      });
    } catch (error) {
      const words = `the gateway at ${this.#endpoint.href} did not take it: ${reason(error)}`;
      this.#tell(`gantry mcp: ${words}`);
      if (!isJSONRPCRequest(message)) return;
      this.#asked.delete(message.id);
      await this.#toClient({ jsonrpc: "2.0", id: message.id, error: { code: connectionClosed, message: words } });
    }
  }

  async #renew(initialize: JSONRPCMessage): Promise<void> {
    await this.#transport.close();
    this.#transport = this.#open();
    await this.#transport.start();
    const renewed = Promise.withResolvers<void>();
    this.#renewed = renewed.resolve;
    await this.#transport.send({ ...initialize, id: ownId });
    await Promise.race([renewed.promise, sleep(renewMs, undefined, { ref: false })]);
    await this.#transport.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  }

  #open(): StreamableHTTPClientTransport {
    const transport = new StreamableHTTPClientTransport(this.#endpoint);
    const onmessage = (message: JSONRPCMessage): void => {
      if (isJSONRPCResultResponse(message) && typeof message.result["protocolVersion"] === "string") {
        transport.setProtocolVersion(message.result["protocolVersion"]);
      }
      if (!("method" in message) && message.id === ownId) return this.#renewed?.();
      if (!("method" in message)) this.#asked.delete(message.id);
      void this.#toClient(message);
      if (this.#asked.size === 0) this.#settled?.();
    };
    setCallbacks(transport, { onmessage });
    return transport;
  }
}

function isUnknownSession(error: unknown): boolean {
  return error instanceof StreamableHTTPError && error.code === 404;
}

function reason(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== "" ? cause.message : message;
}
