// One WebSocket of text frames: opened with a signal, read as they come, closed for good. The only
// file that opens one with `ws`. It knows no message, and never opens a second time.

import { on } from "node:events";
import { WebSocket } from "ws";

const handshakeMs = 10_000;
/** How long the other side may take to answer a close frame. */
const closeMs = 1000;
/** What is read of the body of a refusal. */
const refusalCharacters = 200;

export interface TextSocketOptions {
  readonly signal: AbortSignal;
  /** A longer frame breaks the socket. */
  readonly maxFrameBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Offers compression. Default false. */
  readonly compress?: boolean;
  /** Text in another encoding is read with replacements in place of breaking the socket. Default false. */
  readonly anyEncoding?: boolean;
  /** The error for an HTTP answer in place of a socket, and for a close before it was open. */
  readonly refused: (status: number, body: string) => Error;
  readonly closedEarly: () => Error;
}

export interface TextSocket {
  /** Text frames as they arrive; ends when the socket closes, throws the library's error when it breaks. */
  readonly frames: AsyncIterable<string>;
  /** Sends one text frame; a closed socket swallows it, and `frames` ends. */
  send(frame: string): void;
  /** The other side answers it, however quiet it is otherwise. */
  ping(): void;
  /** Called for whatever comes in, pongs as well. */
  onHeard(listener: () => void): void;
  /** Close frame first, then FIN, so that the other side frees the slot at once. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens `ws:` or `wss:`, without a subprotocol.
 * @throws what `refused` or `closedEarly` make, the library's or the system's error, or the signal's reason
 */
export async function openTextSocket(url: string | URL, options: TextSocketOptions): Promise<TextSocket> {
  const { signal, headers = {}, compress = false, anyEncoding = false } = options;
  signal.throwIfAborted();
  const socket = new WebSocket(url, {
    perMessageDeflate: compress,
    maxPayload: options.maxFrameBytes,
    handshakeTimeout: handshakeMs,
    skipUTF8Validation: anyEncoding,
    headers,
  });
  const messages = on(socket, "message", { close: ["close"] });
  const abort = (): void => socket.terminate();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await opened(socket, options);
  } catch (error) {
    await messages.return?.();
    socket.on("error", () => undefined);
    socket.terminate();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
  return {
    frames: texts(messages),
    send: (frame) => socket.send(frame, () => undefined),
    ping: () => socket.ping(undefined, undefined, () => undefined),
    onHeard: (listener) => void socket.on("message", listener).on("pong", listener),
    close: async () => closed(socket),
  };
}

async function opened(
  socket: WebSocket,
  { refused, closedEarly }: Pick<TextSocketOptions, "refused" | "closedEarly">,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(closedEarly()));
    socket.once("unexpected-response", (_request, response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body = (body + chunk).slice(0, refusalCharacters)));
      response.on("close", () => reject(refused(response.statusCode ?? 0, body)));
    });
  });
}

async function* texts(messages: AsyncIterable<unknown[]>): AsyncGenerator<string> {
  for await (const [data, isBinary] of messages) {
    if (isBinary !== true && Buffer.isBuffer(data)) yield data.toString("utf8");
  }
}

async function closed(socket: WebSocket): Promise<void> {
  socket.on("error", () => undefined);
  if (socket.readyState === WebSocket.CLOSED) return;
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => socket.terminate(), closeMs);
    socket.once("close", () => {
      clearTimeout(cut);
      resolve();
    });
    socket.close(1000);
  });
}
