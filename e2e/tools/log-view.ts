// Pure: one line of a service's log in, one readable line out. The services write JSON lines
// (`level`, `time`, `msg` and fields); whatever else they or their children print stays as it is.

import { styleText } from "node:util";

/** Fields that have a place of their own or say nothing to a reader. */
const placed = new Set(["level", "time", "msg", "printer", "error", "layer", "pid", "hostname"]);

const levelColours = { error: "red", warn: "yellow", info: "green", debug: "gray" } as const;

export interface LogView {
  /** One line without its end. `source` is the process's name. */
  render(source: string, line: string): string;
}

/** A view with aligned names; `colours` only for terminals. */
export function createLogView(names: readonly string[], colours: boolean): LogView {
  const width = Math.max(...names.map((name) => name.length));
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  return {
    render: (source, line) => {
      const entry = parseEntry(line);
      const prefix = paint("cyan", source.padEnd(width));
      if (entry === undefined) return `${prefix}        ${line}`;
      const level = valueOf(entry["level"] ?? "info");
      const colour = Object.hasOwn(levelColours, level) ? levelColours[level as keyof typeof levelColours] : "white";
      return `${prefix}  ${paint(colour, level.padEnd(5))} ${textOf(entry)}`;
    },
  };
}

type Entry = Readonly<Record<string, unknown>>;

/** The line's object; undefined when it is not a JSON object. */
export function parseEntry(line: string): Entry | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Entry) : undefined;
  } catch {
    // Not JSON after all: shown as it is.
    return undefined;
  }
}

function textOf(entry: Entry): string {
  const { msg, event, printer, error } = entry;
  const parts: string[] = [];
  if (typeof printer === "string") parts.push(`[${printer}]`);
  parts.push(valueOf(msg ?? event ?? ""));
  if (error !== undefined) parts.push(`(${messageOf(error)})`);
  for (const [key, value] of Object.entries(entry)) {
    if (!placed.has(key) && !(key === "event" && (msg === undefined || msg === event)))
      parts.push(`${key}=${valueOf(value)}`);
  }
  return parts.join(" ");
}

function messageOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return valueOf(error);
}

function valueOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
