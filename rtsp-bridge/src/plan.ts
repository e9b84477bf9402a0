// Pure: the inventory in, one plan per stream out. Equal plans mean an untouched stream.

import type { Inventory } from "@gantry/config";

/** What one RTSP path shows and how. */
export interface StreamPlan {
  /** RTSP path and stream id: the printer's id. */
  readonly id: string;
  /** Written on the placeholder. */
  readonly name: string;
  /** The gateway's MJPEG stream of this camera. */
  readonly sourceUrl: string;
  /** Frames above this rate are dropped before they are decoded. */
  readonly maxFramesPerSecond: number;
  /** Keep an encoder in reserve while nobody watches. */
  readonly standby: boolean;
}

/**
 * One plan for each printer whose camera is not switched off, in the inventory's order. The
 * gateway stays the only one that opens a camera; `viewer=rtsp` tells it who looks.
 */
export function planStreams(inventory: Inventory, gatewayUrl: string): StreamPlan[] {
  const base = gatewayUrl.endsWith("/") ? gatewayUrl : `${gatewayUrl}/`;
  return inventory.printers.flatMap(({ id, name, camera }) => {
    if (camera === null) return [];
    const sourceUrl = new URL(`api/v1/printers/${encodeURIComponent(id)}/camera.mjpeg?viewer=rtsp`, base).href;
    const { maxFramesPerSecond } = inventory.bridge;
    return [{ id, name, sourceUrl, maxFramesPerSecond, standby: camera.standby }];
  });
}
