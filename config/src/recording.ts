// Strict schemas of what is kept of a camera: recordings and time-lapses, for one camera and for the
// bridge. What they lead to is the bridge's business.

import * as z from "zod";
import { durationPattern, formatDuration, parseDuration } from "./duration.ts";
import { duration, size } from "./written.ts";

const recordModes = ["off", "always", "while_printing"] as const;
export type RecordMode = (typeof recordModes)[number];

/** A picture at each layer, or one every so many ms. */
export type TimelapseMode = "off" | "layer" | { readonly everyMs: number };

export interface RecordingSettings {
  /** What is older is deleted, ms. */
  readonly maxAgeMs: number;
  /** Of all recordings together; the oldest are deleted first. */
  readonly maxBytes: number;
  /** Where recordings and time-lapses are kept; undefined: in the data directory, where a relative one starts. */
  readonly folder: string | undefined;
}

const [second, hour, day] = [1000, 3_600_000, 86_400_000];

export const record = z.enum(recordModes).default("off").meta({
  description:
    "Keeps the video: always, or while_printing, from the beginning of a job to its end. The stream then runs. Default: off.",
});

const legalTimelapse =
  "expected off, layer (a picture at each layer) or a duration such as 10s (a picture every so long)";

export const timelapse = z
  .string({ error: legalTimelapse })
  .regex(new RegExp(`^off$|^layer$|${durationPattern.source}`, "u"), { error: legalTimelapse })
  .default("off")
  .transform((text, context): TimelapseMode => {
    if (text === "off" || text === "layer") return text;
    const everyMs = parseDuration(text) ?? 0;
    if (everyMs < second || everyMs > hour) {
      context.addIssue({ code: "custom", message: `must be ${formatDuration(second)} to ${formatDuration(hour)}` });
    }
    return { everyMs };
  })
  .meta({
    description:
      "Makes a film of each job: a picture at each layer, or one every so long (1s to 1h), such as 10s. Default: off.",
  });

export const recordings = z
  .strictObject({
    max_age: duration(hour, 3650 * day)
      .prefault("7d")
      .meta({
        description: "Recordings that are older are deleted, 1h to 3650d.",
        unit: "duration",
      }),
    max_size: size(100e6, 100e12).prefault("20GB").meta({
      description: "All recordings together; the oldest are deleted first, 100MB to 100TB.",
      unit: "size",
    }),
    folder: z
      .string()
      .regex(/^[^%\p{Cc}]{1,1000}$/u, { error: "expected a folder, without the sign %" })
      .optional()
      .meta({
        description:
          "Where recordings and time-lapses are kept; a relative path starts at GANTRY_DATA_DIR. Default: GANTRY_DATA_DIR. Needs a restart.",
      }),
  })
  .transform((value): RecordingSettings => ({
    maxAgeMs: value.max_age,
    maxBytes: value.max_size,
    folder: value.folder,
  }));

export const timelapseRate = z.int().min(1).max(60).default(30).meta({
  description: "Pictures per second of a time-lapse, 1 to 60.",
  unit: "frames per second",
});
