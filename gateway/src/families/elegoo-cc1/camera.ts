// The printer's camera: MJPEG on its own port. One connection; the firmware has one slot and leaks it.

import { MjpegError, openMjpeg } from "@gantry/platform/mjpeg";
import { PrinterError } from "../../model/errors.ts";
import type { CameraOptions } from "../family.ts";
import type { Connection } from "./connection.ts";
import { CentauriSession } from "./session.ts";

const firstFrameMs = 5000;
const stallMs = 15_000;

const cameraRefusals: Readonly<Record<number, string>> = {
  1: "the camera is in use by another viewer",
  2: "the printer has no camera",
};

/**
 * Pictures until the stream fails. When the first does not come, the camera is switched on once,
 * as someone may have switched it off at the printer's own page; it is never switched off.
 */
export async function* frames(options: CameraOptions<Connection>): AsyncGenerator<Uint8Array, void> {
  const { host, camera_port: port } = options.connection;
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
  const words = ack === null || ack === 0 ? undefined : (cameraRefusals[ack] ?? `the camera refused, code ${ack}`);
  if (words !== undefined) throw new PrinterError("printer_refused", words);
}

function asPrinterError(error: unknown): PrinterError {
  if (!(error instanceof MjpegError)) return PrinterError.from(error);
  return new PrinterError(error.reason === "not-mjpeg" ? "protocol" : "unreachable", error.message, { cause: error });
}
