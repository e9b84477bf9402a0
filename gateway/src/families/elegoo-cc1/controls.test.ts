import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Bench, until, type StubPrinter } from "./stub-printer.ts";

const printing = (stub: StubPrinter): void => {
  stub.currentStatus = [1];
  stub.subStatus = 13;
};
const known = async (bench: Bench): Promise<void> => until(() => bench.identities.length > 0);
const changes = (bench: Bench): number => bench.stub.commands().filter((cmd) => cmd === 403).length;

describe("changes", () => {
  test("each sends the vendor's one shape", async () => {
    await using bench = await Bench.open((stub) => {
      stub.status = {
        CurrentFanSpeed: { ModelFan: 10, AuxiliaryFan: 80, BoxFan: 30 },
        LightStatus: { SecondLight: 1, RgbLight: [1, 2, 3] },
      };
    });
    for (const [command, input, payload] of [
      ["setHeaterTarget", { heater: "nozzle0", targetCelsius: 300 }, { TempTargetNozzle: 300 }],
      ["setHeaterTarget", { heater: "bed", targetCelsius: 110 }, { TempTargetHotbed: 110 }],
      ["setHeaterTarget", { heater: "chamber", targetCelsius: 0 }, { TempTargetBox: 0 }],
      [
        "setFanSpeed",
        { fan: "aux", speedRatio: 0.555 },
        { TargetFanSpeed: { ModelFan: 10, AuxiliaryFan: 56, BoxFan: 30 } },
      ],
      ["setLight", { light: "chamber", on: false }, { LightStatus: { SecondLight: 0, RgbLight: [1, 2, 3] } }],
    ] as const) {
      assert.deepEqual(await bench.ask(command, input), { outcome: "acknowledged" }, command);
      assert.deepEqual(bench.stub.last(403), payload);
    }
  });

  test("the speed is one of four, and belongs to a job", async () => {
    await using bench = await Bench.open();
    await assert.rejects(bench.ask("setSpeed", { mode: "sport" }), { code: "wrong_phase" });
    printing(bench.stub);
    await bench.push();
    for (const [input, percent] of [
      [{ mode: "silent" }, 50],
      [{ mode: "ludicrous" }, 160],
      [{ speedRatio: 1 }, 100],
      [{ speedRatio: 1.3 }, 130],
    ] as const) {
      await bench.ask("setSpeed", input);
      assert.deepEqual(bench.stub.last(403), { PrintSpeedPct: percent });
    }
    for (const input of [{ mode: "fast" }, { speedRatio: 1.25 }]) {
      await assert.rejects(bench.ask("setSpeed", input), { code: "invalid_input", message: /one of/u });
    }
    assert.equal(changes(bench), 4);
  });

  test("what stock firmware refuses during a print is told before anything is sent; its speed goes out", async () => {
    await using bench = await Bench.open(printing);
    await known(bench);
    for (const [command, input] of [
      ["setHeaterTarget", { heater: "bed", targetCelsius: 60 }],
      ["setFanSpeed", { fan: "part", speedRatio: 1 }],
      ["setLight", { light: "chamber", on: true }],
    ] as const) {
      await assert.rejects(bench.ask(command, input), {
        code: "wrong_phase",
        message: /this firmware refuses it during a print/u,
      });
    }
    assert.equal(changes(bench), 0);
    await bench.ask("setSpeed", { mode: "sport" });
    assert.equal(changes(bench), 1);
  });

  test("OpenCentauri is asked during a print", async () => {
    await using bench = await Bench.open((stub) => {
      printing(stub);
      stub.firmware = "V0.3.0-o";
    });
    await known(bench);
    await bench.ask("setLight", { light: "chamber", on: true });
    assert.equal(changes(bench), 1);
  });

  test("silence is told as unconfirmed, a refusal while idle as one of the printer", async () => {
    await using bench = await Bench.open();
    bench.stub.acks = { 403: 1 };
    await assert.rejects(bench.ask("setLight", { light: "chamber", on: true }), { code: "printer_refused" });
    bench.stub.acks = { 403: null };
    assert.deepEqual(await bench.ask("setLight", { light: "chamber", on: true }), { outcome: "unconfirmed" });
  });
});

const at = (coordinates: string) => (stub: StubPrinter) => (stub.status = { CurrenCoord: coordinates });

describe("motion", () => {
  test("all axes home in one request, fewer one after the other while the machine is idle between", async () => {
    await using bench = await Bench.open();
    await bench.ask("home", { axes: ["z", "x", "y"] });
    assert.deepEqual(bench.stub.last(402), { Axis: "XYZ" });
    bench.stub.answers = {
      402: () => {
        bench.stub.currentStatus = [9];
        void bench.clock.wait(3000).then(() => (bench.stub.currentStatus = [0]));
        return {};
      },
    };
    await bench.ask("home", { axes: ["y", "x"] });
    const homed = bench.stub.sent.filter(({ cmd }) => cmd === 402).map(({ data }) => data);
    assert.deepEqual(homed.slice(1), [{ Axis: "X" }, { Axis: "Y" }]);
  });

  test("a jog stays within the axis, from where the head is", async () => {
    await using bench = await Bench.open(at("250.00,264.50,41.20"));
    await bench.ask("jog", { axis: "x", distanceMillimeters: 6.5 });
    assert.deepEqual(bench.stub.last(401), { Axis: "X", Step: 6.5 });
    for (const distanceMillimeters of [6.51, 100, -252.1, 0, 0.001]) {
      await assert.rejects(bench.ask("jog", { axis: "x", distanceMillimeters }), { code: "invalid_input" });
    }
    await assert.rejects(bench.ask("jog", { axis: "x", distanceMillimeters: 7 }), { message: /-252.01 to 6.5 mm/u });
    assert.equal(bench.stub.commands().filter((cmd) => cmd === 401).length, 1);
  });

  test("a jog of an axis that is not homed says so", async () => {
    await using bench = await Bench.open(at("10,10,10"));
    bench.stub.acks = { 401: 3 };
    await assert.rejects(bench.ask("jog", { axis: "z", distanceMillimeters: 1 }), {
      code: "printer_refused",
      message: /home the axis first/u,
    });
  });
});

describe("the life of a job", () => {
  test("a command is acknowledged, refused in words, or told unconfirmed; never repeated", async () => {
    await using bench = await Bench.open(printing);
    assert.deepEqual(await bench.ask("pause"), { outcome: "acknowledged" });
    bench.stub.subStatus = 6;
    bench.stub.acks = { 131: 2, 130: null };
    await assert.rejects(bench.ask("resume"), { code: "printer_refused", message: /filament/u });
    assert.deepEqual(await bench.ask("stop"), { outcome: "unconfirmed" });
    assert.equal(bench.stub.commands().filter((cmd) => cmd === 130).length, 1);
  });

  test("one goes out at a time, and none within five seconds of the last", async () => {
    await using bench = await Bench.open(printing);
    await bench.ask("pause");
    bench.stub.subStatus = 6;
    await bench.push();
    const resuming = bench.session.handlers.resume?.({}, { signal: bench.signal });
    await assert.rejects(async () => bench.session.handlers.stop?.({}, { signal: bench.signal }), {
      code: "wrong_phase",
      message: /on its way/u,
    });
    await bench.clock.advance(4900);
    assert.ok(!bench.stub.commands().includes(131));
    assert.deepEqual(await bench.passing(resuming ?? Promise.reject(new Error("no handler"))), {
      outcome: "acknowledged",
    });
  });

  test("start sends the full path and the vendor's exact payload", async () => {
    await using bench = await Bench.open();
    await bench.ask("start", { file: "cube.gcode", levelBed: true, timelapse: true });
    assert.deepEqual(bench.stub.last(128), {
      Filename: "/local/cube.gcode",
      StartLayer: 0,
      Calibration_switch: 1,
      PrintPlatformType: 0,
      Tlp_Switch: 1,
      slot_map: [],
    });
  });

  test("start refuses a plate it has not, and slots where there is no Canvas", async () => {
    await using bench = await Bench.open();
    const file = "cube.gcode";
    await assert.rejects(bench.ask("start", { file, plate: "glass" }), { message: /textured, smooth/u });
    await assert.rejects(bench.ask("start", { file, slots: [{ tool: 0, unit: "0", slot: "0" }] }), {
      code: "invalid_input",
      message: /no Canvas/u,
    });
    for (const name of ["../etc/passwd.gcode", "cube.stl", "a\u0000b.gcode", "/etc/x.gcode", "/local/../x.gcode"]) {
      await assert.rejects(bench.ask("start", { file: name }), { code: "invalid_input" }, name);
    }
    assert.ok(!bench.stub.commands().includes(128));
  });
});
