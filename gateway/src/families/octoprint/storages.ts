// The room on an OctoPrint server: free and total space of the uploads folder.

import type { Storage } from "../../model/printer.ts";
import { number } from "./codec.ts";
import type { Rest } from "./rest.ts";

/** @throws PrinterError as every request does */
export async function readStorages(rest: Rest, signal: AbortSignal): Promise<readonly Storage[]> {
  const { free, total } = await rest.get("/api/files", { signal, deadlineMs: 30_000 });
  const freeBytes = number(free);
  const sizeBytes = number(total);
  if (freeBytes === null && sizeBytes === null) return [];
  const usedBytes = freeBytes === null || sizeBytes === null ? null : Math.max(0, sizeBytes - freeBytes);
  return [{ id: "local", freeBytes, sizeBytes, usedBytes }];
}
