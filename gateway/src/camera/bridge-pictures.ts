// Pictures of a camera that sends its own H.264: the RTSP bridge holds the one connection to it and decodes.
// Which cameras are of that kind is not known here.

import { MjpegError, openMjpeg } from "@gantry/platform/mjpeg";
import { PrinterError } from "../model/errors.ts";

/** How the bridge is reached. */
export interface BridgeAddress {
  readonly url: string;
  /** What is shown to it; undefined where it asks for nothing. */
  readonly key: () => string | undefined;
}

/** The bridge tells why there is no picture before this, ms. */
const firstFrameMs = 12_000;
const stallMs = 15_000;

/**
 * Yields whole JPEG pictures of one printer's camera until it fails.
 * @throws PrinterError `unreachable` with the bridge's reason, or that there is no bridge
 */
export async function* openBridgePictures(
  { url, key }: BridgeAddress,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, never> {
  const base = url.endsWith("/") ? url : `${url}/`;
  const address = new URL(`api/v1/streams/${encodeURIComponent(id)}/frames.mjpeg`, base).href;
  const shown = key();
  const headers = shown === undefined ? {} : { authorization: `Bearer ${shown}` };
  try {
    yield* openMjpeg(address, { signal, firstFrameMs, stallMs, headers });
    throw new MjpegError("ended", "the bridge ended its stream");
  } catch (error) {
    if (!(error instanceof MjpegError)) throw error;
    throw new PrinterError("unreachable", inWords(error), { cause: error });
  }
}

function inWords(error: MjpegError): string {
  if (error.reason !== "unreachable") return error.message;
  return "the RTSP bridge, which reads this camera, cannot be reached: is it running, and is GANTRY_BRIDGE_URL right?";
}
