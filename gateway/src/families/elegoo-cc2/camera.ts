// The printer's camera: MJPEG on its own port, every path. It serves one viewer; a second gets
// headers and no pictures.

import { MjpegError, openMjpeg } from "@gantry/platform/mjpeg";
import { PrinterError } from "../../model/errors.ts";
import type { CameraOptions } from "../family.ts";
import type { Connection } from "./connection.ts";
import { httpUrl } from "./http.ts";
import { memoryOf } from "./memory.ts";
import { Cc2Session } from "./session.ts";

const firstFrameMs = 8000;
const stallMs = 15_000;

/**
 * Pictures until the stream fails. When the first does not come, the camera is asked once to begin
 * (1042; unanswered on 01.03.02.51), which shows at the next opening.
 */
export async function* frames(options: CameraOptions<Connection>): AsyncGenerator<Uint8Array, void> {
  const { connection, signal } = options;
  const host = memoryOf(connection).address ?? connection.host;
  let seen = false;
  try {
    const url = httpUrl(host, connection.camera_port, "/?action=stream");
    for await (const jpeg of openMjpeg(url, { signal, firstFrameMs, stallMs })) {
      seen = true;
      yield jpeg;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!seen && error instanceof MjpegError && error.reason === "stalled") {
      await begin(options);
      const words = "the camera sends no pictures: it serves one viewer, who may be somewhere else (slicer, phone app)";
      throw new PrinterError("unreachable", words, { cause: error });
    }
    throw asPrinterError(error);
  }
}

async function begin({ session, signal, log }: CameraOptions<Connection>): Promise<void> {
  if (!(session instanceof Cc2Session)) return;
  try {
    await session.ask("enableCamera", { enable: 1 }, { signal });
  } catch (error) {
    signal.throwIfAborted();
    log.debug("the camera could not be asked to begin", { error });
  }
}

function asPrinterError(error: unknown): PrinterError {
  if (!(error instanceof MjpegError)) return PrinterError.from(error);
  return new PrinterError(error.reason === "not-mjpeg" ? "protocol" : "unreachable", error.message, { cause: error });
}
