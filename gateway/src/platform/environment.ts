// Reads a program's settings from its environment, checked: every fault at once. Which variables there are
// is each program's own table (settings.ts); this knows their kinds only.

import { logLevels, type LogLevel } from "./log.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** All faults of the environment, one line each; a line begins with its variable's name. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.faults = faults;
  }
}

/** Reads variables by name. An empty one counts as not set; one that cannot be used is kept as a fault. */
export interface VariableReader {
  readonly text: (name: string, fallback: string) => string;
  readonly optionalText: (name: string) => string | undefined;
  /** 0…65535; 0 takes any free one. */
  readonly port: (name: string, fallback: number) => number;
  /** A base address; with a slash at the end where it has no path. */
  readonly httpUrl: (name: string, fallback: string) => string;
  readonly logLevel: (name: string, fallback: LogLevel) => LogLevel;
}

/**
 * What `read` makes of the environment.
 * @throws SettingsError naming each variable that cannot be used, and what is legal
 */
export function readEnvironment<Settings>(env: Environment, read: (variables: VariableReader) => Settings): Settings {
  const faults: string[] = [];
  const text = (name: string, fallback: string): string => env[name] || fallback;
  const check = <T>(name: string, fallback: string, parse: (value: string) => T | undefined, legal: string): T => {
    const value = text(name, fallback);
    const parsed = parse(value);
    if (parsed === undefined) faults.push(`${name}: "${value}" is not ${legal}`);
    return parsed as T;
  };
  const settings = read({
    text,
    optionalText: (name) => env[name] || undefined,
    port: (name, fallback) => check(name, String(fallback), parsePort, "a port (0…65535; 0 takes any free one)"),
    httpUrl: (name, fallback) => check(name, fallback, parseUrl, "an http:// or https:// address"),
    logLevel: (name, fallback) => check(name, fallback, parseLevel, `one of ${logLevels.join(", ")}`),
  });
  if (faults.length > 0) throw new SettingsError(faults);
  return settings;
}

function parsePort(value: string): number | undefined {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? Number(value) : undefined;
}

function parseUrl(value: string): string | undefined {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "" ? url.href : undefined;
}

function parseLevel(value: string): LogLevel | undefined {
  return logLevels.find((level) => level === value);
}
