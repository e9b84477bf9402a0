// The faults of the simulated cloud, by the names that POST /fault takes.

import { knobFaults, number } from "../admin/fault-kinds.ts";
import type { Faults } from "../simulator.ts";
import type { CloudBroker } from "./broker.ts";
import type { Cloud, Guard, Knobs } from "./cloud.ts";

const guards = ["html-403", "418", "429", "html-503", "500", "truncated"] as const satisfies readonly Guard[];

export function cloudFaults(cloud: Cloud, broker: CloudBroker): Faults {
  const { knobs } = cloud;
  const { at, asked } = knobFaults(knobs);
  return {
    "tokens-end": { summary: "no token that was given is taken any more", set: () => cloud.endTokens() },
    "bare-401": {
      summary: "so many requests get a 401 without a body",
      parameters: { times: number(1, 1000, 1) },
      set: ({ times }) => void (knobs.bare401 = Number(times)),
    },
    guard: asked("guard", ({ how }) => guards.find((guard) => guard === how) ?? "none", {
      summary: "what answers every request in place of the cloud",
      parameters: { how: { kind: "choice", values: guards, default: "html-403" } },
    }),
    slow: asked("delayMs", ({ milliseconds }) => Number(milliseconds), {
      summary: "answers come late",
      parameters: { milliseconds: number(1, 120_000, 15_000) },
    }),
    "devices-null": at("devicesNull", true, "the lists of printers are null"),
    gone: asked("gone", ({ which }) => which as Knobs["gone"], {
      summary: "which addresses answer 404; usually the undocumented ones",
      parameters: {
        which: { kind: "choice", values: ["none", "documented", "undocumented", "both"], default: "documented" },
      },
    }),
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
    "broker-refuses": at("brokerRefuses", true, "the broker takes no token (CONNACK 5)"),
    "broker-down": {
      summary: "the broker's port is closed",
      set: async () => broker.close(),
      clear: async () => broker.open(),
    },
  };
}
