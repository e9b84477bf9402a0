// What a command of the printer is, to the tables of commands and to ./requests.ts.

import type { Printer } from "./printer.ts";
import type { Reporter } from "./reporter.ts";

export type Body = Readonly<Record<string, unknown>>;

export interface Outcome {
  readonly result: "success" | "fail";
  readonly reason?: string;
  /** Beside the echoed parameters. */
  readonly extra?: Body;
  /** Nothing is answered. */
  readonly silent?: true;
}

export interface Context {
  readonly printer: Printer;
  readonly reporter: Reporter;
  /** Who asks. */
  readonly client: object;
}

export type Handler = (context: Context, body: Body) => Outcome | Promise<Outcome>;

/** By command name, without the type. */
export type Handlers = Readonly<Record<string, Handler>>;

export const success: Outcome = { result: "success" };

export function fail(reason: string, extra?: Body): Outcome {
  return { result: "fail", reason, ...(extra !== undefined && { extra }) };
}

/** Success, or a failure with this reason. */
export function successIf(done: boolean, reason: string): Outcome {
  return done ? success : fail(reason);
}

export function isWhole(value: unknown, minimum: number, maximum: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum;
}
