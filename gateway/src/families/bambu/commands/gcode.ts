// What this family adds to the shared safety filter for G-code that people send: more that is blocked,
// homing of all axes only, moves inside the frame that keeps the soft limits, no cold extrusion.
// Facts: the family's README.

import { PrinterError, type InputProblem } from "../../../model/errors.ts";
import { blockedGcode, safeGcode, type GcodeLimits } from "../../../model/gcode.ts";
import { coldCelsius } from "./limits.ts";

/** Calibration values, motor currents, sounds, and what writes, starts or deletes files. */
const alsoBlocked =
  "M303 M92 M201 M202 M203 M204 M205 M206 M301 M304 M851 M906 M1003 M1006 " +
  "M23 M24 M25 M26 M27 M28 M29 M30 M32 M33 M36 M928 M117 M118";
const blocked: ReadonlySet<string> = new Set([...blockedGcode, ...alsoBlocked.split(" ")]);

/** Reason by name, for what the shared filter does not know. */
const refusals: Readonly<Record<string, string>> = {
  M620: "it can freeze the printer; use load-material",
  M621: "it can freeze the printer; use load-material",
  M211: "the soft limits stay on",
  M1002: "it belongs to the frame around moves, which is put there by itself",
  M302: "cold extrusion stays off",
};

const moves = new Set(["G0", "G1", "G2", "G3", "G5"]);
const retractions = new Set(["G10", "G11"]);

const frameBefore = ["M211 S", "M211 X1 Y1 Z1", "M1002 push_ref_mode"];
const frameAfter = ["M1002 pop_ref_mode", "M211 R"];

/** Lines that move, in the frame that keeps the soft limits and gives back the mode of coordinates. */
export function framed(lines: readonly string[]): readonly string[] {
  return [...frameBefore, ...lines, ...frameAfter];
}

/**
 * The lines that may be sent, in order, framed where one of them moves.
 * @param nozzleCelsius what the nozzle has now; null where it is not known
 * @throws PrinterError `invalid_input` with a problem for every line that is refused; send nothing then
 */
export function checkedGcode(
  lines: readonly string[],
  limits: GcodeLimits,
  nozzleCelsius: number | null,
): readonly string[] {
  const safe = safeGcode(lines, limits, blocked);
  const problems: InputProblem[] = safe.flatMap((command) => {
    const fault = faultOf(command, nozzleCelsius);
    const message = `${JSON.stringify(command)}: ${fault ?? ""}`;
    return fault === undefined ? [] : [{ pointer: `/lines/${lineOf(lines, command)}`, message }];
  });
  if (problems.length > 0) {
    const words = problems.map(({ message }) => message).join("; ");
    throw new PrinterError("invalid_input", `the G-code was refused and nothing was sent: ${words}`, { problems });
  }
  return safe.some((command) => moves.has(nameOf(command))) ? framed(safe) : safe;
}

/** Where the command came from; the first line where that cannot be told. */
function lineOf(lines: readonly string[], command: string): number {
  return Math.max(
    0,
    lines.findIndex((line) => line.includes(command)),
  );
}

function faultOf(command: string, nozzleCelsius: number | null): string | undefined {
  const name = nameOf(command);
  if (name === "") return "this printer takes G and M commands only";
  if (name.startsWith("T")) return "a change of tool can freeze the printer; use load-material or select-nozzle";
  const refusal = Object.hasOwn(refusals, name) ? refusals[name] : undefined;
  if (refusal !== undefined) return refusal;
  if (name === "G28" && !/^G\s*0*28$/iu.test(command)) return "only all axes together: homing Z alone can hit the bed";
  return coldFault(name, command, nozzleCelsius);
}

function coldFault(name: string, command: string, nozzleCelsius: number | null): string | undefined {
  const extrudes = retractions.has(name) || (moves.has(name) && /E/iu.test(command));
  if (!extrudes || (nozzleCelsius !== null && nozzleCelsius >= coldCelsius)) return undefined;
  return `the nozzle must be at ${coldCelsius} °C at least before filament moves`;
}

/** `M104` for `m 0104.1 S200`; "" where it is neither G, M nor T. */
function nameOf(command: string): string {
  const [, letter = "", code = ""] = /^([GM])\s*(\d+)/iu.exec(command) ?? /^(T)\s*([\d?CX])/iu.exec(command) ?? [];
  return letter === "" ? "" : `${letter.toUpperCase()}${/\d/u.test(code) ? Number(code) : code}`;
}
