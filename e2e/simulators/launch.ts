// Starts one simulator with its admin interface, inside the calling process. The command line is main.ts.

import { startAdmin } from "./admin/admin-server.ts";
import { Journal } from "./admin/journal.ts";
import { simulators } from "./register.ts";
import { type Simulator, type SimulatorDefinition, UsageError } from "./simulator.ts";

export interface LaunchOptions {
  readonly family: string;
  /** A loopback address; 127.0.0.1 by default. */
  readonly host?: string;
  /** Named ports; 0 is any free one. Not named: 0 when `main` is 0, else the printer's standard port. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly scenario?: string;
  /** Seconds of the machine's time in one second; 60 by default. */
  readonly speed?: number;
  /** 0 by default: any free one. */
  readonly adminPort?: number;
  /** Options of the family, such as `{ profile: "oc-0.3" }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A simulator that listens, with what a client and a test must know. */
export interface LaunchedSimulator extends AsyncDisposable, Pick<Simulator, "control" | "facts" | "ports"> {
  readonly family: string;
  readonly host: string;
  /** `http://HOST:PORT` of the admin interface. */
  readonly admin: string;
}

/** The family's definition. @throws UsageError naming the families there are. */
export function definitionOf(family: string): SimulatorDefinition {
  const definition = Object.hasOwn(simulators, family) ? simulators[family] : undefined;
  if (definition !== undefined) return definition;
  throw new UsageError(`there is no simulator "${family}"; legal: ${Object.keys(simulators).join(", ")}`);
}

/**
 * Starts a simulator; when this returns, every port listens.
 *
 * @throws UsageError for a family, scenario, port name or setting that does not exist; the
 *   listening error when a port is taken.
 */
export async function startSimulator(options: LaunchOptions): Promise<LaunchedSimulator> {
  const definition = definitionOf(options.family);
  const host = options.host ?? "127.0.0.1";
  const journal = new Journal();
  await using stack = new AsyncDisposableStack();
  const simulator = stack.use(
    await definition.start({
      host,
      journal,
      ports: choosePorts(definition, options.ports ?? {}),
      scenario: chooseScenario(definition, options.scenario),
      settings: chooseSettings(definition, options.settings ?? {}),
      speed: options.speed ?? 60,
    }),
  );
  const admin = stack.use(await startAdmin(simulator.control, journal, { host, port: options.adminPort ?? 0 }));
  const held = stack.move();
  return {
    family: options.family,
    host,
    ports: simulator.ports,
    facts: simulator.facts,
    control: simulator.control,
    admin: admin.url,
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

function choosePorts(definition: SimulatorDefinition, asked: Readonly<Record<string, number>>): Record<string, number> {
  checkNames("port", asked, definition.ports);
  return Object.fromEntries(
    Object.entries(definition.ports).map(([name, standard]) => [
      name,
      asked[name] ?? (asked["main"] === 0 ? 0 : standard),
    ]),
  );
}

function chooseScenario(definition: SimulatorDefinition, asked: string | undefined): string {
  if (asked === undefined) return definition.scenarios[0];
  if (definition.scenarios.includes(asked)) return asked;
  throw new UsageError(`there is no scenario "${asked}"; legal: ${definition.scenarios.join(", ")}`);
}

function chooseSettings(
  definition: SimulatorDefinition,
  asked: Readonly<Record<string, string>>,
): Record<string, string> {
  checkNames("setting", asked, definition.settings);
  return Object.fromEntries(
    Object.entries(definition.settings).map(([name, setting]) => [name, asked[name] ?? setting.default]),
  );
}

function checkNames(what: string, asked: object, legal: object): void {
  for (const name of Object.keys(asked)) {
    if (!Object.hasOwn(legal, name)) {
      throw new UsageError(`there is no ${what} "${name}"; legal: ${Object.keys(legal).join(", ") || "none"}`);
    }
  }
}
