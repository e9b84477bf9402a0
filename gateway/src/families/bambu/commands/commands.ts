// The commands of the table as this family has them, gathered from the files that know them. A model
// has a command when its handler is here; what its firmware or its lock forbids is ./commands-available.ts.

import type { CommandHandlers } from "../../../model/commands.ts";
import { fileHandlers } from "./commands-files.ts";
import { objectHandlers } from "./commands-objects.ts";
import { observeHandlers } from "./commands-observe.ts";
import { gcodeState } from "../report-fields.ts";
import { send, type CommandContext } from "./commands-send.ts";
import { controlHandlers } from "./controls.ts";
import { machineHandlers } from "./controls-machine.ts";
import { changeHandlers } from "./materials.ts";
import { settingHandlers } from "./materials-settings.ts";
import type { FileStore, PrinterLink, Report } from "../printer-link.ts";
import { startHandler } from "./start.ts";

/**
 * Handlers for what the machine has at this moment; make new ones when a material unit comes or goes,
 * since refill and drying are only offered where there is one for it.
 * There is no emergency stop: no command of this family halts the machine safely.
 */
export function createCommands(
  link: PrinterLink,
  files: FileStore,
  options: Omit<CommandContext, "link" | "files">,
): CommandHandlers {
  const context = { ...options, link, files };
  return {
    ...jobHandlers(context),
    ...controlHandlers(context),
    ...machineHandlers(context),
    ...changeHandlers(context),
    ...settingHandlers(context),
    ...objectHandlers(context),
    ...fileHandlers(context),
    ...observeHandlers(context),
  };
}

function jobHandlers(context: CommandContext): CommandHandlers {
  return {
    start: startHandler(context),
    pause: async (_input, options) =>
      send(context, "print", "pause", { param: "" }, options, { effect: isIn("PAUSE") }),
    resume: async (_input, options) =>
      send(context, "print", "resume", { param: "" }, options, { effect: isIn("RUNNING") }),
    stop: async (_input, options) =>
      send(context, "print", "stop", { param: "" }, options, { effect: isIn("FAILED", "IDLE", "FINISH") }),
  };
}

function isIn(...states: readonly string[]): (report: Report) => boolean {
  return (report) => states.includes(gcodeState(report));
}
