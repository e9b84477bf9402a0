// The safety filter for G-code that people send: every line is read as firmwares read it, and what
// passes is exactly what was checked, without comments, line numbers and checksums. Pure, and shared
// by families. Facts: Marlin's G-code reference and parser, Klipper's gcode.py, RepRapFirmware's dictionary.

import { PrinterError, type InputProblem } from "./errors.ts";

/** The most that a heated part may be set to, °C. */
export interface GcodeLimits {
  readonly nozzleCelsius: number;
  readonly bedCelsius: number;
  readonly chamberCelsius: number;
}

/** Halts the machine, writes its settings, flashes it, or restarts it. */
export const blockedGcode: ReadonlySet<string> = new Set([
  "M112",
  "M500",
  "M501",
  "M502",
  "M997",
  "M999",
  "FIRMWARE_RESTART",
  "RESTART",
  "SAVE_CONFIG",
]);

type Part = keyof GcodeLimits;

/** Command → parameter → the part whose temperature it sets. */
const heating: Readonly<Record<string, Readonly<Record<string, Part>>>> = {
  // B is the most that Marlin's AUTOTEMP goes to, R the standby or cooling target.
  M104: { S: "nozzleCelsius", R: "nozzleCelsius", B: "nozzleCelsius" },
  M109: { S: "nozzleCelsius", R: "nozzleCelsius", B: "nozzleCelsius" },
  M140: { S: "bedCelsius", R: "bedCelsius" },
  M190: { S: "bedCelsius", R: "bedCelsius" },
  M141: { S: "chamberCelsius", R: "chamberCelsius" },
  M191: { S: "chamberCelsius", R: "chamberCelsius" },
  // The presets that `M104 I0` and `M140 I0` heat to.
  M145: { H: "nozzleCelsius", B: "bedCelsius", C: "chamberCelsius" },
  M568: { S: "nozzleCelsius", R: "nozzleCelsius" },
};

const partWords: Readonly<Record<Part, string>> = {
  nozzleCelsius: "nozzle",
  bedCelsius: "bed",
  chamberCelsius: "chamber",
};

/** The rest of their line is a text or a file name, never a command. */
const takesText: ReadonlySet<string> = new Set(["M23", "M28", "M30", "M32", "M33", "M36", "M117", "M118", "M928"]);

/**
 * The lines that may be sent, in order: one command each, without comment, line number and checksum.
 * A line with several commands becomes several lines.
 * @throws PrinterError `invalid_input` with a problem for every line that is refused; send nothing then
 */
export function safeGcode(
  lines: readonly string[],
  limits: GcodeLimits,
  blocked: ReadonlySet<string> = blockedGcode,
): readonly string[] {
  const problems: InputProblem[] = [];
  const safe: string[] = [];
  lines.forEach((line, index) => {
    for (const command of commandsOf(line)) {
      const fault = faultOf(command, limits, blocked);
      if (fault === undefined) safe.push(command);
      else problems.push({ pointer: `/lines/${index}`, message: `${JSON.stringify(command)}: ${fault}` });
    }
  });
  if (problems.length === 0 && safe.length === 0) problems.push({ pointer: "/lines", message: "there is no command" });
  if (problems.length === 0) return safe;
  const words = problems.map(({ message }) => message).join("; ");
  throw new PrinterError("invalid_input", `the G-code was refused and nothing was sent: ${words}`, { problems });
}

/** The single commands of what a caller calls a line, which may hold line breaks. */
function commandsOf(text: string): string[] {
  const parts = text
    .split(/[\r\n\u0085\u2028\u2029]+/u)
    .map((line) => stripped(line))
    .filter((line) => line !== "")
    .flatMap((line) => separated(line));
  // Until nothing more comes off: what a cut lays bare may be a comment or a number again.
  return parts.length === 1 && parts[0] === text ? parts : parts.flatMap((part) => commandsOf(part));
}

/** Without comment, line number and checksum. */
function stripped(line: string): string {
  let rest = line.replaceAll("\t", " ").replace(/;.*$/u, "").trim();
  while (/^N\s*-?\d/iu.test(rest)) rest = rest.replace(/^N\s*-?\d+\s*/iu, "");
  rest = rest.replace(/\*\s*\d*\s*$/u, "").trim();
  return takesText.has(nameOf(rest)) ? rest : rest.replaceAll(/\([^()]*\)/gu, "").trim();
}

/** Cuts `G28 M104 S200` before each command; what stands in quotes is not cut. */
function separated(line: string): string[] {
  if (takesText.has(nameOf(line)) || !isClassic(line)) return [line];
  const cuts = [...line.matchAll(/"[^"]*"|[GM]\s*\d/giu)].filter(([match]) => !match.startsWith('"'));
  const starts = [0, ...cuts.map(({ index }) => index).filter((index) => index > 0)];
  return starts.map((start, index) => line.slice(start, starts[index + 1]).trim());
}

/** A letter and a number, as against a name such as `SET_FAN_SPEED`. */
function isClassic(line: string): boolean {
  return /^[A-Z]\s*\d/iu.test(line);
}

/** `M104` for `m 0104.1 S200`; a name in capitals; "" where no command begins. */
function nameOf(line: string): string {
  const [, letter = "", code = ""] = /^([GMT])\s*(\d+)/iu.exec(line) ?? [];
  if (letter !== "") return `${letter.toUpperCase()}${Number(code)}`;
  return /^[A-Z_]{2}[A-Z0-9_]*(?=\s|$)/iu.exec(line)?.[0].toUpperCase() ?? "";
}

/** Why the one command may not be sent; undefined where it may. */
function faultOf(command: string, limits: GcodeLimits, blocked: ReadonlySet<string>): string | undefined {
  if (/\p{Cc}/u.test(command)) return "it holds a control character";
  const name = nameOf(command);
  // The active tool alone: `T` with a letter after it, as some firmwares have it.
  if (name === "" && !/^T\s*[?CX]$/iu.test(command)) return "it does not begin with a G, M or T command";
  if (blocked.has(name)) return `${name} is blocked`;
  if (takesText.has(name)) return undefined;
  const hidden = [...command.matchAll(/(?<![A-Z_])[GM]\s*\d+/giu)].map(([word]) => nameOf(word));
  const found = hidden.find((word) => blocked.has(word));
  if (found !== undefined) return `${found} is blocked`;
  return temperatureFault(name, command, limits);
}

function temperatureFault(name: string, command: string, limits: GcodeLimits): string | undefined {
  if (name === "SET_HEATER_TEMPERATURE" || name === "PID_CALIBRATE") return namedHeaterFault(command, limits);
  const parts = partsSetBy(name, command);
  if (parts === undefined) return undefined;
  const parameters = readParameters(command);
  if (parameters === undefined) return "its parameters must be a letter and a plain number each";
  for (const [letter, value] of parameters) {
    const part = parts[letter];
    if (part !== undefined && value > limits[part]) return tooHot(part, limits);
  }
  return undefined;
}

function partsSetBy(name: string, command: string): Readonly<Record<string, Part>> | undefined {
  // PID tuning heats as well; E-1 is the bed.
  if (name === "M303") return { S: /E\s*-/iu.test(command) ? "bedCelsius" : "nozzleCelsius" };
  // With a tool number RepRapFirmware sets temperatures by it; elsewhere it is a retraction.
  if (name === "G10") return /P\s*\d/iu.test(command) ? { S: "nozzleCelsius", R: "nozzleCelsius" } : undefined;
  return heating[name];
}

/** All of them, each occurrence; undefined where one firmware might read another number than the next. */
function readParameters(command: string): [string, number][] | undefined {
  const rest = command.replace(/^[GM]\s*\d+(\.\d+)?/iu, "");
  const parameters: [string, number][] = [];
  // Exponents and hexadecimal are left out on purpose: some firmwares take them for numbers.
  const left = rest.replaceAll(
    /\s*([A-Z])\s*([+-]?(?:\d+\.?\d*|\.\d+))?(?![\d.]|[EX][\d+-])/giu,
    (_all, letter: string, number?: string) => {
      if (number !== undefined) parameters.push([letter.toUpperCase(), Number(number)]);
      return "";
    },
  );
  return left.trim() === "" ? parameters : undefined;
}

/** Klipper: `SET_HEATER_TEMPERATURE HEATER=heater_bed TARGET=60`. */
function namedHeaterFault(command: string, limits: GcodeLimits): string | undefined {
  const heater = /HEATER\s*=\s*"?([^"\s]+)/iu.exec(command)?.[1] ?? "";
  const part = /bed/iu.test(heater) ? "bedCelsius" : /chamber/iu.test(heater) ? "chamberCelsius" : "nozzleCelsius";
  const targets = [...command.matchAll(/TARGET\s*=\s*("[^"]*"|\S*)/giu)].map(([, value = ""]) => value);
  for (const target of targets) {
    const plain = /^"?([+-]?(?:\d+\.?\d*|\.\d+))"?$/u.exec(target)?.[1];
    if (plain === undefined) return "TARGET must be a plain number";
    if (Number(plain) > limits[part]) return tooHot(part, limits);
  }
  return undefined;
}

function tooHot(part: Part, limits: GcodeLimits): string {
  return `the ${partWords[part]} may be heated to ${limits[part]} °C at most`;
}
