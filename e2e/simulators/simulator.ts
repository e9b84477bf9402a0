// The contract a simulated printer or camera fulfils, as family.ts is for drivers.
// A simulator builds its own bytes and imports nothing of the services it is there to test.

import type { Journal } from "./admin/journal.ts";

/** What one fault takes beside its name. A parameter without `default` is required. */
export type ParameterRule =
  | {
      readonly kind: "number";
      readonly minimum: number;
      readonly maximum: number;
      readonly default?: number;
      readonly optional?: true;
    }
  | { readonly kind: "boolean"; readonly default?: boolean; readonly optional?: true }
  | { readonly kind: "text"; readonly default?: string; readonly optional?: true }
  | {
      readonly kind: "choice";
      readonly values: readonly (string | number)[];
      readonly default?: string | number;
      readonly optional?: true;
    };

export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** One way to misbehave. Without `clear` it happens once and is over. */
export interface Fault {
  readonly summary: string;
  readonly parameters?: Readonly<Record<string, ParameterRule>>;
  set(parameters: Parameters): void | Promise<void>;
  clear?(): void | Promise<void>;
}

/** By the names that POST /fault takes. */
export type Faults = Readonly<Record<string, Fault>>;

/** What the admin interface can see and do. Nothing of it is on the printer's own wire. */
export interface Control {
  readonly faults: Faults;
  readonly scenarios: readonly string[];
  /** Numbers a test asserts on: open sockets, frames by command, crashes. */
  counters(): Readonly<Record<string, unknown>>;
  /** The machine's true state, whatever it tells its clients. */
  state(): Readonly<Record<string, unknown>>;
  setScenario(name: string): void | Promise<void>;
  powerCycle(): Promise<void>;
  /** Moves the machine's clock forward at once. */
  advance(seconds: number): void;
}

/** A simulator that listens. Dispose closes every socket at once and is idempotent. */
export interface Simulator extends AsyncDisposable {
  /** The ports that are listened on, by the names of the definition. */
  readonly ports: Readonly<Record<string, number>>;
  /** What a client must know to connect: serial, access_code, ... as the family has them. */
  readonly facts: Readonly<Record<string, string>>;
  readonly control: Control;
}

export interface StartOptions {
  readonly host: string;
  /** By the names of the definition; 0 is any free port. */
  readonly ports: Readonly<Record<string, number>>;
  readonly scenario: string;
  /** How many seconds of the machine's time pass in one second. */
  readonly speed: number;
  /** By the names of the definition, each one the user gave or its default. */
  readonly settings: Readonly<Record<string, string>>;
  readonly journal: Journal;
}

/** One family, registered in register.ts. */
export interface SimulatorDefinition {
  readonly title: string;
  /** Port name to the printer's standard port. `main` is what `--port` sets, `x` what `--x-port` sets. */
  readonly ports: Readonly<Record<"main", number>> & Readonly<Record<string, number>>;
  /** The first is the default. */
  readonly scenarios: readonly [string, ...string[]];
  /** Options of this family only, `--name value`. */
  readonly settings: Readonly<Record<string, { readonly summary: string; readonly default: string }>>;
  /** @throws UsageError for a setting it cannot take, or the listening error. */
  start(options: StartOptions): Promise<Simulator>;
}

/** The user asked for something that does not exist; the message says what does. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
