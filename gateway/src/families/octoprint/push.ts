// The push socket: SockJS's raw WebSocket endpoint, text frames in and out. The only file that knows
// `ws`. No message meaning, no retries.

import { on } from "node:events";
import { WebSocket } from "ws";
import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../model/errors.ts";
import { baseOf } from "./rest.ts";

/** `history` carries every temperature of the last half hour. */
const maxFrameBytes = 32 * 1024 * 1024;
const handshakeMs = 10_000;

export interface Push {
  /** Text frames as they arrive; ends when the socket closes, throws when it breaks. */
  readonly frames: AsyncIterable<string>;
  /** When something last came, pongs as well; ms on the steady clock. */
  readonly heardMs: number;
  send(message: Readonly<Record<string, unknown>>): void;
  /** The server answers it, however quiet its machine is. */
  ping(): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Opens `/sockjs/websocket`. @throws PrinterError `unreachable`; the signal's reason when it aborts */
export async function openPush(url: string, clock: Clock, signal: AbortSignal): Promise<Push> {
  signal.throwIfAborted();
  const socket = new WebSocket(`${baseOf(url).replace(/^http/u, "ws")}/sockjs/websocket`, {
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    handshakeTimeout: handshakeMs,
  });
  let heardMs = clock.monotonic();
  const hear = (): void => {
    heardMs = clock.monotonic();
  };
  socket.on("message", hear);
  socket.on("pong", hear);
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
    get heardMs() {
      return heardMs;
    },
    send: (message) => socket.send(JSON.stringify(message), () => undefined),
    ping: () => socket.ping(undefined, undefined, () => undefined),
    close: async () => closed(socket),
  };
}

async function opened(socket: WebSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new PrinterError("unreachable", "OctoPrint closed the push socket")));
    socket.once("unexpected-response", (_request, response) => {
      response.resume();
      reject(new PrinterError("unreachable", `OctoPrint's push socket is refused with HTTP ${response.statusCode}`));
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
    const cut = setTimeout(() => socket.terminate(), 1000);
    socket.once("close", () => {
      clearTimeout(cut);
      resolve();
    });
    socket.close(1000);
  });
}
