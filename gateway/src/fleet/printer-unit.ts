// Everything that runs for one entry of the inventory: its session keeper and its camera.

import type { PrinterEntry } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { openPictures } from "@gantry/platform/pictures";
import { createBroadcaster } from "../camera/broadcaster.ts";
import type { CameraHub } from "../camera/hub.ts";
import type { Family, FamilyContext } from "../families/family.ts";
import type { Store } from "./store.ts";
import { Supervisor } from "./supervisor.ts";

const cameraReopenMs = 1000;
/** A camera named by the inventory that sends nothing for this long is opened again. */
const cameraStallMs = 15_000;

export interface PrinterUnitOptions {
  readonly entry: PrinterEntry;
  readonly family: Family;
  readonly cameraGraceMs: number;
  /** This printer's own folder. */
  readonly dataFolder: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export class PrinterUnit implements AsyncDisposable {
  readonly entry: PrinterEntry;
  readonly supervisor: Supervisor;
  /** null where the printer has no camera, or the inventory switches it off. */
  readonly camera: (CameraHub & AsyncDisposable) | null;

  constructor(options: PrinterUnitOptions) {
    const { entry, family, dataFolder, store, clock } = options;
    const log = options.log.with({ printer: entry.id });
    this.entry = entry;
    this.supervisor = new Supervisor({ entry, family, dataFolder, store, clock, log });
    this.camera = openCamera(options, this.supervisor, log.with({ layer: "camera" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.camera?.[Symbol.asyncDispose]();
    await this.supervisor[Symbol.asyncDispose]();
  }
}

function openCamera(
  { entry, family, cameraGraceMs, dataFolder, clock }: PrinterUnitOptions,
  supervisor: Supervisor,
  log: Log,
): (CameraHub & AsyncDisposable) | null {
  const open = cameraSource(entry, family, supervisor, { dataFolder, clock, log });
  if (open === undefined) return null;
  const reopenMs = entry.camera?.url === undefined ? (family.cameraReopenMs ?? cameraReopenMs) : cameraReopenMs;
  return createBroadcaster({ open, reopenMs, graceMs: cameraGraceMs, clock, log });
}

function cameraSource(
  entry: PrinterEntry,
  family: Family,
  supervisor: Supervisor,
  house: Omit<FamilyContext, "signal">,
): ((signal: AbortSignal) => AsyncIterable<Uint8Array>) | undefined {
  if (entry.camera === null) return undefined;
  const { url } = entry.camera;
  if (url !== undefined) return (signal) => openPictures(url, { signal, clock: house.clock, stallMs: cameraStallMs });
  if (family.frames === undefined) return undefined;
  const source = family as Family & Required<Pick<Family, "frames">>;
  const { connection } = entry;
  return (signal) => source.frames({ connection, session: supervisor.session, signal, ...house });
}
