// A job on four models of Bambu printers, from the upload of a project to its end, over REST only; and
// what goes wrong with filament on the way.

import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { sampleProject } from "../simulators/bambu/sample-project.ts";
import { EventStream } from "./harness/event-stream.ts";
import { RestPrinter, type Json } from "./harness/rest-printer.ts";
import { Stack, type PrinterOptions } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const family = "bambu";
const file = "cubes.gcode.3mf";

/** By the simulator's name for the model: its code in projects. */
const models = { p1s: "C12", a1mini: "N1", x1c: "BL-P001", h2d: "O1D" } as const;

const slots = [
  { tool: 0, unit: "0", slot: "0" },
  { tool: 1, unit: "0", slot: "1" },
];

function simulated(model: string, more: PrinterOptions = {}): PrinterOptions {
  return { family, control: true, settings: { model }, ...more };
}

function sent(stack: Stack, id: string, command: string): number {
  const { commands } = stack.printer(id).control.counters() as { commands: Readonly<Record<string, number>> };
  return commands[command] ?? 0;
}

function jobOf(state: Json): Json {
  return (state["job"] ?? {}) as Json;
}

function prints(events: EventStream, id: string): unknown[] {
  return events.happened(id).filter((type) => String(type).startsWith("print_"));
}

async function textsOf(printer: RestPrinter, code: RegExp): Promise<{ text: string; help: string | null }> {
  const isIt = (fault: Json): boolean => code.test(String(fault["code"]));
  const state = await printer.shows(`the fault ${code}`, ({ faults }) => (faults as Json[]).some(isIt));
  return (state["faults"] as Json[]).find(isIt) as unknown as { text: string; help: string | null };
}

/** Whether this slot feeds the nozzle; null: none does. */
function feeds(slot: string | null): (state: Json) => boolean {
  return ({ materials }) => {
    const active = (materials as Json[]).find((each) => each["active"] === true);
    return slot === null ? active === undefined : active?.["slot"] === slot;
  };
}

test("a job from upload to finish", { timeout: 280_000, concurrency: true }, async (all) => {
  const printers = Object.fromEntries(Object.keys(models).map((model) => [model, simulated(model)]));
  await using stack = await Stack.start({ printers });
  await using events = await EventStream.open(stack);
  const run = async (model: string, modelCode: string, t: TestContext): Promise<void> => {
    const printer = new RestPrinter(stack, model);
    await printer.shows("readiness", ({ phase, materials }) => phase === "idle" && (materials as []).length > 0);
    const project = await sampleProject({ modelCode, layers: 40, printSeconds: 1200 });

    await t.test("the project goes up, is listed, and tells what is inside", async () => {
      await printer.store(file, project);
      const stored = (await printer.files()).find(({ name }) => name === file);
      assert.equal(stored?.sizeBytes, project.length);
      const { plates } = (await printer.output("inspect-file", { file })) as { plates: Json[] };
      assert.deepEqual(
        plates.map(({ number, estimatedSeconds }) => [number, estimatedSeconds]),
        [
          [1, 1200],
          [2, 1200],
        ],
      );
      assert.deepEqual(
        ((plates[1] ?? {})["filaments"] as Json[]).map(({ tool, type }) => [tool, type]),
        [
          [0, "PLA"],
          [1, "PLA"],
        ],
      );
      const picture = await printer.request("GET", `/files/${file}/thumbnail`);
      assert.equal(picture.headers.get("content-type"), "image/png", picture.ok ? "" : await picture.text());
      await picture.body?.cancel();
    });

    await t.test("what would spoil it is refused before the printer hears of it", async () => {
      const start = { file, plateNumber: 2 };
      assert.match(await printer.refused("invalid_input", "start", start), /uses filament 0, 1: say which slot/u);
      const wrong = (slot: string): Json => ({ ...start, slots: [slots[0], { tool: 1, unit: "0", slot }] });
      assert.match(await printer.refused("invalid_input", "start", wrong("3")), /slot 3 of unit 0 is empty/u);
      await printer.refused("invalid_input", "start", wrong("9"));
      const petg = { ...start, slots: [slots[0], { tool: 1, unit: "external", slot: "0" }] };
      assert.match(await printer.refused("invalid_input", "start", petg), /sliced as PLA, the slot holds PETG/u);
      assert.match(
        await printer.refused("invalid_input", "start", { ...start, plateNumber: 3, slots }),
        /it has 1, 2/u,
      );
      await printer.store("other.3mf", await sampleProject({ modelCode: model === "a1mini" ? "C12" : "N1" }));
      assert.match(await printer.refused("invalid_input", "start", { file: "other.3mf", slots }), /it is sliced for/u);
      assert.equal(sent(stack, model, "print.project_file"), 0);
    });

    await t.test("its second plate is started, and a second start and its deletion are refused meanwhile", async () => {
      await printer.acknowledged("start", { file, plateNumber: 2, slots, levelBed: true });
      await printer.refused("wrong_phase", "start", { file, slots });
      assert.equal((await printer.request("DELETE", `/files/${file}`)).status, 409);
      assert.equal(sent(stack, model, "print.project_file"), 1);
      await printer.shows("layers", (state) => state["phase"] === "printing" && Number(jobOf(state)["layer"]) >= 1);
      assert.equal(jobOf(await printer.state())["file"], file);
    });

    await t.test("it is paused, changed and resumed", async () => {
      await printer.acknowledged("pause");
      await printer.phase("paused");
      const objects = async (): Promise<unknown> =>
        ((await printer.output("list-objects"))["items"] as Json[]).map(({ id, skipped }) => [id, skipped]);
      assert.deepEqual(await objects(), [
        ["56", false],
        ["78", false],
      ]);
      await printer.acknowledged("skip-objects", { objects: ["78"] });
      await until("the object is told as left out", async () => JSON.stringify(await objects()).includes('"78",true'));
      assert.match(
        await printer.refused("invalid_input", "skip-objects", { objects: ["56"] }),
        /nothing would be left/u,
      );
      await printer.acknowledged("resume");
      await printer.phase("printing");
      await printer.acknowledged("set-speed", { mode: "sport" });
      await printer.shows("the speed mode", ({ speedMode }) => speedMode === "sport");
      await printer.acknowledged("set-light", { light: "chamber", on: false });
      await printer.shows("the light", ({ lights }) =>
        (lights as Json[]).some(({ id, on }) => id === "chamber" && on === false),
      );
      await printer.acknowledged("set-fan-speed", { fan: "part", speedRatio: 1 });
      await printer.acknowledged("set-heater-target", { heater: "bed", targetCelsius: 65 });
      await printer.shows("the bed's target", ({ bed }) => (bed as Json)["targetCelsius"] === 65);
      assert.match(
        await printer.refused("invalid_input", "set-heater-target", { heater: "bed", targetCelsius: 145 }),
        /the bed takes at most \d+ °C/u,
      );
    });

    await t.test("it finishes, and what happened was told once each, in its order", async () => {
      const state = await printer.phase("finished");
      assert.equal(jobOf(state)["progressRatio"], 1);
      assert.deepEqual(prints(events, model), ["print_started", "print_paused", "print_resumed", "print_finished"]);
      const told = events.states(model).map((each) => Number(jobOf(each)["progressRatio"] ?? 0));
      assert.ok(new Set(told).size > 5, told.join(", "));
    });

    await t.test("a second run that is stopped is told as stopped, not as failed", async () => {
      await printer.acknowledged("start", { file, slots: slots.slice(0, 1) });
      await printer.phase("printing");
      await printer.acknowledged("stop");
      await printer.phase("stopped");
      assert.deepEqual(prints(events, model).slice(4), ["print_started", "print_cancelled"]);
      assert.deepEqual((await printer.state())["faults"], []);
    });

    await t.test("the file is deleted", async () => {
      assert.equal((await printer.request("DELETE", `/files/${file}`)).status, 200);
      assert.ok(!(await printer.lists(file)));
    });
  };
  await Promise.all(
    Object.entries(models).map(async ([model, modelCode]) =>
      all.test(`on the ${model}`, async (t) => run(model, modelCode, t)),
    ),
  );
});

describe("filament", { timeout: 280_000 }, () => {
  test("a slot is loaded, told what it holds, and unloaded", async () => {
    await using stack = await Stack.start({ printers: { p1s: simulated("p1s"), h2d: simulated("h2d") } });
    for (const id of ["p1s", "h2d"]) {
      const printer = new RestPrinter(stack, id);
      await printer.shows("readiness", ({ phase, materials }) => phase === "idle" && (materials as []).length > 0);
      await printer.acknowledged("load-material", { unit: "0", slot: "1" });
      await printer.shows("the change in words", ({ stage }) => /filament/u.test(String(stage)));
      await printer.shows("the slot that feeds", feeds("1"));
      assert.match(await printer.refused("invalid_input", "load-material", { unit: "0", slot: "3" }), /is empty/u);
      await printer.acknowledged("unload-material");
      await printer.shows("no slot that feeds", feeds(null));
      await printer.acknowledged("set-material", { unit: "0", slot: "2", type: "PETG", colorHex: "#00AA55" });
      await printer.shows("what the slot holds", ({ materials }) =>
        (materials as Json[]).some(
          ({ slot, type, colorHex }) => slot === "2" && type === "PETG" && colorHex === "#00AA55",
        ),
      );
    }
  });

  test("filament that runs out pauses the job, and is told in words with where to read on", async () => {
    await using stack = await Stack.start({
      printers: { p1s: simulated("p1s", { scenario: "printing" }), x1c: simulated("x1c", { scenario: "printing" }) },
    });
    const [p1s, x1c] = [new RestPrinter(stack, "p1s"), new RestPrinter(stack, "x1c")];
    await Promise.all([p1s.phase("printing"), x1c.phase("printing")]);
    await using events = await EventStream.open(stack);
    await stack.fault("p1s", "ams-runout");
    await p1s.phase("paused");
    const slot = await textsOf(p1s, /^0700_2000/u);
    assert.match(slot.text, /AMS A slot 1 ran out/u);
    assert.match(slot.help ?? "", /^https:\/\/wiki\.bambulab\.com\//u);
    await stack.fault("x1c", "filament-runout");
    await x1c.phase("paused");
    assert.match((await textsOf(x1c, /^0300_8004$/u)).text, /filament ran out/u);
    for (const id of ["p1s", "x1c"]) assert.deepEqual(prints(events, id), ["print_paused"]);
    await stack.fault("p1s", "ams-runout", { clear: true });
    await p1s.acknowledged("resume");
    await p1s.phase("printing");
    await p1s.shows("no faults", ({ faults }) => (faults as []).length === 0);
  });

  test("a job of somebody else's whose filaments have no slot is told in words", async () => {
    await using stack = await Stack.start({
      printers: { p1s: simulated("p1s", { scenario: "printing" }), h2d: simulated("h2d", { scenario: "printing" }) },
    });
    for (const [id, error] of [
      ["p1s", 0x0700_8012],
      ["h2d", 0x07ff_8012],
    ] as const) {
      const printer = new RestPrinter(stack, id);
      await printer.phase("printing");
      await stack.fault(id, "print-error", { code: error });
      assert.match((await textsOf(printer, /_8012$/u)).text, /which slot feeds which filament/u);
    }
  });
});
