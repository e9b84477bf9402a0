// Everything that runs for one entry of the inventory: its session keeper and its camera.

import type { PrinterEntry } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { openPictures } from "@gantry/platform/pictures";
import { openBridgePictures, usualBridge, type BridgeAddress } from "../camera/bridge-pictures.ts";
import { createBroadcaster } from "../camera/broadcaster.ts";
import type { CameraHub } from "../camera/hub.ts";
import type { Family, FamilyContext, VideoSource } from "../families/family.ts";
import { cameraVideo, isVideo } from "./camera-video.ts";
import type { Store } from "./store.ts";
import { Supervisor } from "./supervisor.ts";

const cameraReopenMs = 250;
/** A camera named by the inventory that sends nothing for this long is opened again. */
const cameraStallMs = 15_000;

export interface PrinterUnitOptions {
  readonly entry: PrinterEntry;
  readonly family: Family;
  readonly cameraGraceMs: number;
  /** This printer's own folder. */
  readonly dataFolder: string;
  /** Reads the cameras that send H.264. */
  readonly bridge?: BridgeAddress | undefined;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export class PrinterUnit implements AsyncDisposable {
  readonly entry: PrinterEntry;
  readonly supervisor: Supervisor;
  /** null where the printer has no camera, or the inventory switches it off. */
  readonly camera: (CameraHub & AsyncDisposable) | null;
  /** The H.264 of its camera; null where that sends pictures. @throws PrinterError */
  readonly video: (signal: AbortSignal) => Promise<VideoSource | null>;

  constructor(options: PrinterUnitOptions) {
    const { entry, family, dataFolder, store, clock } = options;
    const log = options.log.with({ printer: entry.id });
    this.entry = entry;
    this.supervisor = new Supervisor({ entry, family, dataFolder, store, clock, log });
    const house = { dataFolder, clock, log: log.with({ layer: "camera" }) };
    this.video = async (signal) => cameraVideo(entry, family, this.supervisor.session, { signal, ...house });
    this.camera = openCamera(options, this.supervisor, this.video, house);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.camera?.[Symbol.asyncDispose]();
    await this.supervisor[Symbol.asyncDispose]();
  }
}

type House = Omit<FamilyContext, "signal">;
type Pictures = (signal: AbortSignal) => AsyncIterable<Uint8Array>;

function openCamera(
  options: PrinterUnitOptions,
  supervisor: Supervisor,
  video: PrinterUnit["video"],
  house: House,
): (CameraHub & AsyncDisposable) | null {
  const { entry, family, cameraGraceMs, clock } = options;
  const open = cameraSource(options, supervisor, video, house);
  if (open === undefined) return null;
  const reopenMs = entry.camera?.url === undefined ? (family.cameraReopenMs ?? cameraReopenMs) : cameraReopenMs;
  return createBroadcaster({ open, reopenMs, graceMs: cameraGraceMs, clock, log: house.log });
}

function cameraSource(
  { entry, family, bridge = usualBridge }: PrinterUnitOptions,
  supervisor: Supervisor,
  video: PrinterUnit["video"],
  house: House,
): Pictures | undefined {
  const { id, camera, connection } = entry;
  if (camera === null) return undefined;
  const { url } = camera;
  const fromBridge: Pictures = (signal) => openBridgePictures(bridge, id, signal);
  if (url !== undefined && isVideo(url)) return fromBridge;
  if (url !== undefined) return (signal) => openPictures(url, { signal, clock: house.clock, stallMs: cameraStallMs });
  const own = family.frames?.bind(family);
  const ownPictures: Pictures | undefined =
    own && ((signal) => own({ connection, session: supervisor.session, signal, ...house }));
  if (family.video === undefined) return ownPictures;
  return async function* either(signal) {
    yield* (await video(signal)) === null && ownPictures !== undefined ? ownPictures(signal) : fromBridge(signal);
  };
}
