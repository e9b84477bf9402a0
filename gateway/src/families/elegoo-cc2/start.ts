// Everything that must be true before a job is started. A filament mapping is never made up here:
// which slot feeds which filament of the file is the user's word.

import type { CommandInput } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { isLoaded, traysOf } from "./canvas.ts";
import { demandIdle } from "./checks.ts";
import { fields, list, number, type Fields } from "./codec.ts";
import type { Params } from "./method-table.ts";
import type { Cc2Session } from "./session.ts";
import { hasFilament } from "./state.ts";
import { printable } from "./stored-file.ts";

type StartInput = CommandInput<"start">;
type Slots = NonNullable<StartInput["slots"]>;
type SlotMap = Params<"startPrint">["config"]["slot_map"];

/**
 * The parameters of the start, once the printer has confirmed the file.
 * @throws PrinterError `invalid_input`, `wrong_phase`, `not_found` when it has no such file, and
 *   what asking for it throws; nothing has been started then
 */
export async function prepareStart(
  session: Cc2Session,
  input: StartInput,
  { signal }: { signal: AbortSignal },
): Promise<Params<"startPrint">> {
  const file = printable(input.file);
  const plate = checkedPlate(input.plate);
  const slots = input.slots ?? [];
  const map = checkedSlots(session, slots);
  demandIdle(session);
  const detail = await session.ask("fileDetail", file, { signal, urgency: "asked" });
  checkTools(detail, slots);
  demandIdle(session);
  if (map.length === 0 && !hasFilament(session.view)) {
    throw new PrinterError("wrong_phase", "the printer sees no filament in its extruder: load some, or name a slot");
  }
  return {
    ...file,
    config: {
      delay_video: input.timelapse,
      printer_check: input.levelBed,
      print_layout: plate,
      bedlevel_force: false,
      slot_map: map,
    },
  };
}

function checkedPlate(plate: string | undefined): "A" | "B" {
  if (plate === undefined || plate === "A" || plate === "B") return plate ?? "A";
  throw refused("/plate", "A is the textured side, B the smooth one");
}

function refused(pointer: string, message: string): PrinterError {
  return new PrinterError("invalid_input", `${pointer}: ${message}`, { problems: [{ pointer, message }] });
}

function checkedSlots(session: Cc2Session, slots: Slots): SlotMap {
  const trays = traysOf(session.view.canvas);
  return slots.map(({ tool, unit, slot }, index) => {
    if (slots.findIndex((other) => other.tool === tool) !== index) {
      throw refused(`/slots/${index}/tool`, `filament ${tool} is given twice`);
    }
    const tray = trays.find(({ canvasId, trayId }) => String(canvasId) === unit && String(trayId) === slot);
    if (tray === undefined) throw refused(`/slots/${index}`, `there is no slot ${slot} in unit ${unit}; see materials`);
    if (!isLoaded(tray)) throw refused(`/slots/${index}`, `slot ${slot} of unit ${unit} is empty`);
    return { t: tool, canvas_id: tray.canvasId, tray_id: tray.trayId };
  });
}

/** Every filament that the file uses needs a slot; one filament alone may come from the spool holder. */
function checkTools(detail: Fields, slots: Slots): void {
  const used = new Set(
    list(detail["color_map"])
      .map((color) => number(fields(color)["t"]))
      .filter((tool) => tool !== null),
  );
  if (slots.length === 0 && used.size <= 1) return;
  const missing = [...used].filter((tool) => !slots.some((slot) => slot.tool === tool));
  if (missing.length > 0)
    throw refused("/slots", `the file uses filament ${missing.join(", ")}: say which slot feeds it`);
  const unknown = slots.findIndex(({ tool }) => used.size > 0 && !used.has(tool));
  if (unknown !== -1) throw refused(`/slots/${unknown}/tool`, `the file uses filament ${[...used].join(", ")} only`);
}
