// Commands of type `camera` and `xcam`: recording, time-lapse, resolution, detectors.

import { type Context, fail, type Handlers, type Outcome, success } from "./command.ts";
import { reportObject } from "./report.ts";

const resolutions: ReadonlySet<unknown> = new Set(["low", "medium", "high", "480p", "720p", "1080p"]);

export const cameraCommands: Handlers = {
  ipcam_record_set: (context, { control }) => toggle(context, "record", control),
  ipcam_timelapse: (context, { control }) => toggle(context, "timelapse", control),
  ipcam_resolution_set: ({ printer: { switches } }, { resolution }) => {
    if (typeof resolution !== "string" || !resolutions.has(resolution)) return fail("no such resolution");
    switches.resolution = resolution;
    return success;
  },
};

export const detectorCommands: Handlers = {
  xcam_control_set: ({ printer, reporter }, body) => {
    const { module_name: name, control, enable, print_halt, halt_print_sensitivity: sensitivity } = body;
    const { switches } = printer;
    if (typeof name !== "string" || !Object.hasOwn(switches.xcam, name)) return fail("no such detector");
    if (typeof control !== "boolean" || enable !== control) return fail("invalid control");
    if (sensitivity !== undefined && sensitivity !== "low" && sensitivity !== "medium" && sensitivity !== "high") {
      return fail("invalid sensitivity");
    }
    const { xcam: before } = reportObject(printer);
    switches.xcam[name] = control;
    switches.printHalt = print_halt !== false;
    if (sensitivity !== undefined) switches.sensitivity = sensitivity;
    reporter.echoOld({ xcam: before });
    return success;
  },
};

function toggle({ printer }: Context, name: "record" | "timelapse", control: unknown): Outcome {
  if (control !== "enable" && control !== "disable") return fail("invalid control");
  printer.switches[name] = control === "enable";
  return success;
}
