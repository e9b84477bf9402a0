// Which slot feeds which filament of a project, in both forms that printers want. A mapping is never
// made up: it is the user's word, held against what is in the slots. Facts: the family's README.

import type { CommandInput } from "../../../model/commands.ts";
import { text } from "../report-fields.ts";
import { refused } from "./commands-send.ts";
import { findSlot, unitsOf, type Slot } from "./materials-slots.ts";
import type { Model } from "../models.ts";
import { externalUnit, type Report } from "../printer-link.ts";
import type { Project, ProjectPlate } from "../files/project.ts";

type Slots = NonNullable<CommandInput<"start">["slots"]>;

/** The part of `project_file` about filament. */
export interface Mapping {
  readonly use_ams: boolean;
  /** One number for each filament of the project: the slot as `tray_now` counts, -1 for none and for the spool holder. */
  readonly ams_mapping?: readonly number[];
  readonly ams_mapping2?: readonly { readonly ams_id: number; readonly slot_id: number }[];
}

const unmapped = { ams_id: 255, slot_id: 255 };

export interface MappingOptions {
  readonly report: Report;
  readonly model: Model;
  readonly project: Project;
  readonly plate: ProjectPlate;
  readonly slots: Slots | undefined;
}

/**
 * @throws PrinterError `invalid_input` where a filament that the plate uses has no slot, a slot does not
 *   exist or is empty, or holds another kind of filament
 */
export function filamentMapping(options: MappingOptions): Mapping {
  const { report, model, project, plate } = options;
  const slots = options.slots ?? onlySpool(options);
  const found = new Map<number, Slot>();
  slots.forEach(({ tool, unit, slot }, index) => {
    const pointer = `/slots/${index}`;
    if (found.has(tool)) throw refused(`${pointer}/tool`, `filament ${tool} is given twice`);
    if (tool >= project.filamentCount)
      throw refused(`${pointer}/tool`, `the project has ${project.filamentCount} filaments, counted from 0`);
    const position = findSlot(report, model, { unit, slot }, pointer);
    if (!position.isPresent) throw refused(pointer, `slot ${slot} of unit ${unit} is empty`);
    demandSameKind(plate, tool, position, pointer);
    found.set(tool, position);
  });
  const missing = plate.filaments.map(({ tool }) => tool).filter((tool) => !found.has(tool));
  if (missing.length > 0) throw refused("/slots", `the plate uses filament ${missing.join(", ")}: ${sayWhich}`);
  return mappingOf(model, project, found);
}

const sayWhich = `say which slot feeds it (unit "${externalUnit}", slot "0" is the spool holder)`;

/** Without a single material unit there is nothing to choose: the spool holder feeds the one filament. */
function onlySpool({ report, model, plate }: MappingOptions): Slots {
  const [only, another] = plate.filaments;
  if (only === undefined || another !== undefined || unitsOf(report).length > 0 || model.nozzles > 1) return [];
  return [{ tool: only.tool, unit: externalUnit, slot: "0" }];
}

function demandSameKind(plate: ProjectPlate, tool: number, { tray }: Slot, pointer: string): void {
  const wanted = plate.filaments.find((filament) => filament.tool === tool)?.type ?? "";
  const loaded = text(tray["tray_type"]);
  if (wanted === "" || loaded === "" || wanted.toUpperCase() === loaded.toUpperCase()) return;
  throw refused(pointer, `filament ${tool} is sliced as ${wanted}, the slot holds ${loaded}: use another slot`);
}

function mappingOf(model: Model, project: Project, found: ReadonlyMap<number, Slot>): Mapping {
  const hasUnit = [...found.values()].some(({ isExternal }) => !isExternal);
  // A printer with one nozzle and no unit takes `use_ams: true` for a mapping that is missing.
  if (!hasUnit && model.nozzles === 1) return { use_ams: false };
  const tools = Array.from({ length: project.filamentCount }, (_, tool) => found.get(tool));
  return {
    use_ams: true,
    ams_mapping: tools.map((slot) => oldForm(slot)),
    ams_mapping2: tools.map((slot) => (slot === undefined ? unmapped : { ams_id: slot.amsId, slot_id: slot.slotId })),
  };
}

/** Units of the A2L count from 0 here, though not anywhere else. */
function oldForm(slot: Slot | undefined): number {
  if (slot === undefined || slot.isExternal) return -1;
  return slot.amsId === 16 ? slot.slotId : slot.global;
}
