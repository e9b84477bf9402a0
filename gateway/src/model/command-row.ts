// What a row of the command table is. The rows are ./commands.ts and the files beside it.

import * as z from "zod";
import type { Capability } from "./capabilities.ts";
import type { Phase, Readings } from "./printer.ts";

/** `observes` changes nothing, `changes` can be taken back, `destroys` cannot and is asked twice. */
export type Effect = "observes" | "changes" | "destroys";

export interface CommandRow {
  readonly label: string;
  /** One sentence. */
  readonly summary: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly effect: Effect;
  /** Repeating it lands the same state. */
  readonly idempotent: boolean;
  readonly needs?: Capability;
  /** Seldom asked for: surfaces with little room keep it apart from the everyday commands. */
  readonly rare?: boolean;
  /** When it is possible; left out: always. */
  readonly phases?: readonly Phase[];
  /** It takes a file besides its input; surfaces that carry no files leave it out. */
  readonly takesFile?: boolean;
  /** It gives bytes in place of an output: a picture, which any surface can show, or a whole file. */
  readonly gives?: "picture" | "file";
  /** Whether the state shows that it has come about. Left out: there is nothing to see. */
  readonly landed?: (state: Readings, input: Readonly<Record<string, unknown>>) => boolean;
}

export const nothing = z.strictObject({});

/** The printer acknowledged. What came of it shows in the state. */
export const acknowledged = z.strictObject({ outcome: z.literal("acknowledged") });

/** No job and nothing under way. */
export const ready = ["idle", "finished", "stopped", "failed"] as const satisfies readonly Phase[];

export const storedName = z
  .string()
  .min(1)
  .max(255)
  .refine((name) => !name.split("/").includes("..") && !/\p{Cc}/u.test(name), {
    error: "a name without .. and control characters",
  })
  .meta({ description: "Name of the stored file, as the file list gives it." });

export const instant = z.iso.datetime().nullable();
