// Every method that may ever be sent, with its one legal shape of parameters. Not here, on purpose:
// 1024, 1025 and 2003 (parameters unknown), 1057 (makes the printer fetch any URL), 1038 (history).
// Sources of numbers and shapes: the vendor's SDK and traffic captures, as named in ./README.md.

import * as z from "zod";
import { limits } from "./limits.ts";

const nothing = z.strictObject({});
const flag = z.union([z.literal(0), z.literal(1)]);
const storage = z.enum(["local", "u-disk", "sd-card"]);
const name = z.string().min(1).max(255);
const pwm = z.int().min(0).max(255).optional();
const step = (millimeters: number): z.ZodNumber => z.number().min(-millimeters).max(millimeters);

const slot = z.strictObject({ t: z.int().min(0), canvas_id: z.int().min(0), tray_id: z.int().min(0) });

export const methods = {
  attributes: { method: 1001, params: nothing },
  status: { method: 1002, params: nothing },
  startPrint: {
    method: 1020,
    params: z.strictObject({
      storage_media: storage,
      filename: name,
      config: z.strictObject({
        /** Time-lapse. */
        delay_video: z.boolean(),
        /** Automatic bed levelling. */
        printer_check: z.boolean(),
        print_layout: z.enum(["A", "B"]),
        bedlevel_force: z.literal(false),
        slot_map: z.array(slot),
      }),
    }),
  },
  pausePrint: { method: 1021, params: nothing },
  stopPrint: { method: 1022, params: nothing },
  resumePrint: { method: 1023, params: nothing },
  home: { method: 1026, params: z.strictObject({ homed_axes: z.string().regex(/^(?=.)x?y?z?$/u) }) },
  jog: {
    method: 1027,
    params: z.union([
      z.strictObject({ axes: z.enum(["x", "y"]), distance: step(limits.stepMillimeters.x) }),
      z.strictObject({ axes: z.literal("z"), distance: step(limits.stepMillimeters.z) }),
    ]),
  },
  setTemperatures: {
    method: 1028,
    params: z.union([
      z.strictObject({ extruder: z.number().min(0).max(limits.nozzleCelsius) }),
      z.strictObject({ heater_bed: z.number().min(0).max(limits.bedCelsius) }),
    ]),
  },
  setLight: { method: 1029, params: z.strictObject({ power: flag }) },
  /** 0 to 255, not percent. */
  setFans: { method: 1030, params: z.strictObject({ fan: pwm, aux_fan: pwm, box_fan: pwm }) },
  setSpeedMode: { method: 1031, params: z.strictObject({ mode: z.int().min(0).max(3) }) },
  history: { method: 1036, params: nothing },
  enableCamera: { method: 1042, params: z.strictObject({ enable: z.literal(1) }) },
  listFiles: {
    method: 1044,
    params: z.strictObject({
      storage_media: storage,
      offset: z.int().min(0),
      limit: z.int().min(1).max(100),
      dir: z.literal("/").optional(),
    }),
  },
  thumbnail: {
    method: 1045,
    params: z.union([
      z.strictObject({ storage_media: storage, file_name: name }),
      z.strictObject({ storage_media: storage, filename: name }),
    ]),
  },
  fileDetail: { method: 1046, params: z.strictObject({ storage_media: storage, filename: name }) },
  deleteFiles: { method: 1047, params: z.strictObject({ storage_media: storage, file_path: z.array(name).length(1) }) },
  disk: { method: 1048, params: nothing },
  setAutoRefill: { method: 2004, params: z.strictObject({ auto_refill: z.boolean() }) },
  canvas: { method: 2005, params: nothing },
} as const;

export type MethodName = keyof typeof methods;
export type Params<Name extends MethodName> = z.input<(typeof methods)[Name]["params"]>;

/** Start, pause, stop and resume: never repeated, and answered only when the mechanics are done. */
export const lifecycle: ReadonlySet<MethodName> = new Set(["startPrint", "pausePrint", "stopPrint", "resumePrint"]);
