// Commands about the running job and about errors. Starting one from a project is ./project-file.ts.

import { decryptGcode } from "./authorization.ts";
import { type Body, fail, type Handlers, type Outcome, success, successIf } from "./command.ts";
import { heatsOrMoves, runGcode } from "./gcode.ts";
import type { Printer } from "./printer.ts";
import { startGcodeFile, startProject } from "./project-file.ts";

const verificationFailed = { attr: 0x0500_0500, code: 0x0001_0007 };

export const jobCommands: Handlers = {
  pause: ({ printer }) => successIf(printer.machine.pause(), "nothing is printing"),
  resume: ({ printer }) => successIf(printer.machine.resume(), "nothing is paused"),
  stop: ({ printer }) => successIf(printer.machine.stop(), "nothing is printing"),
  print_speed: ({ printer }, { param }) => {
    if (typeof param !== "string" || !/^[1-4]$/.test(param)) return fail("invalid speed level");
    printer.machine.speedLevel = Number(param);
    return success;
  },
  skip_objects: ({ printer }, { obj_list }) => skipObjects(printer, obj_list),
  project_file: async ({ printer }, body) => startProject(printer, body),
  gcode_file: async ({ printer }, body) => startGcodeFile(printer, body),
  gcode_line: ({ printer }, body) => gcodeLine(printer, body),
  clean_print_error: ({ printer }) => {
    printer.machine.printError = 0;
    return success;
  },
  ignore: ({ printer }) => {
    printer.machine.printError = 0;
    printer.machine.resume();
    return success;
  },
  idle_ignore: ({ printer }) => {
    printer.machine.printError = 0;
    return success;
  },
  refresh_nozzle: () => success,
};

export const errorDialogue: Handlers = {
  uiop: ({ printer }, { action, err, name }) => {
    if (name !== "print_error" || action !== "close" || typeof err !== "string" || !/^[0-9A-F]{8}$/i.test(err)) {
      return fail("invalid parameter");
    }
    printer.machine.printError = 0;
    printer.machine.dismiss(verificationFailed);
    return success;
  },
};

/** An unsigned command reached a locked printer: shown on its screen until somebody dismisses it. */
export function raiseVerificationFailure({ machine }: Printer): void {
  machine.raise(verificationFailed);
}

function skipObjects({ machine }: Printer, list: unknown): Outcome {
  const { job } = machine;
  if (job === undefined || job.phase === "prepare") return fail("nothing is printing");
  if (!Array.isArray(list) || !list.every((id) => Number.isInteger(id))) return fail("invalid obj_list");
  job.skipped = [...new Set([...job.skipped, ...(list as number[])])];
  return success;
}

function gcodeLine(printer: Printer, { param, param_enc }: Body): Outcome {
  const { authorization } = printer;
  const encrypted = authorization.locked && authorization.encryptedGcode;
  const text = encrypted ? decryptGcode(param_enc, printer.privateKey) : param;
  if (typeof text !== "string") return fail(encrypted ? "param_enc does not decrypt" : "invalid param");
  if (printer.knobs.hybrid && heatsOrMoves(text)) return fail("not allowed while connected to the cloud");
  runGcode(printer.machine, text);
  return success;
}
