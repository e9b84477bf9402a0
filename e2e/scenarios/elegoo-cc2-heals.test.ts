// What goes wrong between a gateway and a Centauri Carbon 2, told in words, and healed without a restart.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { startSimulator } from "../simulators/launch.ts";
import { EventStream } from "./harness/event-stream.ts";
import { Stack, type PrinterOptions } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const family = "elegoo-cc2";
const serial = "CC2MOVED0000001";
const rightCode = "Ab12Cd";

const printers: Record<string, PrinterOptions> = {
  code: { family, settings: { "access-code": rightCode }, connection: { access_code: "mistyped" } },
  cloud: { family, scenario: "cloud-mode" },
  full: { family },
  power: { family, scenario: "printing", speed: 5 },
  moved: { family, host: "127.0.0.41", settings: { serial }, connection: { search: ["127.0.0.41", "127.0.0.42"] } },
};

interface State {
  readonly connected: boolean;
  readonly phase: string;
  readonly stage: string | null;
  readonly reason: string | null;
}

async function state(stack: Stack, id: string): Promise<State> {
  return (await stack.get(`/api/v1/printers/${id}/state`)) as unknown as State;
}

async function connected(stack: Stack, id: string, limitMs = 90_000): Promise<void> {
  await until(`${id} is connected`, async () => (await state(stack, id)).connected, limitMs);
}

async function says(stack: Stack, id: string, words: RegExp): Promise<void> {
  await until(`${id} says ${words}`, async () => words.test((await state(stack, id)).reason ?? ""), 60_000);
}

function refused(stack: Stack, id: string): number {
  return (stack.printer(id).control.counters()["mqtt"] as { refused: number }).refused;
}

test("five printers with five troubles", { timeout: 290_000, concurrency: true }, async (t) => {
  await using stack = await Stack.start({ printers });

  // Each waits for its own printer, mostly.
  await Promise.all([
    t.test("a wrong access code is told, sent once, and right as soon as the inventory is", async () => {
      await says(stack, "code", /access_code/u);
      await wait(5000);
      assert.equal(refused(stack, "code"), 1);
      const text = await readFile(stack.inventory, "utf8");
      await writeFile(stack.inventory, text.replace("mistyped", rightCode));
      await connected(stack, "code");
      assert.equal(refused(stack, "code"), 1);
      assert.ok(stack.gateway.lines.every((line) => !line.includes("mistyped") && !line.includes(rightCode)));
    }),

    t.test("LAN Only that is off is told, and the printer comes when it is switched on", async () => {
      await says(stack, "cloud", /LAN Only mode is off/u);
      await stack.printer("cloud").control.setScenario("idle");
      await connected(stack, "cloud");
    }),

    t.test("connections that others hold are told with what to do, and waited for", async () => {
      await connected(stack, "full");
      await stack.fault("full", "slots-full");
      await stack.fault("full", "drop-sockets");
      await says(stack, "full", /close a slicer/u);
      await stack.fault("full", "slots-full", { clear: true });
      await connected(stack, "full");
    }),

    t.test("a printer that reboots in mid-print is back in its job", async () => {
      await using events = await EventStream.open(stack);
      await connected(stack, "power");
      assert.equal((await state(stack, "power")).phase, "printing");
      await stack.fault("power", "power-cut", { resumes: true });
      await until("it is gone", async () => !(await state(stack, "power")).connected, 60_000);
      await stack.fault("power", "power-cut", { clear: true });
      await until("it prints on", async () => (await state(stack, "power")).phase === "printing", 120_000);
      assert.ok(!events.happened("power").includes("print_finished"));
    }),

    t.test("a printer with a new address is found there", async () => {
      await connected(stack, "moved");
      const { ports } = stack.printer("moved");
      await stack.printer("moved")[Symbol.asyncDispose]();
      await until("it is gone", async () => !(await state(stack, "moved")).connected, 60_000);
      await using there = await startSimulator({ family, host: "127.0.0.42", ports, settings: { serial } });
      await connected(stack, "moved");
      assert.equal((there.control.counters()["registrations"] as { current: number }).current, 1);
    }),
  ]);
});
