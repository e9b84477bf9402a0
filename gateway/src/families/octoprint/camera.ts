// The webcam that OctoPrint's settings name: its MJPEG stream, or its snapshots one after the other.
// Pictures are passed as the webcam takes them; turning them is left to who shows them.

import { MjpegError, openMjpeg } from "@gantry/platform/mjpeg";
import { PrinterError } from "../../model/errors.ts";
import type { CameraOptions } from "../family.ts";
import type { Connection } from "./connection.ts";
import { Rest } from "./rest.ts";
import { webcamOf, type Webcam } from "./webcam.ts";

const firstFrameMs = 10_000;
const stallMs = 15_000;
const snapshotEveryMs = 1000;

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
  if (stream !== null) {
    try {
      yield* openMjpeg(stream, { signal: options.signal, firstFrameMs, stallMs });
    } catch (error) {
      // An address of a page with a player in it, as WebRTC has them.
      if (snapshot === null || !(error instanceof MjpegError) || error.reason !== "not-mjpeg") throw error;
    }
  }
  if (snapshot !== null) yield* snapshots(snapshot, options);
}

/** A snapshot is a stream of one picture. */
async function* snapshots(url: string, { signal, clock }: CameraOptions<Connection>): AsyncGenerator<Uint8Array, void> {
  while (true) {
    const beganMs = clock.monotonic();
    for await (const jpeg of openMjpeg(url, { signal, stallMs: firstFrameMs })) {
      yield jpeg;
      break;
    }
    await clock.wait(Math.max(0, beganMs + snapshotEveryMs - clock.monotonic()), signal);
  }
}

function asPrinterError(error: unknown): PrinterError {
  if (!(error instanceof MjpegError)) return PrinterError.from(error);
  return new PrinterError(error.reason === "not-mjpeg" ? "protocol" : "unreachable", error.message, { cause: error });
}
