// Schemas of quantities that are written with a unit: durations (`1m30s`) and sizes (`20GB`), with
// their bounds. How durations are read is ./duration.ts, how sizes are read ./size.ts.

import * as z from "zod";
import { durationPattern, formatDuration, parseDuration } from "./duration.ts";
import { formatSize, parseSize, sizePattern } from "./size.ts";

/** A written duration of `minMs` to `maxMs`; ms in the result. */
export function duration(minMs: number, maxMs: number) {
  const error = "expected a duration such as 10s, 1m30s or 200ms";
  return z
    .string({ error })
    .regex(durationPattern, { error })
    .transform((text, context) => {
      const ms = parseDuration(text) ?? 0;
      if (ms < minMs || ms > maxMs) {
        context.addIssue({ code: "custom", message: `must be ${formatDuration(minMs)} to ${formatDuration(maxMs)}` });
      }
      return ms;
    });
}

/** A written size of `minBytes` to `maxBytes`; bytes in the result. */
export function size(minBytes: number, maxBytes: number) {
  const error = "expected a size such as 500MB, 20GB or 2TB";
  return z
    .string({ error })
    .regex(sizePattern, { error })
    .transform((text, context) => {
      const bytes = parseSize(text) ?? 0;
      if (bytes < minBytes || bytes > maxBytes) {
        context.addIssue({ code: "custom", message: `must be ${formatSize(minBytes)} to ${formatSize(maxBytes)}` });
      }
      return bytes;
    });
}
