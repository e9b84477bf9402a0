// Where things are in this repository. The cache is git-ignored and may be deleted at any time.

import { join, resolve } from "node:path";

/** The repository's root. */
export const root = resolve(import.meta.dirname, "../..");

export const mediamtxVersion = "v1.20.1";

const mediamtxFolder = join(root, ".cache/mediamtx", mediamtxVersion);

/** The MediaMTX that the host's processes and tests run. */
export const mediamtxFile = join(mediamtxFolder, "mediamtx");
