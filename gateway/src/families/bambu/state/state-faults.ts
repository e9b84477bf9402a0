// The printer's faults in words: `print_error`, one number, and the list `hms`, which goes on its own.
// Pure; the words are ./words.ts. Facts: the family's README.

import type { Fault, Severity } from "../../../model/printer.ts";
import { fields, list, number } from "../report-fields.ts";
import { isCancelCode } from "../memory.ts";
import type { Report } from "../printer-link.ts";
import { hmsWords, modules, numberedModules, printErrorWords } from "./words.ts";

export function readFaults(report: Report): readonly Fault[] {
  const faults = new Map<string, Fault>();
  const error = number(report["print_error"]);
  // A cancelled job shows in the phase.
  if (isCode(error) && error !== 0 && !isCancelCode(error)) {
    const fault = printError(error);
    faults.set(fault.code, fault);
  }
  for (const entry of list(report["hms"])) {
    const { attr, code } = fields(entry);
    const [high, low] = [number(attr), number(code)];
    if (!isCode(high) || !isCode(low)) continue;
    const fault = hmsFault(high, low);
    faults.set(fault.code, fault);
  }
  return [...faults.values()];
}

function isCode(value: number | null): value is number {
  return value !== null && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}

/** "0300_400C" of 50348044. */
function halves(value: number): string {
  const hex = value.toString(16).toUpperCase().padStart(8, "0");
  return `${hex.slice(0, 4)}_${hex.slice(4)}`;
}

/** By the low 16 bits: what it is about, from where on. */
const errorClasses: readonly { readonly from: number; readonly severity: Severity; readonly words: string }[] = [
  { from: 0xc000, severity: "warning", words: "it asks something on its screen" },
  { from: 0x8000, severity: "error", words: "the print is paused until somebody sees to it" },
  { from: 0x4000, severity: "error", words: "the job has ended" },
  { from: 0, severity: "info", words: "a note" },
];

function printError(error: number): Fault {
  const code = halves(error);
  const kind = errorClasses.find(({ from }) => (error & 0xffff) >= from);
  const known = printErrorWords[code] ?? printErrorWords[ofAnyUnit(code)];
  const text = known ?? `${moduleWords(error)}: ${kind?.words ?? ""} (${code})`;
  return {
    code,
    severity: kind?.severity ?? "error",
    text: known === undefined ? text : withUnit(text, error),
    help: null,
  };
}

function ofAnyUnit(code: string): string {
  return code.replace(/^07(?!FF)../u, "07xx").replace(/^07FF_8012/u, "07xx_8012");
}

const hmsSeverities: Readonly<Record<number, { readonly severity: Severity; readonly words: string }>> = {
  1: { severity: "error", words: "fatal" },
  2: { severity: "error", words: "serious" },
  3: { severity: "warning", words: "common" },
  4: { severity: "info", words: "a note" },
};

const helpPages = "https://wiki.bambulab.com/en/x1/troubleshooting/hmscode/";

function hmsFault(attr: number, low: number): Fault {
  const code = `${halves(attr)}_${halves(low)}`;
  const { severity, words } = hmsSeverities[low >>> 16] ?? { severity: "warning", words: "of unknown severity" };
  const known = hmsWords[code] ?? ranOut(attr, low);
  return { code, severity, text: known ?? `${moduleWords(attr)}: ${words} (${code})`, help: `${helpPages}${code}` };
}

const partOfFirstSlot = 0x20;

/** The AMS names its slot in the code. */
function ranOut(attr: number, low: number): string | undefined {
  const slot = ((attr >>> 8) & 0xff) - partOfFirstSlot;
  if (attr >>> 24 !== 0x07 || low !== 0x0002_0001 || slot < 0 || slot > 3) return undefined;
  return `The filament in AMS ${unitLetter(attr)} slot ${slot + 1} ran out`;
}

function moduleWords(value: number): string {
  const module = value >>> 24;
  const name = modules[module];
  if (name === undefined) return `module ${module.toString(16).toUpperCase().padStart(2, "0")}`;
  return numberedModules.has(module) ? `${name} ${unitLetter(value)}` : name;
}

function withUnit(text: string, error: number): string {
  return ((error >>> 16) & 0xff) === 0xff ? text : text.replace(/\bAMS\b/u, `AMS ${unitLetter(error)}`);
}

function unitLetter(value: number): string {
  const index = (value >>> 16) & 0xff;
  if (index === 0xff) return "external";
  const place = index >= 0x80 ? index - 0x80 : index;
  return place < 8 ? ("ABCDEFGH"[place] ?? "") : String(index);
}
