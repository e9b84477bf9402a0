// What is kept, as the HTTP interface takes it: its two shelves, and who may have what is on them.

import type { Inventory } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { Library, Shelf } from "../http/library.ts";
import { Visitors } from "../http/visitors.ts";
import type { Keeping } from "./keeping.ts";

interface LibraryOptions {
  readonly inventory: () => Inventory;
  readonly clock: Clock;
  readonly log: Log;
}

/** Lists are of the moment: the folders are looked at. */
export function libraryOf({ segments, films }: Keeping, { inventory, clock, log }: LibraryOptions): Library {
  const recordings: Shelf = {
    list: async () => {
      await segments.scan();
      return segments.list();
    },
    remove: async (item) => segments.remove(item),
  };
  const timelapses: Shelf = { list: async () => films.list(), remove: async (item) => films.remove(item) };
  return {
    shelves: { recordings, timelapses },
    visitors: new Visitors({ access: () => inventory().access, clock, log }),
    mayDelete: () => inventory().bridge.remoteControl,
  };
}
