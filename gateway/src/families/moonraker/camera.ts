// The printer's webcam, as Moonraker's list names it: MJPEG over one connection, stills where that
// is all there is, or where the stream turns out to be something else.

import { MjpegError, openMjpeg } from "@gantry/platform/mjpeg";
import { pollStills } from "@gantry/platform/stills";
import { PrinterError } from "../../model/errors.ts";
import type { CameraOptions } from "../family.ts";
import { fields, list } from "./codec.ts";
import type { Connection } from "./connection.ts";
import { getJson } from "./http.ts";
import { chooseWebcam, type Webcam } from "./webcams.ts";

const firstFrameMs = 10_000;
const stallMs = 15_000;

/** Pictures until the webcam fails. The list is read each time: webcams come and go in it. */
export async function* frames(options: CameraOptions<Connection>): AsyncGenerator<Uint8Array, void> {
  const { connection, signal } = options;
  const { webcams } = fields(await getJson(connection, "server/webcams/list", signal));
  const webcam = chooseWebcam(list(webcams), new URL(connection.url));
  if (webcam === undefined) {
    throw new PrinterError(
      "unreachable",
      "Moonraker lists no webcam with MJPEG or a snapshot address; add one, or set `camera.url`",
    );
  }
  try {
    yield* pictures(webcam, options);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MjpegError)) throw PrinterError.from(error);
    const code = error.reason === "not-mjpeg" ? "protocol" : "unreachable";
    throw new PrinterError(code, `webcam "${webcam.name}": ${error.message}`, { cause: error });
  }
}

async function* pictures({ stream, still }: Webcam, options: CameraOptions<Connection>): AsyncGenerator<Uint8Array> {
  const { signal, clock, log } = options;
  if (stream !== undefined) {
    let seen = false;
    try {
      for await (const jpeg of openMjpeg(stream.href, { signal, firstFrameMs, stallMs })) {
        seen = true;
        yield jpeg;
      }
    } catch (error) {
      const other = error instanceof MjpegError && (error.reason === "not-mjpeg" || error.reason === "refused");
      if (seen || !other || still === undefined) throw error;
      log.info("the webcam's stream is no MJPEG; its snapshots are used", { reason: error.message });
    }
  }
  if (still !== undefined) yield* pollStills(still.href, { signal, clock });
}
