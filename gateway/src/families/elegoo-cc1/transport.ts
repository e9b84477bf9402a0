// The one WebSocket to the printer: frames in, frames out, close. The only file that knows `ws`.
// No message meaning, no retries.

import { on } from "node:events";
import { WebSocket } from "ws";
import { PrinterError } from "../../model/errors.ts";

/** Seen answers stay below this; file lists and histories are long. */
const maxFrameBytes = 32 * 1024 * 1024;
const handshakeMs = 10_000;
/** After `too many client` the dossier of the firmware asks for at least this long. */
const slotsFullRetryMs = 30_000;

export interface Transport {
  /** Text frames as they arrive; ends when the socket closes, throws when it breaks. */
  readonly frames: AsyncIterable<string>;
  /** Sends one text frame; a closed socket swallows it, and `frames` ends. */
  send(frame: string): void;
  /** Close frame first, then FIN, so that the printer frees the slot at once. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens `ws://host:port/websocket`, without compression or subprotocol.
 * @throws PrinterError `unreachable`; with `retryAfterMs` when all five slots are taken
 */
export async function openTransport(host: string, port: number, signal: AbortSignal): Promise<Transport> {
  signal.throwIfAborted();
  const address = host.includes(":") ? `[${host}]` : host;
  const socket = new WebSocket(`ws://${address}:${port}/websocket`, {
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    handshakeTimeout: handshakeMs,
    // A file name in another encoding must not cost the connection.
    skipUTF8Validation: true,
  });
  const messages = on(socket, "message", { close: ["close"] });
  const abort = (): void => socket.terminate();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await opened(socket);
  } catch (error) {
    signal.removeEventListener("abort", abort);
    await messages.return?.();
    socket.on("error", () => undefined);
    socket.terminate();
    signal.throwIfAborted();
    throw named(error, "unreachable", "the printer does not answer on the network; is it on?");
  }
  signal.removeEventListener("abort", abort);
  return {
    frames: texts(messages),
    send: (frame) => socket.send(frame, () => undefined),
    close: async () => closed(socket),
  };
}

async function opened(socket: WebSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new PrinterError("unreachable", "the printer closed the connection")));
    socket.once("unexpected-response", (_request, response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body = (body + chunk).slice(0, 200)));
      response.on("close", () => reject(refusal(response.statusCode ?? 0, body)));
    });
  });
}

function refusal(status: number, body: string): PrinterError {
  if (status === 500 && body.includes("too many client")) {
    return new PrinterError(
      "unreachable",
      "all 5 connections of the printer are in use; close a slicer, a browser tab or an app that watches it",
      { retryAfterMs: slotsFullRetryMs },
    );
  }
  return new PrinterError("unreachable", `the address answers HTTP ${status}: is this a Centauri Carbon (1)?`);
}

/** The library's own errors carry no code that would name them. */
function named(error: unknown, code: "unreachable" | "protocol", words: string): PrinterError {
  const known = PrinterError.from(error);
  return known.code === "internal" ? new PrinterError(code, words, { cause: error }) : known;
}

async function* texts(messages: AsyncIterable<unknown[]>): AsyncGenerator<string> {
  try {
    for await (const [data, isBinary] of messages) {
      if (isBinary !== true && Buffer.isBuffer(data)) yield data.toString("utf8");
    }
  } catch (error) {
    throw named(error, "protocol", "the printer broke the WebSocket's framing, or sent more than 32 MiB at once");
  }
}

async function closed(socket: WebSocket): Promise<void> {
  socket.on("error", () => undefined);
  if (socket.readyState === WebSocket.CLOSED) return;
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => socket.terminate(), 1000);
    socket.once("close", () => {
      clearTimeout(cut);
      resolve();
    });
    socket.close(1000);
  });
}
