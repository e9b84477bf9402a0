// The webcam that OctoPrint's settings name: its MJPEG stream, or its snapshots one after the other.
// Pictures are passed as the webcam takes them; turning them is left to who shows them.

import { MjpegError } from "@gantry/platform/mjpeg";
import { openPictures } from "@gantry/platform/pictures";
import { PrinterError } from "../../model/errors.ts";
import type { CameraOptions } from "../family.ts";
import type { Connection } from "./connection.ts";
import { Rest } from "./rest.ts";
import { webcamOf, type Webcam } from "./webcam.ts";

const firstFrameMs = 10_000;
const stallMs = 15_000;

/**
 * Pictures until the webcam fails. The settings are read at each opening, so that a change there is
 * taken; the API key goes to OctoPrint alone, never to the webcam.
 */
export async function* frames(options: CameraOptions<Connection>): AsyncGenerator<Uint8Array, void> {
  const { connection, clock, signal, log } = options;
  const settings = await new Rest(connection, clock).get("/api/settings", { signal });
  const webcam = webcamOf(settings, connection.url);
  if (webcam === null) throw new PrinterError("unsupported", "OctoPrint's settings name no webcam with JPEG pictures");
  if (webcam.turned.length > 0) log.info("pictures are passed unturned", { turned: webcam.turned });
  try {
    yield* pictures(webcam, options);
  } catch (error) {
    signal.throwIfAborted();
    throw asPrinterError(error);
  }
}

async function* pictures(webcam: Webcam, options: CameraOptions<Connection>): AsyncGenerator<Uint8Array, void> {
  const { stream, snapshot } = webcam;
  const { signal, clock, log } = options;
  if (stream !== null) {
    let seen = false;
    try {
      for await (const jpeg of openPictures(stream, { signal, clock, firstFrameMs, stallMs })) {
        seen = true;
        yield jpeg;
      }
    } catch (error) {
      // The address of a page with a player in it, as WebRTC has them, or one that is gone.
      const other = error instanceof MjpegError && (error.reason === "not-mjpeg" || error.reason === "refused");
      if (seen || !other || snapshot === null) throw error;
      log.info("the webcam's stream is no MJPEG; its snapshots are used", { reason: error.message });
    }
  }
  if (snapshot !== null) yield* openPictures(snapshot, { signal, clock, firstFrameMs, stallMs });
}

function asPrinterError(error: unknown): PrinterError {
  if (!(error instanceof MjpegError)) return PrinterError.from(error);
  return new PrinterError(error.reason === "not-mjpeg" ? "protocol" : "unreachable", error.message, { cause: error });
}
