// Which file is the inventory: the user's own, or while there is none, the one of the demo.

import { existsSync } from "node:fs";

/** `file`, unless only `demoFile` exists. Asked once, at start. */
export function chooseInventory(file: string, demoFile: string | undefined): string {
  return demoFile !== undefined && !existsSync(file) && existsSync(demoFile) ? demoFile : file;
}
