import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CommandName } from "../../../model/commands.ts";
import { Bench, idleReadings, idleReport, success } from "./commands-bench.ts";
import { externalUnit, type Body, type Report } from "../printer-link.ts";

const acknowledged = { outcome: "acknowledged" };
const print = (command: string, body: Body): Body => ({ print: { ...body, command } });

const heated = { ...idleReadings, nozzles: [{ id: "0", actualCelsius: 200, targetCelsius: 200 }] };
const dryers: Report = {
  ams: {
    tray_exist_bits: "10001",
    ams: [
      { id: "0", info: "1003", tray: [{ id: "0", tray_type: "PETG", nozzle_temp_min: "220", nozzle_temp_max: "270" }] },
      {
        id: "128",
        info: "2104",
        tray: [{ id: "0", tray_type: "ABS", nozzle_temp_min: "240", nozzle_temp_max: "280" }],
      },
      { id: "1", info: "1001", tray: [] },
    ],
  },
};

function active(unit: string, slot: string): Body {
  const material = { unit, slot, type: "PLA", colorHex: null, remainingRatio: null, active: true };
  return { ...heated, materials: [material] };
}

const change = (body: Body): readonly Body[] => [print("ams_change_filament", body)];

describe("a change of filament", () => {
  test("loads a slot: the target of now, then midway between the filament's bounds", async () => {
    const bench = new Bench();
    bench.now = heated;
    assert.deepEqual(await bench.ask("loadMaterial", { unit: "0", slot: "1" }), acknowledged);
    assert.deepEqual(bench.sent, change({ target: 1, curr_temp: 200, tar_temp: 245, ams_id: 0, slot_id: 1 }));
  });

  test("loads the one slot of an AMS HT", async () => {
    const bench = new Bench({ model: "O1D" });
    bench.present = { ...idleReport, ...dryers };
    assert.deepEqual(await bench.ask("loadMaterial", { unit: "128", slot: "0" }), acknowledged);
    assert.deepEqual(bench.sent, change({ target: 128, curr_temp: 0, tar_temp: 260, ams_id: 128, slot_id: 0 }));
  });

  test("loads from the spool holder, and by its other number where the first is refused", async () => {
    const bench = new Bench();
    const first = { target: 254, curr_temp: 245, tar_temp: 245, ams_id: 255, slot_id: 254 };
    assert.deepEqual(await bench.ask("loadMaterial", { unit: externalUnit, slot: "0" }), acknowledged);
    assert.deepEqual(bench.sent, change(first));
    bench.answers.set("ams_change_filament", { ...success, result: "fail", reason: "no" });
    await assert.rejects(bench.ask("loadMaterial", { unit: externalUnit, slot: "0" }), { code: "printer_refused" });
    assert.deepEqual(bench.sent.slice(1), [...change(first), ...change({ ...first, slot_id: 0 })]);
  });

  test("loads from the spool holders of two nozzles", async () => {
    const bench = new Bench({ model: "O1D" });
    const spool = { tray_type: "PLA", nozzle_temp_min: "190", nozzle_temp_max: "230" };
    bench.present = {
      ...idleReport,
      vir_slot: [
        { id: "255", ...spool },
        { id: "254", ...spool },
      ],
    };
    await bench.ask("loadMaterial", { unit: externalUnit, slot: "0" });
    await bench.ask("loadMaterial", { unit: externalUnit, slot: "1" });
    const body = { curr_temp: 210, tar_temp: 210, slot_id: 0 };
    assert.deepEqual(bench.sent, [
      ...change({ target: 255, ...body, ams_id: 255 }),
      ...change({ target: 254, ...body, ams_id: 254 }),
    ]);
  });

  test("unloads at 210 °C at least, or at what the filament wants", async () => {
    const bench = new Bench();
    await bench.ask("unloadMaterial");
    bench.now = active("0", "1") as unknown as typeof bench.now;
    await bench.ask("unloadMaterial");
    assert.deepEqual(bench.sent, [
      ...change({ target: 255, curr_temp: 210, tar_temp: 210, ams_id: 255, slot_id: 255 }),
      ...change({ target: 255, curr_temp: 245, tar_temp: 245, ams_id: 0, slot_id: 255 }),
    ]);
  });

  test("unloads by the command of its own that old firmware has", async () => {
    const bench = new Bench({ firmware: "01.02.00.00" });
    await bench.ask("unloadMaterial");
    assert.deepEqual(bench.sent, [print("unload_filament", {})]);
  });

  test("that stands still is answered", async () => {
    const bench = new Bench();
    for (const action of ["retry", "done", "pause", "reset", "abort"])
      await bench.ask("controlMaterialChange", { action });
    const words = bench.sent.map(({ print: body }) => (body as Body)["param"]);
    assert.deepEqual(words, ["resume", "done", "pause", "reset", "abort"]);
  });
});

const setting = (body: Body): readonly Body[] => [print("ams_filament_setting", body)];

describe("what is in a slot", () => {
  const pla = {
    tray_info_idx: "GFL99",
    setting_id: "",
    tray_type: "PLA",
    tray_sub_brands: "",
    tray_color: "FF8800FF",
    nozzle_temp_min: 190,
    nozzle_temp_max: 240,
  };

  test("is told with the vendor's generic preset", async () => {
    const bench = new Bench();
    await bench.ask("setMaterial", { unit: "0", slot: "0", type: "PLA", colorHex: "#ff8800" });
    assert.deepEqual(bench.sent, setting({ ams_id: 0, tray_id: 0, slot_id: 0, ...pla }));
  });

  test("keeps the colour that it has", async () => {
    const bench = new Bench();
    await bench.ask("setMaterial", { unit: "0", slot: "0", type: "PLA" });
    assert.deepEqual(bench.sent, setting({ ams_id: 0, tray_id: 0, slot_id: 0, ...pla, tray_color: "1E90FFFF" }));
  });

  test("on the spool holder is tray 254, and 0 where there are two nozzles", async () => {
    const single = new Bench();
    await single.ask("setMaterial", { unit: externalUnit, slot: "0", type: "PLA", colorHex: "#FF8800" });
    assert.deepEqual(single.sent, setting({ ams_id: 255, tray_id: 254, slot_id: 0, ...pla }));
    const dual = new Bench({ model: "O1D" });
    await dual.ask("setMaterial", { unit: externalUnit, slot: "1", type: "PLA", colorHex: "#FF8800" });
    assert.deepEqual(dual.sent, setting({ ams_id: 254, tray_id: 0, slot_id: 0, ...pla }));
  });

  test("is cleared when nothing is said of it", async () => {
    const bench = new Bench();
    await bench.ask("setMaterial", { unit: "0", slot: "2" });
    const empty = { tray_info_idx: "", setting_id: "", tray_type: "", tray_sub_brands: "" };
    const cleared = { ...empty, tray_color: "00000000", nozzle_temp_min: 0, nozzle_temp_max: 0 };
    assert.deepEqual(bench.sent, setting({ ams_id: 0, tray_id: 2, slot_id: 2, ...cleared }));
  });

  test("of a kind without a generic preset needs its own preset and bounds", async () => {
    const bench = new Bench();
    const input = { unit: "0", slot: "0", type: "PA-CF" };
    await assert.rejects(bench.ask("setMaterial", input), { code: "invalid_input", message: /preset/u });
    await assert.rejects(bench.ask("setMaterial", { ...input, profile: "GFN98" }), { message: /both bounds/u });
    const bounds = { nozzleMinimumCelsius: 260, nozzleMaximumCelsius: 290 };
    await bench.ask("setMaterial", { ...input, profile: "GFN98", ...bounds });
    assert.equal(bench.published.length, 1);
  });

  test("is not told of a spool whose tag the printer has read", async () => {
    const bench = new Bench();
    await assert.rejects(bench.ask("setMaterial", { unit: "0", slot: "1", type: "PLA" }), { message: /tag/u });
    assert.equal(bench.published.length, 0);
  });

  test("is read from its tag, by G-code on old firmware", async () => {
    const bench = new Bench();
    await bench.ask("readMaterialTag", { unit: "0", slot: "1" });
    bench.firmware = "01.07.00.00";
    await bench.ask("readMaterialTag", { unit: "0", slot: "1" });
    assert.deepEqual(bench.sent, [
      print("ams_get_rfid", { ams_id: 0, slot_id: 1 }),
      print("gcode_line", { param: "M620 R1\n" }),
    ]);
  });

  test("is not read while it is in the head, from an empty slot or from the spool holder", async () => {
    const bench = new Bench();
    bench.now = active("0", "1") as unknown as typeof bench.now;
    await assert.rejects(bench.ask("readMaterialTag", { unit: "0", slot: "1" }), { code: "wrong_phase" });
    await assert.rejects(bench.ask("readMaterialTag", { unit: "0", slot: "3" }), { code: "invalid_input" });
    await assert.rejects(bench.ask("readMaterialTag", { unit: externalUnit, slot: "0" }), { code: "invalid_input" });
    assert.equal(bench.published.length, 0);
  });

  test("is gone over to by itself, or not", async () => {
    const bench = new Bench();
    await bench.ask("setAutoRefill", { on: true });
    assert.deepEqual(bench.sent, [print("print_option", { auto_switch_filament: true })]);
  });
});

const bench = (): Bench => {
  const made = new Bench({ model: "O1D" });
  made.present = { ...idleReport, ...dryers };
  return made;
};

describe("drying", () => {
  const input = { unit: "128", temperatureCelsius: 85, durationHours: 24, rotate: true, type: "PC" };

  test("starts and stops", async () => {
    const made = bench();
    await made.ask("startDrying", input);
    await made.ask("stopDrying", { unit: "128" });
    const common = { ams_id: 128, humidity: 0, close_power_conflict: false };
    assert.deepEqual(made.sent, [
      print("ams_filament_drying", {
        ...common,
        mode: 1,
        temp: 85,
        cooling_temp: 45,
        duration: 24,
        rotate_tray: true,
        filament: "PC",
      }),
      print("ams_filament_drying", {
        ...common,
        mode: 0,
        temp: 0,
        cooling_temp: 0,
        duration: 0,
        rotate_tray: false,
        filament: "",
      }),
    ]);
  });

  const wrong: [string, CommandName, Body][] = [
    ["hotter than an AMS 2 Pro can", "startDrying", { ...input, unit: "0", temperatureCelsius: 66 }],
    ["hotter than an AMS HT can", "startDrying", { ...input, temperatureCelsius: 86 }],
    ["cooler than 45 °C", "startDrying", { ...input, temperatureCelsius: 44 }],
    ["in a unit that cannot", "startDrying", { ...input, unit: "1", temperatureCelsius: 50 }],
    ["in a unit that is not there", "stopDrying", { unit: "7" }],
  ];
  for (const [title, name, body] of wrong) {
    test(`${title} is refused`, async () => {
      const made = bench();
      await assert.rejects(made.ask(name, body), { code: "invalid_input" });
      assert.equal(made.published.length, 0);
    });
  }

  test("with turning spools is refused while one is loaded", async () => {
    const made = bench();
    made.now = active("128", "0") as unknown as typeof made.now;
    await assert.rejects(made.ask("startDrying", input), { code: "wrong_phase", message: /unload/u });
  });
});
