// The inventory file over time: read at start, read again when it changes.

import type { Inventory } from "./inventory.ts";
import type { InventoryOptions } from "./load.ts";

export interface InventoryStatus {
  /** False while the file on disk is refused and an older one is in force. */
  readonly valid: boolean;
  /** Unix ms of the last time a file was taken; null before the first. */
  readonly loadedAtMs: number | null;
  /** True when there is no inventory file yet; the inventory is then empty. */
  readonly missing: boolean;
  readonly file: string;
  /** The faults of the refused file, one line each. */
  readonly problems: readonly string[];
}

export interface InventoryFile extends AsyncDisposable {
  /** The inventory in force. */
  readonly current: Inventory;
  readonly status: InventoryStatus;
  /** Hears of each try to read a changed file, taken or refused. */
  on(listener: (change: { taken: boolean; inventory: Inventory; status: InventoryStatus }) => void): Disposable;
}

/**
 * Reads the file and watches it. A missing file is an empty inventory until it appears.
 * @throws InventoryError when the file that is there at start is wrong
 */
export async function openInventory(_options: InventoryOptions & { pollMs?: number }): Promise<InventoryFile> {
  throw new Error("not built yet");
}
