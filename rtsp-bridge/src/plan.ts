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
  /** Where H.264 may be had in place of pictures; left out where the camera sends pictures for certain. */
  readonly video?: VideoPlan;
  /** Frames above this rate are dropped before they are decoded. */
  readonly maxFramesPerSecond: number;
  /** Keep an encoder in reserve while nobody watches. */
  readonly standby: boolean;
  /** The second stream, at the path `subId` gives; null where there is none. */
  readonly sub: SubPlan | null;
}

/** What the second stream is at most. */
export interface SubPlan {
  readonly maxWidth: number;
  readonly maxFramesPerSecond: number;
}

/** RTSP path and stream id of the second stream. */
export function subId(id: string): string {
  return `${id}_sub`;
}

/** The RTSP paths of these plans. */
export function pathIds(plans: readonly StreamPlan[]): string[] {
  return plans.flatMap(({ id, sub }) => (sub === null ? [id] : [id, subId(id)]));
}

/** address: the inventory names it. gateway: the printer may have one, and the gateway knows. */
export type VideoPlan =
  | {
      readonly kind: "address";
      /** `rtsp://[USER:PASS@]…` or `rtsps://…`. Holds a secret. */
      readonly url: string;
      readonly certificateSha256: string | undefined;
    }
  | {
      readonly kind: "gateway";
      /** The gateway's answer to whether it is pictures or video. */
      readonly askUrl: string;
      /** The inventory's block, as it stands there. May hold a secret. */
      readonly connection: unknown;
    };

/**
 * One plan for each printer whose camera is not switched off, in the inventory's order. The gateway stays
 * the only one that opens a camera of pictures (`viewer=rtsp` tells it who looks), the bridge the only one
 * that opens a camera of video.
 */
export function planStreams(inventory: Inventory, gatewayUrl: string): StreamPlan[] {
  const base = gatewayUrl.endsWith("/") ? gatewayUrl : `${gatewayUrl}/`;
  const taken = new Set(inventory.printers.map(({ id }) => id));
  return inventory.printers.flatMap(({ id, name, camera, connection }) => {
    if (camera === null) return [];
    const ofPrinter = (route: string): string =>
      new URL(`api/v1/printers/${encodeURIComponent(id)}/${route}`, base).href;
    const { maxFramesPerSecond } = inventory.bridge;
    const { url, standby, sub: offersSub, certificateSha256 } = camera;
    const video: VideoPlan | undefined =
      url === undefined
        ? { kind: "gateway", askUrl: ofPrinter("camera"), connection }
        : /^rtsps?:/iu.test(url)
          ? { kind: "address", url, certificateSha256 }
          : // Whole references that the bridge cannot fill in.
            url.startsWith("${")
            ? { kind: "gateway", askUrl: ofPrinter("camera"), connection: undefined }
            : undefined;
    return [
      {
        id,
        name,
        sourceUrl: ofPrinter("camera.mjpeg?viewer=rtsp"),
        ...(video === undefined ? {} : { video }),
        maxFramesPerSecond,
        standby,
        // A printer's own name comes first.
        sub: offersSub && !taken.has(subId(id)) ? inventory.bridge.sub : null,
      },
    ];
  });
}
