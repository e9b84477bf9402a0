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

/** Where the bridge listens by default. */
export const usualBridge: BridgeAddress = { url: "http://127.0.0.1:8788", key: () => undefined };

/** Address of something of the bridge's, and what to show it. `path` is relative. */
export function ofBridge({ url, key }: BridgeAddress, path: string): { url: URL; headers: Record<string, string> } {
  const shown = key();
  return {
    url: new URL(path, url.endsWith("/") ? url : `${url}/`),
    headers: shown === undefined ? {} : { authorization: `Bearer ${shown}` },
  };
}

/** The bridge tells why there is no picture before this, ms. */
const firstFrameMs = 12_000;
const stallMs = 15_000;

/**
 * Yields whole JPEG pictures of one printer's camera until it fails.
 * @throws PrinterError `unreachable` with the bridge's reason, or that there is no bridge
 */
export async function* openBridgePictures(
  bridge: BridgeAddress,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, never> {
  const { url, headers } = ofBridge(bridge, `api/v1/streams/${encodeURIComponent(id)}/frames.mjpeg`);
  try {
    yield* openMjpeg(url.href, { signal, firstFrameMs, stallMs, headers });
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
