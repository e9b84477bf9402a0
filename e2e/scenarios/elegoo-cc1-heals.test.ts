// What goes wrong between a gateway and a Centauri Carbon, told in words, and healed without a restart.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startSimulator } from "../simulators/launch.ts";
import { EventStream } from "./harness/event-stream.ts";
import { Stack, type PrinterOptions } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const serial = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

const printers: Record<string, PrinterOptions> = {
  power: { scenario: "printing", speed: 5 },
  crash: { scenario: "printing", speed: 5 },
  full: {},
  wifi: { scenario: "printing", speed: 5 },
  moved: {
    host: "127.0.0.51",
    settings: { serial },
    connection: { mainboard_id: serial, search: ["127.0.0.51", "127.0.0.52"] },
  },
};

interface State {
  readonly connected: boolean;
  readonly phase: string;
  readonly reason: string | null;
  readonly bed: unknown;
  readonly faults: readonly { readonly code: string; readonly text: string }[];
}

async function state(stack: Stack, id: string): Promise<State> {
  return (await stack.get(`/api/v1/printers/${id}/state`)) as unknown as State;
}

async function connected(stack: Stack, id: string): Promise<void> {
  await until(`${id} is connected`, async () => (await state(stack, id)).connected, 90_000);
}

async function says(stack: Stack, id: string, words: RegExp): Promise<void> {
  const told = await until(
    `${id} says ${words}`,
    async () => {
      const now = await state(stack, id);
      return words.test(now.reason ?? "") && now;
    },
    90_000,
  );
  // Nothing of before is shown as live.
  assert.deepEqual([told.connected, told.phase, told.bed], [false, "unknown", null]);
}

test("five printers with five troubles", { timeout: 290_000 }, async (t) => {
  await using stack = await Stack.start({ printers });
  await Promise.all(Object.keys(printers).map(async (id) => connected(stack, id)));
  await using events = await EventStream.open(stack);

  // Silence is noticed after two keep-alives: the others have their troubles meanwhile.
  await stack.fault("wifi", "silence");

  await t.test("a power cut in mid-print is told, and after it that the job can be resumed at the screen", async () => {
    await stack.fault("power", "discovery-silent");
    await stack.fault("power", "crash");
    await says(stack, "power", /nothing listens at the printer's address; is it on/u);
    await stack.printer("power").control.powerCycle();
    await connected(stack, "power");
    const { faults, phase } = await until("it says what it knows", async () => {
      const now = await state(stack, "power");
      return now.faults.length > 0 && now;
    });
    assert.deepEqual([phase, faults.map(({ code }) => code)], ["idle", ["134"]]);
    assert.match(faults[0]?.text ?? "", /resumed or dismissed at the printer's screen/u);
    assert.equal(stack.printer("power").control.state()["stage"], null, "nothing moves by itself");
  });

  await t.test("software that has died is told from a printer that is off", async () => {
    await stack.fault("crash", "crash");
    await says(stack, "crash", /answers discovery but nothing else: its software has crashed/u);
    await stack.printer("crash").control.powerCycle();
    await connected(stack, "crash");
  });

  await t.test("connections that others hold are told with what to do, and waited for", async () => {
    await stack.fault("full", "slots-full");
    await stack.fault("full", "drop-sockets");
    await says(stack, "full", /all 5 connections of the printer are in use; close a slicer/u);
    await stack.fault("full", "slots-full", { clear: true });
    await connected(stack, "full");
    const { refused } = stack.printer("full").control.counters()["sockets"] as { refused: number };
    assert.ok(refused <= 3, `${refused} tries while nobody was let in`);
  });

  await t.test("a printer that comes back with a new address is found by its id", async () => {
    const { ports } = stack.printer("moved");
    await stack.printer("moved")[Symbol.asyncDispose]();
    await says(stack, "moved", /nothing listens at the printer's address/u);
    await using _moved = await startSimulator({
      family: "elegoo-cc1",
      host: "127.0.0.52",
      ports,
      settings: { serial },
      scenario: "printing",
    });
    await connected(stack, "moved");
    assert.ok(["preparing", "printing"].includes((await state(stack, "moved")).phase));
    const snapshot = await fetch(`${stack.gatewayUrl}/api/v1/printers/moved/snapshot.jpg`);
    assert.equal(snapshot.status, 200, "its camera has moved with it");
  });

  await t.test("a Wi-Fi that is lost is told, and its return needs nobody", async () => {
    await says(stack, "wifi", /went silent|tells no status/u);
    await stack.fault("wifi", "silence", { clear: true });
    await connected(stack, "wifi");
    assert.equal((await state(stack, "wifi")).phase, "printing");
    const happened = events.happened("wifi");
    assert.deepEqual(happened, ["disconnected", "connected"]);
  });

  await t.test("no printer got a frame that it does not know, nor a second connection", () => {
    for (const id of ["power", "crash", "full", "wifi"]) {
      const { unknownFrames, sockets } = stack.printer(id).control.counters();
      assert.deepEqual([unknownFrames, (sockets as { peak: number }).peak], [0, 1], id);
    }
  });
});
