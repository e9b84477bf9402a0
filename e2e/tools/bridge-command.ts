// How the bridge is started outside its container. The flags keep it small, as in
// rtsp-bridge/Dockerfile: pictures come and go so fast that Node would let them pile up, and code
// that is kept compiled needs no compiler.

import { join } from "node:path";
import { root } from "./paths.ts";

export const bridgeArgs = ["--max-semi-space-size=1", "rtsp-bridge/src/main.ts"] as const;

export const bridgeEnvironment = {
  MALLOC_ARENA_MAX: "1",
  NODE_COMPILE_CACHE: join(root, ".cache/node"),
} as const;
