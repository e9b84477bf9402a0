// The faults of the simulated cloud, by the names that POST /fault takes.

import type { Fault } from "../simulator.ts";
import type { CloudBroker } from "./broker.ts";
import type { Cloud, Guard, Knobs } from "./cloud.ts";

const guards = ["html-403", "418", "429", "html-503", "500", "truncated"] as const satisfies readonly Guard[];

export function cloudFaults(cloud: Cloud, broker: CloudBroker): Readonly<Record<string, Fault>> {
  const { knobs } = cloud;
  const usual: Knobs = { ...knobs };
  const back = (name: keyof Knobs) => (): void => void Object.assign(knobs, { [name]: usual[name] });
  return {
    "tokens-end": { summary: "no token that was given is taken any more", set: () => cloud.endTokens() },
    "bare-401": {
      summary: "so many requests get a 401 without a body",
      parameters: { times: { kind: "number", minimum: 1, maximum: 1000, default: 1 } },
      set: ({ times }) => void (knobs.bare401 = Number(times)),
    },
    guard: {
      summary: "what answers every request in place of the cloud",
      parameters: { how: { kind: "choice", values: guards, default: "html-403" } },
      set: ({ how }) => void (knobs.guard = guards.find((guard) => guard === how) ?? "none"),
      clear: back("guard"),
    },
    slow: {
      summary: "answers come late",
      parameters: { milliseconds: { kind: "number", minimum: 1, maximum: 120_000, default: 15_000 } },
      set: ({ milliseconds }) => void (knobs.delayMs = Number(milliseconds)),
      clear: back("delayMs"),
    },
    "devices-null": {
      summary: "the lists of printers are null",
      set: () => void (knobs.devicesNull = true),
      clear: back("devicesNull"),
    },
    gone: {
      summary: "which addresses answer 404; usually the undocumented ones",
      parameters: {
        which: { kind: "choice", values: ["none", "documented", "undocumented", "both"], default: "documented" },
      },
      set: ({ which }) => void Object.assign(knobs, { gone: which }),
      clear: back("gone"),
    },
    offline: {
      summary: "the cloud does not see the printer",
      set: () => {
        knobs.online = false;
        broker.tellEvent("client.disconnected");
      },
      clear: () => {
        knobs.online = true;
        broker.tellEvent("client.connected");
      },
    },
    "broker-refuses": {
      summary: "the broker takes no token (CONNACK 5)",
      set: () => void (knobs.brokerRefuses = true),
      clear: back("brokerRefuses"),
    },
    "broker-down": {
      summary: "the broker's port is closed",
      set: async () => broker.close(),
      clear: async () => broker.open(),
    },
  };
}
