// The fleet: one unit per printer of the inventory, kept in step with the file.

import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Inventory, InventoryFile, PrinterEntry } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { BridgeAddress } from "../camera/bridge-pictures.ts";
import type { CameraHub } from "../camera/hub.ts";
import type { Families } from "../families/family.ts";
import { PrinterError } from "../model/errors.ts";
import { dispatch } from "./dispatch.ts";
import type { Fleet } from "./fleet.ts";
import { PrinterUnit } from "./printer-unit.ts";
import { Store } from "./store.ts";

export interface FleetOptions {
  readonly inventory: InventoryFile;
  readonly families: Families;
  /** Where each printer's folder is. */
  readonly dataFolder: string;
  /** Reads the cameras that send H.264. */
  readonly bridge?: BridgeAddress;
  readonly clock: Clock;
  readonly log: Log;
}

/** Starts a unit for every printer of the inventory, and follows its changes until disposed. */
export function createFleet({
  inventory,
  families,
  dataFolder,
  bridge,
  clock,
  log,
}: FleetOptions): Fleet & AsyncDisposable {
  const store = new Store({ clock, log });
  const units = new Map<string, PrinterUnit>();
  let graceMs = inventory.current.gateway.cameraGraceMs;
  let applying = Promise.resolve();

  function start(entry: PrinterEntry): void {
    const family = families[entry.family];
    if (family === undefined) return; // the inventory's schema knows only registered families
    store.add({ ...entry, fileTypes: family.fileTypes ?? [] });
    const folder = join(dataFolder, entry.id);
    units.set(
      entry.id,
      new PrinterUnit({ entry, family, cameraGraceMs: graceMs, dataFolder: folder, bridge, store, clock, log }),
    );
  }

  /** Units whose entry is unchanged go on untouched. */
  async function apply(next: Inventory): Promise<void> {
    const wanted = new Map(next.printers.map((entry) => [entry.id, entry]));
    const everyCamera = graceMs !== next.gateway.cameraGraceMs;
    graceMs = next.gateway.cameraGraceMs;
    const obsolete = [...units.values()].filter(
      ({ entry }) => everyCamera || !isDeepStrictEqual(wanted.get(entry.id), entry),
    );
    await Promise.all(obsolete.map(async (unit) => unit[Symbol.asyncDispose]()));
    for (const { entry } of obsolete) {
      units.delete(entry.id);
      store.remove(entry.id);
    }
    for (const entry of next.printers) if (!units.has(entry.id)) start(entry);
    store.order([...wanted.keys()]);
    store.emit({ type: "inventory" });
  }

  for (const entry of inventory.current.printers) start(entry);
  const watching = inventory.on(({ taken, inventory: next, status }) => {
    if (taken) {
      log.info("the inventory changed", { printers: next.printers.length });
      applying = applying.then(async () => apply(next));
    } else {
      for (const problem of status.problems) log.error(problem);
      log.error("the changed inventory is refused; the one before stays in force", { file: status.file });
      store.emit({ type: "inventory" });
    }
  });

  return {
    list: () => store.list(),
    get: (id) => store.get(id),
    camera: (id) => camera(store, units, id),
    video: async (id, signal) => {
      store.get(id);
      const unit = units.get(id);
      if (unit === undefined) throw new PrinterError("not_found", `there is no printer "${id}"`, { printer: id });
      return unit.video(signal);
    },
    dispatch: async (request) =>
      dispatch(request, { store, session: (id) => units.get(id)?.supervisor.session, clock, log }),
    on: (listener) => store.on(listener),
    get inventory() {
      return inventory.status;
    },
    [Symbol.asyncDispose]: async () => {
      watching[Symbol.dispose]();
      store.end();
      await applying;
      await Promise.all([...units.values()].map(async (unit) => unit[Symbol.asyncDispose]()));
    },
  };
}

function camera(store: Store, units: ReadonlyMap<string, PrinterUnit>, id: string): CameraHub {
  store.get(id);
  const hub = units.get(id)?.camera ?? null;
  if (hub === null) throw new PrinterError("not_found", `the printer "${id}" has no camera`, { printer: id });
  return hub;
}
