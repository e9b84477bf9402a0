// The one WebSocket to the printer and what its refusals mean. No message meaning, no retries.

import { openTextSocket } from "@gantry/platform/text-socket";
import { PrinterError } from "../../model/errors.ts";

/** Seen answers stay below this; file lists and histories are long. */
const maxFrameBytes = 32 * 1024 * 1024;
/** After `too many client` the dossier of the firmware asks for at least this long. */
const slotsFullRetryMs = 30_000;

export interface Transport {
  /** Text frames as they arrive; ends when the socket closes, throws when it breaks. */
  readonly frames: AsyncIterable<string>;
  /** Sends one text frame; a closed socket swallows it, and `frames` ends. */
  send(frame: string): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens `ws://host:port/websocket`, without compression or subprotocol.
 * @throws PrinterError `unreachable`; with `retryAfterMs` when all five slots are taken
 */
export async function openTransport(host: string, port: number, signal: AbortSignal): Promise<Transport> {
  const address = host.includes(":") ? `[${host}]` : host;
  try {
    const socket = await openTextSocket(`ws://${address}:${port}/websocket`, {
      signal,
      maxFrameBytes,
      // A file name in another encoding must not cost the connection.
      anyEncoding: true,
      refused: refusal,
      closedEarly: () => new PrinterError("unreachable", "the printer closed the connection"),
    });
    return { ...socket, frames: unbroken(socket.frames) };
  } catch (error) {
    signal.throwIfAborted();
    throw named(error, "unreachable", "the printer does not answer on the network; is it on?");
  }
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

async function* unbroken(frames: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* frames;
  } catch (error) {
    throw named(error, "protocol", "the printer broke the WebSocket's framing, or sent more than 32 MiB at once");
  }
}
