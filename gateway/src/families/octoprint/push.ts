// The push socket: SockJS's raw WebSocket endpoint, text frames in and out. No message meaning, no
// retries.

import type { Clock } from "@gantry/platform/clock";
import { openTextSocket } from "@gantry/platform/text-socket";
import { PrinterError } from "../../model/errors.ts";
import { baseOf } from "./rest.ts";

/** `history` carries every temperature of the last half hour. */
const maxFrameBytes = 32 * 1024 * 1024;

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
  const socket = await opened(url, signal);
  let heardMs = clock.monotonic();
  socket.onHeard(() => (heardMs = clock.monotonic()));
  return {
    frames: socket.frames,
    get heardMs() {
      return heardMs;
    },
    send: (message) => socket.send(JSON.stringify(message)),
    ping: () => socket.ping(),
    close: async () => socket.close(),
  };
}

async function opened(url: string, signal: AbortSignal) {
  try {
    return await openTextSocket(`${baseOf(url).replace(/^http/u, "ws")}/sockjs/websocket`, {
      signal,
      maxFrameBytes,
      refused: (status) => new PrinterError("unreachable", `OctoPrint's push socket is refused with HTTP ${status}`),
      closedEarly: () => new PrinterError("unreachable", "OctoPrint closed the push socket"),
    });
  } catch (error) {
    signal.throwIfAborted();
    throw PrinterError.from(error);
  }
}
