// How the bridge is started outside its container, as in rtsp-bridge/Dockerfile, where the flags
// are explained: they keep it small.

import { join } from "node:path";
import { root } from "./paths.ts";

export const bridgeArgs = ["--max-semi-space-size=1", "rtsp-bridge/src/main.ts"] as const;

export const bridgeEnvironment = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "32768",
  MALLOC_TOP_PAD_: "0",
  MALLOC_TRIM_THRESHOLD_: "65536",
  NODE_COMPILE_CACHE: join(root, ".cache/node"),
} as const;
