// Rows of the command table about the vendor's cloud, read with a token that the operator gives.
// All of them observe: Gantry changes nothing there.

import * as z from "zod";
import { instant, nothing, type CommandRow } from "./command-row.ts";

const endpoint = z.string().meta({ description: "Path of the cloud's address that answered." });

const jobStatus = z.object({
  file: z.string().nullable(),
  status: z.string().nullable().meta({ description: "By the cloud's own word." }),
  progressRatio: z.number().nullable().meta({ unit: "ratio" }),
  startedAt: instant,
  estimatedSeconds: z.number().nullable().meta({ unit: "seconds" }),
});

export const cloudCommands = {
  getCloudAccount: {
    label: "Cloud account",
    summary: "Show whose account the cloud token is, whether it still works and when it was first used.",
    input: nothing,
    output: z.object({
      name: z.string().nullable(),
      handle: z.string().nullable(),
      status: z.enum(["ok", "expiring", "expired", "blocked", "unavailable", "error"]),
      reason: z.string().nullable().meta({ description: "What is wrong and what to do, in words." }),
      firstUsedAt: instant,
      endpoint: endpoint.nullable(),
    }),
    effect: "observes",
    idempotent: true,
    needs: "cloud",
    rare: true,
  },
  listCloudPrinters: {
    label: "Cloud printers",
    summary: "List the printers that the cloud account is bound to.",
    input: nothing,
    output: z.object({
      items: z.array(
        z.object({
          serial: z.string(),
          name: z.string().nullable(),
          model: z.string().nullable(),
          online: z.boolean().nullable(),
          status: z.string().nullable().meta({ description: "By the cloud's own word." }),
        }),
      ),
      endpoint,
    }),
    effect: "observes",
    idempotent: true,
    needs: "cloud",
    rare: true,
  },
  getCloudStatus: {
    label: "Cloud status",
    summary: "Show what the cloud knows of this printer and its job; it has no temperatures.",
    input: nothing,
    output: z.object({ serial: z.string(), online: z.boolean().nullable(), job: jobStatus.nullable(), endpoint }),
    effect: "observes",
    idempotent: true,
    needs: "cloud",
    rare: true,
  },
  listCloudJobs: {
    label: "Cloud jobs",
    summary: "List this printer's jobs as the cloud remembers them, the newest first.",
    input: z.strictObject({ limit: z.int().min(1).max(50).default(20) }),
    output: z.object({
      items: z.array(
        jobStatus.extend({
          id: z.string(),
          endedAt: instant,
          filamentGrams: z.number().nullable().meta({ unit: "grams", description: "The slicer's estimate." }),
        }),
      ),
      endpoint,
    }),
    effect: "observes",
    idempotent: true,
    needs: "cloud",
    rare: true,
  },
} as const satisfies Record<string, CommandRow>;
