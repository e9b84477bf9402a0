// YAML with positions in, frozen inventory out.

import type { FamilySchemas, Inventory } from "./inventory.ts";
import { formatProblem, type Problem } from "./problems.ts";
import type { Secrets } from "./secrets.ts";

export interface InventoryOptions {
  readonly file: string;
  /** For `${NAME}`, `${NAME_FILE}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Checks each `connection` and resolves its secrets; without it connections stay opaque. */
  readonly families?: FamilySchemas;
  /** Learns every secret value. */
  readonly secrets?: Secrets;
}

/** All faults of one file. */
export class InventoryError extends Error {
  override readonly name = "InventoryError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => formatProblem(problem)).join("\n"));
    this.problems = problems;
  }
}

/**
 * Reads and checks the file.
 * @throws InventoryError with every fault; the file system's error when it cannot be read
 */
export async function loadInventory(_options: InventoryOptions): Promise<Inventory> {
  throw new Error("not built yet");
}
