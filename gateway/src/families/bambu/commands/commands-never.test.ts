// What a client of these printers must never do, by the numbers of the dossier's list: each tried, and
// nothing goes out.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { commands, type CommandName } from "../../../model/commands.ts";
import { Bench, idleReport, plate, success } from "./commands-bench.ts";
import { checkedGcode } from "./gcode.ts";
import { heatLimits } from "./limits.ts";
import { externalUnit, type Body, type Report } from "../printer-link.ts";
import { ownPair } from "../signing/signing-bench.ts";
import { createSigner } from "../signing/signing.ts";

const start = commands.start.input.parse({ file: "bracket.gcode.3mf", slots: [{ tool: 0, unit: "0", slot: "0" }] });

/** Expects a refusal before anything goes out. */
async function refused(bench: Bench, name: CommandName, input: unknown, code: string): Promise<void> {
  await assert.rejects(bench.ask(name, input), { code }, `${name} ${JSON.stringify(input)}`);
  assert.deepEqual(bench.published, [], `${name} ${JSON.stringify(input)} went out`);
}

const slots = (...list: [number, string, string][]): unknown => ({
  ...start,
  slots: list.map(([tool, unit, slot]) => ({ tool, unit, slot })),
});

describe("never 5: a start without everything checked", () => {
  test("on a status of a minute or older", async () => {
    const bench = new Bench();
    bench.ageMs = 60_000;
    await refused(bench, "start", start, "wrong_phase");
  });

  for (const gcode_state of ["PREPARE", "SLICING", "RUNNING", "PAUSE", "INIT", "OFFLINE", "UNKNOWN", "whatever"]) {
    test(`while the printer says ${gcode_state}`, async () => {
      const bench = new Bench();
      bench.present = { ...idleReport, gcode_state };
      await refused(bench, "start", start, "wrong_phase");
    });
  }

  test("when it got busy or fell silent while the project was read", async () => {
    const bench = new Bench();
    const { project } = bench;
    for (const change of [
      () => void (bench.ageMs = 61_000),
      () => void (bench.present = { ...idleReport, gcode_state: "RUNNING" }),
    ]) {
      bench.ageMs = 0;
      bench.present = idleReport;
      bench.files.project = async () => {
        change();
        return project;
      };
      await refused(bench, "start", start, "wrong_phase");
    }
  });

  test("of a file that the printer does not have, or has empty", async () => {
    const bench = new Bench();
    bench.sizes.clear();
    await refused(bench, "start", start, "not_found");
    bench.sizes.set("bracket.gcode.3mf", 0);
    await refused(bench, "start", start, "invalid_input");
    await refused(bench, "start", { ...start, slots: undefined, file: "cube.gcode" }, "not_found");
  });

  test("of a plate that is not there, and of a project that is not sliced", async () => {
    const bench = new Bench();
    await refused(bench, "start", { ...start, plateNumber: 2 }, "invalid_input");
    bench.project = { plates: [], filamentCount: 1 };
    await refused(bench, "start", start, "invalid_input");
  });

  const models: [machine: string, code: string | null, name: string | null, fits: boolean][] = [
    ["C12", "C11", null, true],
    ["C12", "BL-P001", null, true],
    ["BL-P001", "C12", null, true],
    ["C12", null, "Bambu Lab X1 Carbon", true],
    ["N1", "A12", null, true],
    ["N2S", "A11", null, true],
    ["C12", null, null, false],
    ["C12", "N2S", null, false],
    ["N1", "N2S", null, false],
    ["O1D", "BL-P001", null, false],
    ["C12", null, "Another Maker P1S", false],
  ];
  for (const [machine, modelCode, printerModel, fits] of models) {
    test(`${fits ? "but" : "of"} a plate for ${modelCode ?? printerModel ?? "nobody knows what"} on ${machine}`, async () => {
      const bench = new Bench({ model: machine });
      bench.project = { plates: [{ ...plate, modelCode, printerModel }], filamentCount: 1 };
      if (fits) assert.deepEqual(await bench.ask("start", start), { outcome: "acknowledged" });
      else await refused(bench, "start", start, "invalid_input");
    });
  }

  test("for another size of nozzle", async () => {
    const bench = new Bench();
    bench.project = { plates: [{ ...plate, nozzleMillimeters: [0.6] }], filamentCount: 1 };
    await refused(bench, "start", start, "invalid_input");
  });

  test("with a mapping that is missing, doubled, empty or leads nowhere", async () => {
    const bench = new Bench();
    for (const input of [
      { ...start, slots: undefined },
      slots(),
      slots([0, "0", "3"]),
      slots([0, "0", "4"]),
      slots([0, "1", "0"]),
      slots([0, externalUnit, "1"]),
      slots([0, "0", "0"], [0, "0", "2"]),
      slots([0, "0", "0"], [1, "0", "2"]),
    ]) {
      await refused(bench, "start", input, "invalid_input");
    }
  });
});

describe("never 6: an unsigned control command to a locked printer", () => {
  const inputs: [CommandName, unknown][] = [
    ["pause", {}],
    ["start", start],
    ["setSpeed", { mode: "sport" }],
    ["setHeaterTarget", { heater: "bed", targetCelsius: 50 }],
    ["setFanSpeed", { fan: "part", speedRatio: 1 }],
    ["home", { axes: ["x", "y", "z"] }],
    ["sendGcode", { lines: ["M105"] }],
    ["loadMaterial", { unit: "0", slot: "0" }],
    ["unloadMaterial", {}],
    ["setAutoRefill", { on: true }],
    ["calibrate", { steps: ["bedLevel"] }],
    ["setOption", { option: "sound_enable", on: true }],
  ];
  for (const [name, input] of inputs) {
    test(name, async () => {
      const bench = new Bench();
      bench.tell({ fun: "3EC1AFFF9CFF" });
      await refused(bench, name, input, "forbidden");
    });
  }

  test("but its lights, and its error message, are left open", async () => {
    const bench = new Bench();
    bench.tell({ fun: "3EC1AFFF9CFF" });
    await bench.ask("setLight", { light: "chamber", on: true });
    await bench.ask("dismissError");
    assert.deepEqual(
      bench.sent.map((message) => Object.keys(message)),
      [["system"], ["system"]],
    );
  });

  test("nor one after the first that had no effect, which is the only one that went out", async () => {
    const bench = new Bench();
    bench.answers.set("pause", { ...success, result: null });
    const pausing = assert.rejects(bench.ask("pause"), { code: "printer_refused", message: /Developer Mode/u });
    await bench.clock.advance(5000);
    await pausing;
    assert.equal(bench.access, "locked");
    await assert.rejects(bench.ask("pause"), { code: "forbidden" });
    assert.equal(bench.published.length, 1);
  });

  test("nor a probe: a new session sends nothing by itself", () => {
    assert.equal(new Bench().published.length, 0);
  });
});

describe("never 7: an answer taken for an outcome", () => {
  test("silence and an answer without a result are not called done", async () => {
    const bench = new Bench();
    for (const answer of [undefined, { ...success, result: null }]) {
      bench.answers.set("ams_control", answer);
      const result = await bench.ask("controlMaterialChange", { action: "retry" });
      assert.deepEqual(result, { outcome: "unconfirmed" });
    }
  });

  test("an accepted command moves no state of ours", async () => {
    const bench = new Bench();
    const before = [bench.report(), bench.readings()];
    await bench.ask("setHeaterTarget", { heater: "bed", targetCelsius: 50 });
    assert.deepEqual([bench.report(), bench.readings()], before);
  });
});

describe("never 13: what hands out a credential or flashes the machine", () => {
  test("is not published, whoever asks", () => {
    const { authorization } = new Bench();
    for (const [type, command] of [
      ["system", "get_access_code"],
      ["upgrade", "start"],
      ["upgrade", "upgrade_confirm"],
      ["upgrade", "consistency_confirm"],
    ] as const) {
      assert.throws(() => authorization.envelope(type, { command }), { code: "forbidden" });
    }
    assert.ok("upgrade" in authorization.envelope("upgrade", { command: "get_history" }));
  });

  test("is not signed either", async () => {
    const { keyPem, certificatePem } = ownPair;
    const bench = new Bench({ signer: createSigner({ keyPem, certificatePem }) });
    for (const message of [
      { upgrade: { command: "start" } },
      { system: { command: "get_access_code" } },
      { print: { command: "pause" }, upgrade: { command: "start" } },
      { print: {} },
      {},
    ]) {
      await refused(bench, "signMessage", { message }, "invalid_input");
    }
    const { header } = (await bench.ask("signMessage", { message: { print: { command: "pause" } } })) as {
      header: Body;
    };
    assert.equal(header["algorithm"], "RSA_SHA256");
    assert.deepEqual(bench.published, []);
  });
});

describe("never 14: G-code unchecked, during a job, with axes for G28, or motion outside the frame", () => {
  for (const gcode_state of ["RUNNING", "PREPARE", "SLICING"]) {
    test(`while the printer says ${gcode_state}`, async () => {
      const bench = new Bench();
      bench.present = { ...idleReport, gcode_state };
      await refused(bench, "sendGcode", { lines: ["M105"] }, "wrong_phase");
      await refused(bench, "home", { axes: ["x", "y", "z"] }, "wrong_phase");
      await refused(bench, "jog", { axis: "x", distanceMillimeters: 1 }, "wrong_phase");
    });
  }

  test("with a bad line anywhere in it", async () => {
    for (const line of ["M112", "g28 z", "N1 M502*3", "M109 R999", "T1", "M620 R1", "G4 P1\nM997"]) {
      await refused(new Bench(), "sendGcode", { lines: ["M105", line, "M105"] }, "invalid_input");
    }
  });

  test("homing of one axis", async () => {
    for (const axes of [["z"], ["x", "y"], ["z", "z", "z"]])
      await refused(new Bench(), "home", { axes }, "invalid_input");
  });

  test("a move of what is not homed, or a longer one than a step", async () => {
    const bench = new Bench();
    await refused(bench, "jog", { axis: "z", distanceMillimeters: 51 }, "invalid_input");
    bench.present = { ...idleReport, home_flag: 3 };
    await refused(bench, "jog", { axis: "z", distanceMillimeters: 1 }, "wrong_phase");
  });

  test("moves that people send", () => {
    const [first, second, third, , fourth] = checkedGcode(
      ["G1 Z5"],
      { nozzleCelsius: 0, bedCelsius: 0, chamberCelsius: 0 },
      0,
    );
    assert.deepEqual(
      [first, second, third, fourth],
      ["M211 S", "M211 X1 Y1 Z1", "M1002 push_ref_mode", "M1002 pop_ref_mode"],
    );
  });
});

const limitsOf = (model: string, report: Report): unknown => heatLimits(new Bench({ model }).model, report);

describe("never 15: beyond the limits", () => {
  const wrong: [CommandName, unknown, string?][] = [
    ["setHeaterTarget", { heater: "nozzle0", targetCelsius: 301 }],
    ["setHeaterTarget", { heater: "nozzle1", targetCelsius: 20 }],
    ["setHeaterTarget", { heater: "bed", targetCelsius: 101 }],
    ["setHeaterTarget", { heater: "bed", targetCelsius: 81 }, "N1"],
    ["setHeaterTarget", { heater: "chamber", targetCelsius: 45 }],
    ["setHeaterTarget", { heater: "chamber", targetCelsius: 61 }, "C13"],
    ["setHeaterTarget", { heater: "chamber", targetCelsius: 39 }, "C13"],
    ["setHeaterTarget", { heater: "chamber", targetCelsius: 66 }, "O1D"],
    ["setHeaterTarget", { heater: "chamber", targetCelsius: 40 }, "O1D"],
    ["setFanSpeed", { fan: "chamber", speedRatio: 1 }, "N1"],
    ["setFanSpeed", { fan: "aux2", speedRatio: 1 }],
    ["setFanSpeed", { fan: "toString", speedRatio: 1 }],
    ["setSpeed", { mode: "166" }],
    ["setSpeed", { mode: "toString" }],
    ["setSpeed", { speedRatio: 1.66 }],
    ["setLight", { light: "work", on: true }],
    ["setNozzle", { nozzle: "0", diameterMillimeters: 0.5, kind: "hardened_steel" }],
    ["setNozzle", { nozzle: "0", diameterMillimeters: 0.4, kind: "wood" }],
    ["calibrate", { steps: ["lidar"] }],
    ["calibrate", { steps: ["nozzleOffset"] }],
    ["setOption", { option: "pileup_detector", on: true }],
    ["setOption", { option: "constructor", on: true }],
    ["setOption", { option: "first_layer_inspector", on: true, sensitivity: "high" }],
    ["setAirMode", { mode: "storm" }, "O1D"],
    ["setMaterial", { unit: "0", slot: "0", type: "PLA", nozzleMaximumCelsius: 301 }],
    ["setMaterial", { unit: "0", slot: "0", type: "PLA", nozzleMinimumCelsius: 250 }],
    ["setMaterial", { unit: "0", slot: "0", colorHex: "#FFFFFF" }],
  ];
  for (const [name, input, model] of wrong) {
    test(`${name} ${JSON.stringify(input)} on ${model ?? "C12"}`, async () => {
      await refused(new Bench(model === undefined ? {} : { model }), name, input, "invalid_input");
    });
  }

  test("a nozzle goes above 300 °C only where the printer reports it", () => {
    assert.deepEqual(limitsOf("O1D", {}), { nozzleCelsius: 300, bedCelsius: 120, chamberCelsius: 65 });
    assert.deepEqual(limitsOf("O1D", { nozzle_max_temperature: 400 }), {
      nozzleCelsius: 350,
      bedCelsius: 120,
      chamberCelsius: 65,
    });
  });

  test("the bed of an X1 on 220 V, and one that the printer limits itself", () => {
    assert.deepEqual(limitsOf("BL-P001", { home_flag: -8 }), {
      nozzleCelsius: 300,
      bedCelsius: 110,
      chamberCelsius: 0,
    });
    assert.deepEqual(limitsOf("C12", { bed_temperature_limit: "90" }), {
      nozzleCelsius: 300,
      bedCelsius: 90,
      chamberCelsius: 0,
    });
  });
});

describe("never 16: filament through a cold nozzle, or changed while a job runs", () => {
  test("while it runs", async () => {
    const bench = new Bench();
    bench.present = { ...idleReport, gcode_state: "RUNNING" };
    await refused(bench, "loadMaterial", { unit: "0", slot: "0" }, "wrong_phase");
    await refused(bench, "unloadMaterial", {}, "wrong_phase");
    await refused(bench, "readMaterialTag", { unit: "0", slot: "0" }, "wrong_phase");
  });

  test("but while it is paused", async () => {
    const bench = new Bench();
    bench.present = { ...idleReport, gcode_state: "PAUSE" };
    assert.deepEqual(await bench.ask("loadMaterial", { unit: "0", slot: "0" }), { outcome: "acknowledged" });
  });

  test("of which the temperature is not known, or is below 170 °C", async () => {
    const bench = new Bench();
    await refused(bench, "loadMaterial", { unit: "0", slot: "2" }, "invalid_input");
    await refused(bench, "loadMaterial", { unit: "0", slot: "3" }, "invalid_input");
    bench.present = { ...idleReport, vt_tray: { nozzle_temp_min: "100", nozzle_temp_max: "150" } };
    await refused(bench, "loadMaterial", { unit: externalUnit, slot: "0" }, "invalid_input");
    await refused(bench, "sendGcode", { lines: ["M83", "G1 E10 F300"] }, "invalid_input");
  });
});

describe("never 17: numbers for booleans, 254 or 255 in `ams_mapping`", () => {
  test("in any start", async () => {
    const booleans = ["timelapse", "bed_leveling", "flow_cali", "vibration_cali", "layer_inspect", "use_ams"];
    for (const unit of ["0", externalUnit]) {
      for (const model of ["C12", "O1D"]) {
        const bench = new Bench({ model });
        bench.present = { ...idleReport, vt_tray: {} };
        bench.project = { plates: [{ ...plate, modelCode: model }], filamentCount: 2 };
        await bench.ask("start", { ...start, levelBed: true, slots: [{ tool: 0, unit, slot: "0" }] });
        const body = bench.sent[0]?.["print"] as Body;
        for (const name of booleans) assert.equal(typeof body[name], "boolean", name);
        const mapping = (body["ams_mapping"] ?? []) as number[];
        assert.ok(mapping.every((slot) => slot !== 254 && slot !== 255));
      }
    }
  });

  test("also where the caller left the wishes out", async () => {
    const bench = new Bench();
    await bench.ask("start", { file: start.file, slots: start.slots });
    const [body] = bench.sent.map(({ print }) => print as Body);
    assert.equal(body?.["timelapse"], false);
  });
});

describe("never 19: a path outside the printer's folders", () => {
  for (const file of ["../a.3mf", "/a.3mf", "cache/../a.3mf", "a\u0000.3mf", "a/b.3mf", "a|b.3mf", "a.sh", "a.stl"]) {
    test(`a start of ${JSON.stringify(file)}`, async () => {
      const bench = new Bench();
      bench.sizes.set(file, 10);
      await refused(bench, "start", { ...start, file }, "invalid_input");
    });
  }

  test("a name that its address would not carry", async () => {
    const bench = new Bench({ model: "N7" });
    bench.project = { plates: [{ ...plate, modelCode: "N7" }], filamentCount: 1 };
    bench.sizes.set("my part.3mf", 10);
    await refused(bench, "start", { ...start, file: "my part.3mf" }, "invalid_input");
  });

  test("deleting or replacing what is being printed", async () => {
    const bench = new Bench();
    bench.present = { ...idleReport, gcode_state: "RUNNING", subtask_name: "bracket", gcode_file: "other.3mf" };
    await refused(bench, "deleteFile", { file: "cache/Bracket.gcode.3mf" }, "wrong_phase");
    await refused(bench, "deleteFile", { file: "other.3mf" }, "wrong_phase");
    assert.deepEqual(bench.removed, []);
    await bench.ask("deleteFile", { file: "free.3mf" });
    assert.deepEqual(bench.removed, ["free.3mf"]);
  });
});

describe("never 22: a signing key", () => {
  test("no file of this family holds a private key", async () => {
    const folder = import.meta.dirname;
    const marks = ["RSA ", "EC ", "ENCRYPTED ", ""].map((kind) => `BEGIN ${kind}PRIVATE KEY`);
    for (const name of await readdir(folder)) {
      if (!/\.(?:ts|pem|md|json)$/u.test(name) || name.endsWith(".test.ts")) continue;
      const text = await readFile(`${folder}/${name}`, "utf8");
      assert.ok(!marks.some((mark) => text.includes(`-----${mark}`)), name);
    }
  });

  test("what is said of signing names the operator's own files and no source", async () => {
    const bench = new Bench();
    bench.tell({ fun: "3EC1AFFF9CFF" });
    await assert.rejects(bench.ask("pause"), ({ message }: Error) => !/https?:|download|github/iu.test(message));
  });
});
