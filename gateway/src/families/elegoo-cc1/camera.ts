// The printer's camera: MJPEG on its own port. One connection; the firmware has one slot and leaks it.

import { MjpegError, openMjpeg } from "@gantry/platform/mjpeg";
import { PrinterError } from "../../model/errors.ts";
import type { CameraOptions } from "../family.ts";
import type { Connection } from "./connection.ts";
import { CentauriSession } from "./session.ts";
import { refusalOf } from "./words.ts";

const firstFrameMs = 5000;
const stallMs = 15_000;

/**
 * Pictures until the stream fails. When the first does not come, the camera is switched on once,
 * as someone may have switched it off at the printer's own page; it is never switched off.
 */
export async function* frames(options: CameraOptions<Connection>): AsyncGenerator<Uint8Array, void> {
  const { session } = options;
  const { camera_port: port } = options.connection;
  // A printer that has moved is where its session found it.
  const host = session instanceof CentauriSession ? session.host : options.connection.host;
  const address = host.includes(":") ? `[${host}]` : host;
  let seen = false;
  try {
    for await (const jpeg of openMjpeg(`http://${address}:${port}/video`, {
      signal: options.signal,
      firstFrameMs,
      stallMs,
    })) {
      seen = true;
      yield jpeg;
    }
  } catch (error) {
    options.signal.throwIfAborted();
    if (!seen && error instanceof MjpegError && error.reason === "stalled") await switchOn(options);
    throw asPrinterError(error);
  }
}

async function switchOn({ session, signal }: CameraOptions<Connection>): Promise<void> {
  if (!(session instanceof CentauriSession)) return;
  const { ack } = await session.ask("enableCamera", { Enable: 1 }, { signal });
  if (ack !== null && ack !== 0) throw new PrinterError("printer_refused", refusalOf("enableCamera", ack));
}

function asPrinterError(error: unknown): PrinterError {
  if (!(error instanceof MjpegError)) return PrinterError.from(error);
  return new PrinterError(error.reason === "not-mjpeg" ? "protocol" : "unreachable", error.message, { cause: error });
}
