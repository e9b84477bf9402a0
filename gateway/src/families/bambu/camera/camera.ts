// The JPEG camera of P1, A1 and A2L: one TLS connection, which serves one viewer. Its bytes are in
// ./camera-packets.ts; the cameras of the other models are in ./video.ts.

import { PrinterError } from "../../../model/errors.ts";
import type { CameraOptions } from "../../family.ts";
import { cameraOf } from "./camera-kind.ts";
import { openCamera } from "./camera-socket.ts";
import { FrameReader, loginPacket } from "./camera-packets.ts";
import { demandLan, type Connection } from "../connection.ts";
import { printerTls, tlsFailure } from "../trust/trust.ts";

/** Idle printers send a picture every two seconds. */
const stallMs = 30_000;
/** A wrong code is not tried again for this long. */
const wrongCodeMs = 300_000;

export interface CameraTiming {
  readonly stallMs?: number;
}

/**
 * Pictures until the stream fails. The connection is closed before it ends, however it ends.
 * @throws PrinterError `unsupported` for a model that sends video; `printer_auth` when the printer
 *   closes without a picture, which is what a wrong code gets; `unreachable`, `protocol`
 */
export async function* frames(
  { connection: given, session, signal, log, dataFolder }: CameraOptions<Connection>,
  timing: CameraTiming = {},
): AsyncGenerator<Uint8Array, void> {
  const connection = demandLan(given);
  const { kind, port } = cameraOf(connection, session);
  if (kind === "rtsps") {
    throw new PrinterError("unsupported", "this model's camera sends H.264 by RTSP, which the RTSP bridge passes on");
  }
  const tls = printerTls(connection, { port, dataFolder, log });
  await using camera = await openCamera({ host: connection.host, port, tls, signal });
  const reader = new FrameReader();
  let seen = false;
  const stalled = setTimeout(() => camera.socket.destroy(stall()), timing.stallMs ?? stallMs);
  try {
    camera.socket.write(loginPacket(connection.access_code));
    for await (const bytes of camera.socket as AsyncIterable<Buffer>) {
      for (const jpeg of reader.push(bytes)) {
        seen = true;
        stalled.refresh();
        yield jpeg;
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (seen || error instanceof PrinterError) throw tlsFailure(error);
  } finally {
    clearTimeout(stalled);
  }
  signal.throwIfAborted();
  throw seen ? closed() : refused();
}

function stall(): PrinterError {
  const words = "the camera sends no pictures: it serves one viewer, who may be somewhere else (slicer, phone app)";
  return new PrinterError("unreachable", words);
}

function closed(): PrinterError {
  return new PrinterError("unreachable", "the camera closed the connection; perhaps another viewer took it");
}

function refused(): PrinterError {
  const words =
    "the camera closed without a picture, as it does with a wrong access code; compare it with the one on the printer's screen";
  return new PrinterError("printer_auth", words, { retryAfterMs: wrongCodeMs });
}
