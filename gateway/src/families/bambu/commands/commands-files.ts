// Commands about what is stored on the printer. The work is the file store's; names are checked there.

import type { CommandHandlers } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import { isFree, text } from "../report-fields.ts";
import { acknowledged, type CommandContext } from "./commands-send.ts";

export function fileHandlers(context: CommandContext): CommandHandlers {
  const { files } = context;
  return {
    listFiles: async (_input, { signal }) => ({ items: [...(await files.list(signal))] }),
    uploadFile: async ({ file: name }, { file, signal }) => {
      if (file === undefined) throw new PrinterError("invalid_input", "send the file as the body");
      demandUnused(context, name);
      await files.upload(name, file, signal);
      return acknowledged;
    },
    deleteFile: async ({ file }, { signal }) => {
      demandUnused(context, file);
      await files.remove(file, signal);
      return acknowledged;
    },
    downloadFile: async ({ file }, { signal }) => files.download(file, signal),
    getThumbnail: async ({ file, plateNumber }, { signal }) => files.thumbnail(file, plateNumber, signal),
    inspectFile: async ({ file }, { signal }) => {
      const { plates } = await files.project(file, signal);
      return { plates: plates.map(({ gcode: _gcode, md5: _md5, modelCode: _code, ...plate }) => plate) };
    },
    listTimelapses: async (_input, { signal }) => ({ items: [...(await files.timelapses(signal))] }),
    downloadTimelapse: async ({ id }, { signal }) => files.timelapse(id, signal),
  };
}

/** @throws PrinterError `wrong_phase` for the file that is being printed: the printer reads it as it goes */
function demandUnused({ link }: CommandContext, name: string): void {
  const report = link.report();
  if (isFree(report)) return;
  const base = (name.split("/").at(-1) ?? name).toLowerCase();
  const stem = base.replace(/(?:\.gcode)?\.3mf$|\.gcode$/u, "");
  const isRunning = text(report["subtask_name"]).toLowerCase() === stem || nameIn(text(report["gcode_file"])) === base;
  if (isRunning) throw new PrinterError("wrong_phase", "that file is being printed: wait until the job is over");
}

function nameIn(path: string): string {
  return (path.split("/").at(-1) ?? path).toLowerCase();
}
