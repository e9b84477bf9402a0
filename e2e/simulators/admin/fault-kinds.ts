// Kinds of faults that many simulators have, and the rules of their parameters. Which faults a family
// has, under which names, is in its own folder.

import type { TcpPort } from "../net/port.ts";
import type { Fault, ParameterRule, Parameters } from "../simulator.ts";

/** As a number of times. */
export const forEver = 1_000_000;

/** Required without `byDefault`. */
export function number(minimum: number, maximum: number, byDefault?: number): ParameterRule {
  return { kind: "number", minimum, maximum, ...(byDefault !== undefined && { default: byDefault }) };
}

export function times(byDefault: number): ParameterRule {
  return number(1, forEver, byDefault);
}

type AboutFault = Pick<Fault, "summary" | "parameters">;

/** Makers of faults that turn one property of `knobs`; cleared, it has the value again that it has now. */
export interface KnobFaults<Knobs> {
  /** At one value. */
  readonly at: <Name extends keyof Knobs>(name: Name, value: Knobs[Name], summary: string) => Fault;
  /** At what `read` makes of the parameters. */
  readonly asked: <Name extends keyof Knobs>(
    name: Name,
    read: (parameters: Parameters) => Knobs[Name],
    about: AboutFault,
  ) => Fault;
}

export function knobFaults<Knobs extends object>(knobs: Knobs): KnobFaults<Knobs> {
  const asked: KnobFaults<Knobs>["asked"] = (name, read, about) => {
    const usual = knobs[name];
    return {
      ...about,
      set: (parameters) => {
        knobs[name] = read(parameters);
      },
      clear: () => {
        knobs[name] = usual;
      },
    };
  };
  return { asked, at: (name, value, summary) => asked(name, () => value, { summary }) };
}

/** Cuts what is connected, in one of some ways; the first is the default. */
export function dropFault<How extends string>(
  summary: string,
  ways: readonly [How, ...How[]],
  drop: (how: How) => void | Promise<void>,
): Fault {
  return {
    summary,
    parameters: { how: { kind: "choice", values: ways, default: ways[0] } },
    set: async ({ how }) => drop(ways.find((way) => way === how) ?? ways[0]),
  };
}

/** The port is closed until this is cleared: with RST, or by just closing. */
export function portDown(port: TcpPort, how: "reset" | "end"): Fault {
  return {
    summary: "the port is closed",
    set: async () => port.close(how),
    clear: async () => port.open(),
  };
}
