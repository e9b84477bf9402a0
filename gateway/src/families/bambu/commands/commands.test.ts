import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CommandName } from "../../../model/commands.ts";
import type { Readings } from "../../../model/printer.ts";
import { Bench, idleReport, success } from "./commands-bench.ts";
import { createCommands } from "./commands.ts";
import type { Body, Report } from "../printer-link.ts";
import { silentLog } from "@gantry/platform/log";

const acknowledged = { outcome: "acknowledged" };
const unconfirmed = { outcome: "unconfirmed" };

interface Case {
  readonly model?: string;
  readonly firmware?: string;
  readonly report?: Report;
  readonly readings?: Partial<Readings>;
}

type Row = readonly [title: string, name: CommandName, input: unknown, sent: readonly Body[], more?: Case];

const print = (command: string, body: Body): Body => ({ print: { ...body, command } });
const gcode = (...lines: string[]): Body => print("gcode_line", { param: `${lines.join("\n")}\n` });
const light = (node: string, mode: string): Body => {
  const times = { led_on_time: 500, led_off_time: 500, loop_times: 0, interval_time: 0 };
  return { system: { led_node: node, led_mode: mode, ...times, command: "ledctrl" } };
};
const frame = (...lines: string[]): Body =>
  gcode("M211 S", "M211 X1 Y1 Z1", "M1002 push_ref_mode", ...lines, "M1002 pop_ref_mode", "M211 R");

const jobs: readonly Row[] = [
  ["pause", "pause", {}, [print("pause", { param: "" })]],
  ["resume", "resume", {}, [print("resume", { param: "" })]],
  ["stop", "stop", {}, [print("stop", { param: "" })]],
  ["the slowest speed", "setSpeed", { mode: "silent" }, [print("print_speed", { param: "1" })]],
  ["the fastest speed", "setSpeed", { mode: "ludicrous" }, [print("print_speed", { param: "4" })]],
];

const heat: readonly Row[] = [
  ["the nozzle", "setHeaterTarget", { heater: "nozzle0", targetCelsius: 215 }, [gcode("M104 S215")]],
  ["the bed", "setHeaterTarget", { heater: "bed", targetCelsius: 60 }, [gcode("M140 S60")]],
  [
    "the right of two nozzles",
    "setHeaterTarget",
    { heater: "nozzle0", targetCelsius: 215 },
    [gcode("M104 T0 S215")],
    { model: "O1D" },
  ],
  [
    "the left of two nozzles",
    "setHeaterTarget",
    { heater: "nozzle1", targetCelsius: 0 },
    [gcode("M104 T1 S0")],
    { model: "O1D" },
  ],
  [
    "the chamber of an X1E",
    "setHeaterTarget",
    { heater: "chamber", targetCelsius: 45 },
    [gcode("M141 S45")],
    { model: "C13" },
  ],
  [
    "a chamber with an air duct",
    "setHeaterTarget",
    { heater: "chamber", targetCelsius: 45 },
    [gcode("M145 P1", "M141 S45")],
    { model: "O1D" },
  ],
  [
    "a chamber with an air duct, off",
    "setHeaterTarget",
    { heater: "chamber", targetCelsius: 0 },
    [gcode("M141 S0", "M145 P0")],
    { model: "O1D" },
  ],
  ["the part fan", "setFanSpeed", { fan: "part", speedRatio: 0.5 }, [gcode("M106 P1 S128")]],
  ["the auxiliary fan", "setFanSpeed", { fan: "aux", speedRatio: 1 }, [gcode("M106 P2 S255")]],
  ["the chamber fan", "setFanSpeed", { fan: "chamber", speedRatio: 0 }, [gcode("M106 P3 S0")]],
  [
    "the second auxiliary fan",
    "setFanSpeed",
    { fan: "aux2", speedRatio: 0.1 },
    [gcode("M106 P10 S26")],
    { model: "N7" },
  ],
];

const machine: readonly Row[] = [
  ["the light", "setLight", { light: "chamber", on: true }, [light("chamber_light", "on")]],
  [
    "both lamps of a chamber",
    "setLight",
    { light: "chamber", on: false },
    [light("chamber_light", "off"), light("chamber_light2", "off")],
    { model: "O1D" },
  ],
  ["the bed's light", "setLight", { light: "bed", on: true }, [light("heatbed_light", "on")], { model: "O1D" }],
  ["homing", "home", { axes: ["x", "y", "z"] }, [gcode("G28")]],
  ["a move", "jog", { axis: "x", distanceMillimeters: 10 }, [frame("G91", "G1 X10.0 F3000")]],
  ["a move of Z", "jog", { axis: "z", distanceMillimeters: -0.1 }, [frame("G91", "G1 Z-0.1 F900")]],
  [
    "a move of an A1's bed, the other way round",
    "jog",
    { axis: "y", distanceMillimeters: 10 },
    [frame("G91", "G1 Y-10.0 F3000")],
    { model: "N2S" },
  ],
  [
    "a move of an A1's X, as it is",
    "jog",
    { axis: "x", distanceMillimeters: 1 },
    [frame("G91", "G1 X1.0 F3000")],
    { model: "N2S" },
  ],
  [
    "the fitted nozzle",
    "setNozzle",
    { nozzle: "0", diameterMillimeters: 0.6, kind: "hardened_steel" },
    [
      {
        system: {
          accessory_type: "nozzle",
          nozzle_type: "hardened_steel",
          nozzle_diameter: 0.6,
          command: "set_accessories",
        },
      },
    ],
  ],
  [
    "the active nozzle",
    "selectNozzle",
    { nozzle: "1" },
    [print("select_extruder", { extruder_index: 1 })],
    { model: "O1D" },
  ],
  ["calibration", "calibrate", { steps: ["bedLevel", "vibration"] }, [print("calibration", { option: 6 })]],
  [
    "the air mode",
    "setAirMode",
    { mode: "heating" },
    [print("set_airduct", { modeId: 1, submode: -1 })],
    { model: "N7" },
  ],
  [
    "a detector with its sensitivity",
    "setOption",
    { option: "spaghetti_detector", on: true, sensitivity: "high" },
    [
      {
        xcam: {
          module_name: "spaghetti_detector",
          control: true,
          enable: true,
          print_halt: true,
          halt_print_sensitivity: "high",
          command: "xcam_control_set",
        },
      },
    ],
  ],
  ["an option", "setOption", { option: "sound_enable", on: false }, [print("print_option", { sound_enable: false })]],
  [
    "recovery, in both its forms",
    "setOption",
    { option: "auto_recovery", on: true },
    [print("print_option", { auto_recovery: true, option: 1 })],
  ],
  ["recording", "setRecording", { on: true }, [{ camera: { control: "enable", command: "ipcam_record_set" } }]],
  ["time-lapse", "setTimelapse", { on: false }, [{ camera: { control: "disable", command: "ipcam_timelapse" } }]],
  [
    "an error, taken away with its message",
    "dismissError",
    {},
    [
      print("clean_print_error", { subtask_id: "77", print_error: 50_364_426 }),
      {
        system: {
          name: "print_error",
          action: "close",
          source: 1,
          type: "dialog",
          err: "0300800A",
          command: "uiop",
        },
      },
    ],
    { report: { print_error: 0x0300_800a, subtask_id: "77" } },
  ],
];

function table(rows: readonly Row[]): void {
  for (const [title, name, input, sent, { model, firmware, report, readings } = {}] of rows) {
    test(title, async () => {
      const options = { ...(model !== undefined && { model }), ...(firmware !== undefined && { firmware }) };
      const bench = new Bench(options);
      bench.present = { ...idleReport, ...report };
      bench.now = { ...bench.now, ...readings };
      assert.deepEqual(await bench.ask(name, input), acknowledged);
      assert.deepEqual(bench.sent, sent);
    });
  }
}

describe("what goes out for a job", () => table(jobs));
describe("what goes out for heat and air", () => table(heat));
describe("what goes out for the machine", () => table(machine));

describe("what the printer says", () => {
  test("no, with its reason", async () => {
    const bench = new Bench();
    bench.answers.set("pause", { result: "fail", reason: "nothing is printing", errorCode: null, body: {} });
    await assert.rejects(bench.ask("pause"), { code: "printer_refused", message: /nothing is printing/u });
  });

  test("no, because it takes no unsigned commands: what to switch on is told", async () => {
    const bench = new Bench();
    const refusal = { result: "fail", reason: "mqtt message verify failed", errorCode: 84_033_543, body: {} } as const;
    bench.answers.set("pause", refusal);
    await assert.rejects(bench.ask("pause"), { code: "printer_refused", message: /verify failed.*Developer Mode/u });
  });

  test("nothing: unconfirmed, and it is not sent again", async () => {
    const bench = new Bench();
    bench.answers.set("stop", undefined);
    assert.deepEqual(await bench.ask("stop"), unconfirmed);
    await bench.clock.advance(600_000);
    assert.equal(bench.published.length, 1);
  });

  test("no result, and its state shows the effect", async () => {
    const bench = new Bench();
    bench.answers.set("pause", { ...success, result: null });
    const pausing = bench.ask("pause");
    await bench.clock.advance(1000);
    bench.tell({ gcode_state: "PAUSE" });
    assert.deepEqual(await pausing, acknowledged);
    assert.notEqual(bench.access, "locked");
  });

  test("that its chamber is too hot for a change of filament", async () => {
    const bench = new Bench();
    bench.answers.set("ams_change_filament", { ...success, errorCode: -2 });
    await assert.rejects(bench.ask("unloadMaterial"), { code: "printer_refused", message: /too hot/u });
  });
});

describe("reading", () => {
  test("a refresh is over when a report has come", async () => {
    const bench = new Bench();
    bench.ageMs = 5000;
    const refreshing = bench.ask("refresh");
    await bench.clock.advance(500);
    bench.ageMs = 10;
    bench.tell({});
    assert.deepEqual(await refreshing, acknowledged);
  });

  test("a refresh too soon asks for nothing: the state is current, or the wait is told", async () => {
    const bench = new Bench();
    bench.mayPushAll = false;
    assert.deepEqual(await bench.ask("refresh"), acknowledged);
    bench.ageMs = 40_000;
    await assert.rejects(bench.ask("refresh"), { code: "rate_limited", message: /300 s/u });
  });

  test("the raw report comes without secrets", async () => {
    const bench = new Bench();
    const ipcam = { rtsp_url: "rtsps://bblp:12345678@192.0.2.1:322/streaming/live/1", ttcode: "abc" };
    bench.present = { ipcam, modules: [{ sn: "01P00A000000001", name: "ota" }], access_code: "12345678" };
    const text = JSON.stringify(await bench.ask("getReport"));
    for (const secret of ["12345678", "01P00A000000001", "abc"]) assert.ok(!text.includes(secret), secret);
    assert.ok(text.includes("ota"));
  });
});

const running = (): Bench => {
  const bench = new Bench();
  bench.present = { ...idleReport, gcode_state: "RUNNING", subtask_name: "bracket", s_obj: [101] };
  bench.now = {
    ...bench.now,
    phase: "printing",
    job: {
      id: null,
      file: null,
      progressRatio: null,
      elapsedSeconds: null,
      remainingSeconds: null,
      layer: null,
      layers: null,
    },
  };
  bench.sizes.set("cache/bracket.gcode.3mf", 1000);
  return bench;
};

describe("objects of the running job", () => {
  test("are listed from its project, with what is left out", async () => {
    assert.deepEqual(await running().ask("listObjects"), {
      items: [
        { id: "101", name: "left", skipped: true },
        { id: "202", name: "right", skipped: false },
      ],
    });
  });

  test("are none without a job", async () => {
    assert.deepEqual(await new Bench().ask("listObjects"), { items: [] });
  });

  test("are left out by number", async () => {
    const bench = running();
    bench.present = { ...bench.present, s_obj: [] };
    assert.deepEqual(await bench.ask("skipObjects", { objects: ["101"] }), acknowledged);
    assert.deepEqual(bench.sent, [print("skip_objects", { obj_list: [101] })]);
  });

  test("are refused where the job has no such object, or none would be left", async () => {
    const bench = running();
    await assert.rejects(bench.ask("skipObjects", { objects: ["303"] }), { code: "invalid_input" });
    await assert.rejects(bench.ask("skipObjects", { objects: ["202"] }), { code: "invalid_input", message: /stop/u });
    bench.sizes.delete("cache/bracket.gcode.3mf");
    bench.sizes.clear();
    await assert.rejects(bench.ask("skipObjects", { objects: ["202"] }), { code: "not_found" });
    assert.equal(bench.published.length, 0);
  });
});

const handlersOf = (model: string): ReadonlySet<string> => {
  const bench = new Bench({ model });
  const { authorization, clock, signer, files } = bench;
  return new Set(Object.keys(createCommands(bench, files, { authorization, clock, signer, log: silentLog })));
};

describe("what a model lacks has no handler", () => {
  test("P1S and H2D", () => {
    const p1s = handlersOf("C12");
    const h2d = handlersOf("O1D");
    for (const name of ["selectNozzle", "setAirMode", "startDrying", "signMessage", "emergencyStop"])
      assert.ok(!p1s.has(name), name);
    assert.ok(p1s.has("setNozzle") && !h2d.has("setNozzle"));
    assert.ok(h2d.has("selectNozzle") && h2d.has("setAirMode"));
  });
});
