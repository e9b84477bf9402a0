// The one WebSocket to Moonraker and what its refusals mean. No message meaning, no retries.

import { openTextSocket } from "@gantry/platform/text-socket";
import { PrinterError } from "../../model/errors.ts";
import { addressOf, type Connection } from "./connection.ts";
import { refusedKey } from "./refusals.ts";

/** A full configuration of a large machine is about 1 MiB; histories and file lists grow. */
const maxFrameBytes = 64 * 1024 * 1024;

export interface Transport {
  /** Text frames as they arrive; ends when the socket closes, throws when it breaks. */
  readonly frames: AsyncIterable<string>;
  /** Sends one text frame; a closed socket swallows it, and `frames` ends. */
  send(frame: string): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens `/websocket` below the connection's URL. Moonraker takes a socket from anyone and judges
 * the key with the first request.
 * @throws PrinterError `unreachable`, `printer_auth` when a proxy asks for more
 */
export async function openTransport(connection: Connection, signal: AbortSignal): Promise<Transport> {
  const url = addressOf(connection, "websocket");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const key = connection.api_key;
  try {
    return await openTextSocket(url, {
      signal,
      maxFrameBytes,
      compress: true,
      headers: key === undefined ? {} : { "X-Api-Key": key },
      refused: refusal,
      closedEarly: () => new PrinterError("unreachable", "Moonraker closed the connection"),
    });
  } catch (error) {
    signal.throwIfAborted();
    throw PrinterError.from(error);
  }
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
