// The file store of a printer that is only read through the cloud: there is none, and it says so.

import { PrinterError } from "../../../model/errors.ts";
import type { FileStore } from "../printer-link.ts";

export function noFiles(): FileStore {
  return {
    list: refuse,
    upload: refuse,
    download: refuse,
    remove: refuse,
    size: refuse,
    project: refuse,
    thumbnail: refuse,
    timelapses: refuse,
    timelapse: refuse,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function refuse(): Promise<never> {
  throw new PrinterError("unsupported", "files need the printer's own network: give its host");
}
