// What the commands of the table mean in SDCP: request, deadline, words for each refusal.

import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers, CommandResult } from "../../model/commands.ts";
import type { RequestName, RequestPayload } from "./codec.ts";
import type { CentauriSession } from "./session.ts";

/** The printer heats and homes before it answers a start. */
const startAnswerMs = 30_000;

const stopRefusals = { 1: "the printer refuses it in its present state" };

/** Answer codes other than 0 → words (the vendor's own page and specification). */
const refusals: Partial<Record<RequestName, Readonly<Record<number, string>>>> = {
  startPrint: {
    1: "the printer is busy",
    2: "the printer has no such file",
    3: "the file's MD5 does not match",
    4: "the file cannot be read",
    5: "the file was sliced for another resolution",
    6: "the file has the wrong format",
    7: "the file was sliced for another printer model",
  },
  pausePrint: stopRefusals,
  stopPrint: stopRefusals,
  resumePrint: { ...stopRefusals, 2: "it cannot go on yet: load filament first" },
};

/** Handlers of one session. At most one lifecycle command is on its way at a time. */
export function createHandlers(session: CentauriSession): CommandHandlers {
  let busy = false;

  async function lifecycle<Name extends RequestName>(
    name: Name,
    payload: RequestPayload<Name>,
    options: { signal: AbortSignal; deadlineMs?: number },
  ): Promise<CommandResult<"pause">> {
    if (busy) throw new PrinterError("wrong_phase", "another command is on its way to the printer; wait for it");
    busy = true;
    try {
      const answer = await session.ask(name, payload, options);
      if (answer.ack !== 0) throw refused(name, answer.ack);
      return { outcome: "acknowledged" };
    } catch (error) {
      // Silence says nothing about what the machine did: never repeated, told as it is.
      if (error instanceof PrinterError && error.code === "timeout") return { outcome: "unconfirmed" };
      throw error;
    } finally {
      busy = false;
    }
  }

  return {
    pause: async (_input, options) => lifecycle("pausePrint", {}, options),
    resume: async (_input, options) => lifecycle("resumePrint", {}, options),
    stop: async (_input, options) => lifecycle("stopPrint", {}, options),
    start: async ({ file, levelBed, timelapse }, { signal }) => {
      const path = storedPath(file);
      if (session.occupied) {
        throw new PrinterError(
          "wrong_phase",
          "the printer is printing, receiving or checking a file; wait until it is idle",
        );
      }
      const payload = {
        Filename: path,
        StartLayer: 0,
        Calibration_switch: levelBed ? 1 : 0,
        PrintPlatformType: 0,
        Tlp_Switch: timelapse ? 1 : 0,
        slot_map: [],
      } as const;
      return lifecycle("startPrint", { ...payload, slot_map: [] }, { signal, deadlineMs: startAnswerMs });
    },
    refresh: async (_input, { signal }) => {
      await session.ask("refreshStatus", {}, { signal });
      return { outcome: "acknowledged" };
    },
  };
}

function refused(name: RequestName, ack: number | null): PrinterError {
  const words = refusals[name]?.[ack ?? -1] ?? "the printer refused it";
  return new PrinterError("printer_refused", `${words} (code ${ack ?? "none"})`);
}

/**
 * `cube.gcode` → `/local/cube.gcode`; a full path stays as the file list gave it.
 * @throws PrinterError `invalid_input`
 */
function storedPath(file: string): string {
  const path = file.startsWith("/") ? file : `/local/${file}`;
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  const illegal = /[\u0000-\u001f\u007f\\]/u.test(path) || path.split("/").includes("..");
  if (illegal || !/^\/(local|usb|udisk)\/.+\.gcode$/iu.test(path)) {
    throw new PrinterError(
      "invalid_input",
      "the printer prints stored .gcode files: give a name as its file list shows it",
      {
        problems: [
          { pointer: "/file", message: "a .gcode file in the printer's storage, without .. or control characters" },
        ],
      },
    );
  }
  return path;
}
