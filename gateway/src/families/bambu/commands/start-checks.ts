// Everything that must be true before a job is started: the printer is free and heard, the file is on
// it whole, the plate is there and was sliced for this machine. Facts: the family's README.

import type { HandlerOptions } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import { gcodeState, isFree, number } from "../report-fields.ts";
import { refused, type CommandContext } from "./commands-send.ts";
import { modelByCode, models, type Model } from "../models.ts";
import type { PrinterLink } from "../printer-link.ts";
import type { Project, ProjectPlate } from "../files/project.ts";

const freshMs = 60_000;

/** @throws PrinterError `wrong_phase` unless the printer was heard of just now and is free for a job */
export function demandFree(link: PrinterLink): void {
  const age = link.reportAgeMs();
  if (age >= freshMs) {
    const words = `the printer was last heard of ${Math.round(age / 1000)} s ago: wait for its next report`;
    throw new PrinterError("wrong_phase", words);
  }
  if (isFree(link.report())) return;
  throw new PrinterError("wrong_phase", `the printer is not free for a job: it says ${gcodeState(link.report())}`);
}

/** @throws PrinterError `not_found` unless the printer has the file, and it is not empty */
export async function demandStored(
  { files }: CommandContext,
  name: string,
  { signal }: Pick<HandlerOptions, "signal">,
): Promise<void> {
  const size = await files.size(name, signal);
  if (size === null) throw new PrinterError("not_found", `the printer has no file "${name}"; upload it first`);
  if (size === 0)
    throw new PrinterError("invalid_input", `the file "${name}" on the printer is empty; upload it again`);
}

/** @throws PrinterError `invalid_input` for a project that is not sliced, or has no such plate */
export function chosenPlate({ plates }: Project, wanted: number | undefined): ProjectPlate {
  const [first] = plates;
  if (first === undefined) throw refused("/file", "the project is not sliced: slice it, and export the sliced file");
  if (wanted === undefined) return first;
  const plate = plates.find(({ number: each }) => each === wanted);
  if (plate !== undefined) return plate;
  const numbers = plates.map(({ number: each }) => each).join(", ");
  throw refused("/plateNumber", `the project has no sliced plate ${wanted}; it has ${numbers}`);
}

/** Codes of the slicer that are not those of the printers. */
const slicerCodes: Readonly<Record<string, string>> = { A11: "N2S", A12: "N1", A04: "N1" };

/** @throws PrinterError `invalid_input` for a plate that was sliced for another machine, or for nobody knows which */
export function demandSameModel({ modelCode, printerModel }: ProjectPlate, model: Model): void {
  if (modelCode === null && printerModel === null)
    throw refused("/file", `it does not say for which printer it is sliced; slice it for ${model.name}`);
  const code = modelCode === null ? codeOf(printerModel ?? "") : (slicerCodes[modelCode] ?? modelCode);
  if (code !== undefined && (code === model.code || model.printsFor.includes(code))) return;
  const other = modelByCode(code ?? "")?.name ?? printerModel ?? code ?? "another printer";
  throw refused("/file", `it is sliced for ${other}; slice it for ${model.name}`);
}

/** Of a name as slicers write it: "Bambu Lab P1S". */
function codeOf(name: string): string | undefined {
  const wanted = withoutVendor(name);
  const isNamed = ({ name, productNames }: Model): boolean =>
    [name, ...productNames].some((each) => withoutVendor(each) === wanted);
  return models.find((model) => isNamed(model))?.code;
}

function withoutVendor(name: string): string {
  return name
    .toLowerCase()
    .replace(/^bambu lab /u, "")
    .replaceAll("-", " ");
}

/** @throws PrinterError `invalid_input` where the plate wants a size of nozzle that is not fitted */
export function demandNozzles({ nozzleMillimeters }: ProjectPlate, link: PrinterLink): void {
  const reported = link.readings().nozzles.map(({ diameterMillimeters }) => diameterMillimeters ?? null);
  const fitted = [...reported, number(link.report()["nozzle_diameter"])].filter((size) => size !== null);
  if (fitted.length === 0) return;
  const missing = nozzleMillimeters.find((size) => !fitted.some((each) => Math.abs(each - size) < 0.01));
  if (missing === undefined) return;
  throw refused("/file", `it is sliced for a nozzle of ${missing} mm; fitted is ${[...new Set(fitted)].join(", ")} mm`);
}
