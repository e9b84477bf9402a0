// Rows of the command table about what is stored on the printer: files, past jobs, videos.

import * as z from "zod";
import { acknowledged, instant, nothing, ready, storedName, type CommandRow } from "./command-row.ts";

const storedFile = z.object({
  name: z.string().meta({ description: "What `start` takes; folders before it with slashes." }),
  sizeBytes: z.number().nullable(),
  modifiedAt: instant,
  estimatedSeconds: z.number().nullable().optional().meta({ unit: "seconds", description: "Estimated print time." }),
  layers: z.number().nullable().optional(),
  filamentGrams: z.number().nullable().optional().meta({ unit: "grams" }),
});
export type StoredFile = z.output<typeof storedFile>;

const pastJob = z.object({
  id: z.string(),
  file: z.string().nullable(),
  result: z.enum(["running", "finished", "failed", "cancelled", "unknown"]),
  reason: z.string().nullable().meta({ description: "Why it failed, in words." }),
  startedAt: instant,
  endedAt: instant,
  layers: z.number().nullable().meta({ description: "Layers that were printed." }),
});
export type PastJob = z.output<typeof pastJob>;

const timelapse = z.object({
  id: z.string().meta({ description: "What `download-timelapse` takes." }),
  file: z.string().nullable(),
  status: z.enum(["ready", "making", "failed", "deleted"]),
  recordedAt: instant,
});
export type Timelapse = z.output<typeof timelapse>;

const plateNumber = z
  .int()
  .min(1)
  .max(99)
  .optional()
  .meta({ description: "Plate of the file, from 1, for files that hold several. Default: its first." });

const plate = z.object({
  number: z.int(),
  estimatedSeconds: z.number().nullable().meta({ unit: "seconds" }),
  filamentGrams: z.number().nullable().meta({ unit: "grams" }),
  buildPlate: z.string().nullable(),
  printerModel: z.string().nullable().meta({ description: "The model it was sliced for." }),
  nozzleMillimeters: z.array(z.number()).meta({ unit: "millimeters" }),
  filaments: z.array(
    z.object({
      tool: z.int().meta({ description: "What `start` calls it in `slots`." }),
      type: z.string().nullable(),
      colorHex: z.string().nullable(),
      usedGrams: z.number().nullable().meta({ unit: "grams" }),
    }),
  ),
  objects: z.array(z.object({ id: z.string(), name: z.string().nullable(), skipped: z.boolean() })),
});
export type Plate = z.output<typeof plate>;

export const fileCommands = {
  listFiles: {
    label: "Files",
    summary: "List the files stored on the printer.",
    input: nothing,
    output: z.object({ items: z.array(storedFile) }),
    effect: "observes",
    idempotent: true,
    needs: "files",
  },
  uploadFile: {
    label: "Upload",
    summary: "Store a file on the printer; one of the same name is replaced.",
    input: z.strictObject({ file: storedName }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "upload",
    takesFile: true,
  },
  selectFile: {
    label: "Select file",
    summary: "Make a stored file the one that the printer's own start button prints; nothing moves.",
    input: z.strictObject({ file: storedName }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "fileSelection",
    phases: ready,
  },
  deleteFile: {
    label: "Delete file",
    summary: "Delete a stored file for good.",
    input: z.strictObject({ file: storedName }),
    output: acknowledged,
    effect: "destroys",
    idempotent: true,
    needs: "files",
  },
  downloadFile: {
    label: "Download",
    summary: "Read a stored file.",
    input: z.strictObject({ file: storedName }),
    output: nothing,
    effect: "observes",
    idempotent: true,
    needs: "files",
    gives: "file",
  },
  getThumbnail: {
    label: "Thumbnail",
    summary: "Show the picture of the sliced model that a stored file carries.",
    input: z.strictObject({ file: storedName, plateNumber }),
    output: nothing,
    effect: "observes",
    idempotent: true,
    needs: "thumbnails",
    gives: "picture",
  },
  listHistory: {
    label: "History",
    summary: "List the jobs the printer remembers, the newest first.",
    input: z.strictObject({ limit: z.int().min(1).max(50).default(20) }),
    output: z.object({ items: z.array(pastJob) }),
    effect: "observes",
    idempotent: true,
    needs: "history",
  },
  listTimelapses: {
    label: "Time-lapses",
    summary: "List the time-lapse videos the printer has recorded.",
    input: nothing,
    output: z.object({ items: z.array(timelapse) }),
    effect: "observes",
    idempotent: true,
    needs: "timelapses",
  },
  downloadTimelapse: {
    label: "Download time-lapse",
    summary: "Read a time-lapse video.",
    input: z.strictObject({ id: z.string().min(1).max(255) }),
    output: nothing,
    effect: "observes",
    idempotent: true,
    needs: "timelapses",
    gives: "file",
  },
  inspectFile: {
    label: "File details",
    summary: "Show what is inside a stored project: its plates, with time, filaments and objects.",
    input: z.strictObject({ file: storedName }),
    output: z.object({ plates: z.array(plate) }),
    effect: "observes",
    idempotent: true,
    needs: "fileDetails",
    rare: true,
  },
} as const satisfies Record<string, CommandRow>;
