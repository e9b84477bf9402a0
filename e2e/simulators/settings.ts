// Reads what a user gave a simulator on the command line. What each family asks for is in its own folder.

import { type StartOptions, UsageError } from "./simulator.ts";

type Settings = StartOptions["settings"];

/** Reads a whole number setting. @throws UsageError outside the bounds. */
export function wholeNumber(name: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw new UsageError(`--${name}: "${text}" is not a whole number from ${minimum} to ${maximum}`);
  }
  return value;
}

/** The setting `fps` of a printer's camera, pictures a second. @throws UsageError outside 1 to 30. */
export function pictureRate(settings: Settings): number {
  return wholeNumber("fps", settings["fps"] ?? "", 1, 30);
}

/** The row of a table that a setting names. @throws UsageError naming the rows there are. */
export function rowNamed<Row>(name: string, settings: Settings, table: Readonly<Record<string, Row>>): Row {
  const asked = settings[name] ?? "";
  const row = Object.hasOwn(table, asked) ? table[asked] : undefined;
  if (row !== undefined) return row;
  throw new UsageError(`--${name}: there is no "${asked}"; legal: ${Object.keys(table).join(", ")}`);
}

/** One of a few words. @throws UsageError naming them. */
export function wordOf<Word extends string>(name: string, settings: Settings, legal: readonly Word[]): Word {
  const asked = settings[name] ?? "";
  const word = legal.find((known) => known === asked);
  if (word !== undefined) return word;
  throw new UsageError(`--${name}: "${asked}"; legal: ${legal.join(", ")}`);
}

/** A text of one form; undefined for an empty one. @throws UsageError saying that it is not `form`. */
export function textLike(name: string, settings: Settings, pattern: RegExp, form: string): string | undefined {
  const text = settings[name] ?? "";
  if (text === "" || pattern.test(text)) return text || undefined;
  throw new UsageError(`--${name}: "${text}" is not ${form}`);
}

/** Where the port of this name is to listen. */
export function addressOf(
  { host, ports }: Pick<StartOptions, "host" | "ports">,
  name: string,
): { readonly host: string; readonly port: number } {
  return { host, port: ports[name] ?? 0 };
}
