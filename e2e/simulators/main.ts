// Command line of the simulators: one simulator until SIGTERM or SIGINT. One JSON line on stdout
// says that it listens and where; faults go to stderr. Exit 2: the command line; 1: a port.

import { type ParseArgsConfig, parseArgs } from "node:util";
import { definitionOf, type LaunchOptions, startSimulator } from "./launch.ts";
import { simulators } from "./register.ts";
import { wholeNumber } from "./settings.ts";
import { type SimulatorDefinition, UsageError } from "./simulator.ts";

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(argv: readonly string[]): Promise<void> {
  const [family, ...rest] = argv;
  if (family === "--help" || rest.includes("--help")) {
    process.stdout.write(usage());
    return;
  }
  if (family === undefined || family.startsWith("-")) throw new UsageError(usage());
  // A printer that is switched off says no goodbye; the kernel closes its sockets.
  process.once("SIGTERM", () => process.exit(0));
  process.once("SIGINT", () => process.exit(0));
  const { host, ports, admin, facts } = await startSimulator(readOptions(family, rest));
  process.stdout.write(`${JSON.stringify({ event: "listening", family, host, ports, admin, ...facts })}\n`);
}

function readOptions(family: string, argv: readonly string[]): LaunchOptions {
  const definition = definitionOf(family);
  const values = parse(argv, optionNames(definition));
  const ports: Record<string, number> = {};
  for (const name of Object.keys(definition.ports)) {
    const text = values[portOption(name)];
    if (text !== undefined) ports[name] = portNumber(portOption(name), text);
  }
  const settings = Object.keys(definition.settings).flatMap((name) => {
    const text = values[name];
    return text === undefined ? [] : [[name, text] as const];
  });
  return {
    family,
    ports,
    settings: Object.fromEntries(settings),
    ...(values["host"] !== undefined && { host: values["host"] }),
    ...(values["scenario"] !== undefined && { scenario: values["scenario"] }),
    ...(values["speed"] !== undefined && { speed: readSpeed(values["speed"]) }),
    ...(values["admin-port"] !== undefined && { adminPort: portNumber("admin-port", values["admin-port"]) }),
  };
}

function portNumber(option: string, text: string): number {
  return wholeNumber(option, text, 0, 65_535);
}

function optionNames(definition: SimulatorDefinition): readonly string[] {
  const own = [...Object.keys(definition.ports).map(portOption), ...Object.keys(definition.settings)];
  return ["host", "scenario", "speed", "admin-port", ...own];
}

function portOption(name: string): string {
  return name === "main" ? "port" : `${name}-port`;
}

function parse(argv: readonly string[], names: readonly string[]): Readonly<Record<string, string | undefined>> {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const name of names) options[name] = { type: "string" };
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values as Record<string, string | undefined>;
  } catch (error) {
    const legal = names.map((name) => `--${name}`).join(", ");
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\nlegal: ${legal}`);
  }
}

function readSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() !== "" && speed >= 0.1 && speed <= 100_000) return speed;
  throw new UsageError(`--speed: "${text}" is not a number from 0.1 to 100000`);
}

function usage(): string {
  const lines = Object.entries(simulators).flatMap(([family, definition]) => [
    `  ${family}  ${definition.title}`,
    `    ports: ${Object.entries(definition.ports)
      .map(([name, standard]) => `--${portOption(name)} ${standard}`)
      .join(", ")}`,
    `    scenarios: ${definition.scenarios.join(", ")}`,
    ...Object.entries(definition.settings).map(([name, { summary }]) => `    --${name}: ${summary}`),
  ]);
  return [
    "npm run simulator -- <family> [--host 127.0.0.1] [--port N] [--scenario NAME] [--speed 60] [--admin-port N]",
    "Port 0 is any free one; --port 0 makes the family's other ports 0 too.",
    ...lines,
    "",
  ].join("\n");
}
