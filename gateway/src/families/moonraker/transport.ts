// The one WebSocket to Moonraker: frames in, frames out, close. The only file that knows `ws`.
// No message meaning, no retries.

import { on } from "node:events";
import { WebSocket } from "ws";
import { PrinterError } from "../../model/errors.ts";
import { addressOf, type Connection } from "./connection.ts";
import { refusedKey } from "./refusals.ts";

/** A full configuration of a large machine is about 1 MiB; histories and file lists grow. */
const maxFrameBytes = 64 * 1024 * 1024;
const handshakeMs = 10_000;

export interface Transport {
  /** Text frames as they arrive; ends when the socket closes, throws when it breaks. */
  readonly frames: AsyncIterable<string>;
  /** Sends one text frame; a closed socket swallows it, and `frames` ends. */
  send(frame: string): void;
  /** Close frame first, then FIN. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens `/websocket` below the connection's URL. Moonraker takes a socket from anyone and judges
 * the key with the first request.
 * @throws PrinterError `unreachable`, `printer_auth` when a proxy asks for more
 */
export async function openTransport(connection: Connection, signal: AbortSignal): Promise<Transport> {
  signal.throwIfAborted();
  const url = addressOf(connection, "websocket");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const key = connection.api_key;
  const socket = new WebSocket(url, {
    maxPayload: maxFrameBytes,
    handshakeTimeout: handshakeMs,
    headers: key === undefined ? {} : { "X-Api-Key": key },
  });
  const messages = on(socket, "message", { close: ["close"] });
  const abort = (): void => socket.terminate();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await opened(socket);
  } catch (error) {
    await messages.return?.();
    socket.on("error", () => undefined);
    socket.terminate();
    signal.throwIfAborted();
    throw PrinterError.from(error);
  } finally {
    signal.removeEventListener("abort", abort);
  }
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
    socket.once("close", () => reject(new PrinterError("unreachable", "Moonraker closed the connection")));
    socket.once("unexpected-response", (_request, response) => {
      response.resume();
      reject(refusal(response.statusCode ?? 0));
    });
  });
}

function refusal(status: number): PrinterError {
  if (status === 401 || status === 403) return refusedKey();
  if (status === 502 || status === 504) {
    return new PrinterError("unreachable", `the web server answers HTTP ${status}: Moonraker behind it does not run`);
  }
  return new PrinterError(
    "unreachable",
    `the address answers HTTP ${status}: is this Moonraker? check \`connection.url\``,
  );
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
    const cut = setTimeout(() => socket.terminate(), 1000);
    socket.once("close", () => {
      clearTimeout(cut);
      resolve();
    });
    socket.close(1000);
  });
}
