// Commands of the simulated Centauri Carbon, their Ack codes and what they do, over its wire.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Json, RawClient, fault, startPrinter } from "./raw-client.ts";

const cube = { Filename: "/local/cube.gcode" };

describe("the simulated CC1's job", { timeout: 120_000 }, () => {
  test("runs through its stages from start to end and forgets file and task", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    const start = { ...cube, StartLayer: 0, Calibration_switch: 1, PrintPlatformType: 0, Tlp_Switch: 0, slot_map: [] };
    assert.equal(await client.ack(128, start), 0);
    assert.deepEqual(await client.codes(), [[8], 10]);
    const seen = new Set<number>();
    let taskId: unknown;
    for (let step = 0; step < 3000; step++) {
      printer.control.advance(0.5);
      const { PrintInfo } = printer.control.state()["status"] as { PrintInfo: Json };
      seen.add(Number(PrintInfo["Status"]));
      taskId ??= PrintInfo["TaskId"];
      if (PrintInfo["Status"] === 13 && step > 600) break;
    }
    assert.deepEqual([...seen], [10, 18, 16, 20, 1, 21, 15, 19, 13]);
    const middle = (await client.status())["PrintInfo"] as Json;
    assert.ok(Number(middle["CurrentLayer"]) >= 1 && Number(middle["CurrentTicks"]) > 0);
    printer.control.advance(3600);
    const end = await client.status();
    assert.deepEqual(await client.codes(), [[0], 9]);
    const info = end["PrintInfo"] as Json;
    assert.deepEqual([info["Filename"], info["TaskId"], info["CurrentLayer"]], ["", "", 0]);
    const { HistoryDetailList } = await client.ask(321, { Id: [taskId] });
    const [task] = HistoryDetailList as Json[];
    assert.deepEqual([task?.["TaskStatus"], task?.["AlreadyPrintLayer"]], [1, 100]);
  });

  test("refuses a start with Ack 1 unless idle and Ack 2 for an unknown file, and takes a bare name", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    assert.equal(await client.ack(128, { Filename: "/local/none.gcode" }), 2);
    assert.equal(await client.ack(128, { Filename: "cube.gcode" }), 0);
    assert.equal(await client.ack(128, cube), 1);
  });

  test("pauses, cools down after 300 s, and resumes through reheating", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.connect(printer);
    assert.equal(await client.ack(131), 1);
    assert.equal(await client.ack(129), 0);
    assert.equal(await client.ack(129), 1);
    assert.equal(await client.ack(130), 1, "no stop while pausing");
    assert.deepEqual(await client.codes(), [[1], 5]);
    printer.control.advance(21);
    assert.deepEqual(await client.codes(), [[1], 6]);
    assert.match(String((await client.status())["CurrenCoord"]), /^202\.00,264\.50,/);
    printer.control.advance(301);
    assert.equal((await client.status())["TempTargetNozzle"], 45);
    printer.control.advance(200);
    assert.equal(await client.ack(131), 0);
    assert.deepEqual(await client.codes(), [[1], 12]);
    printer.control.advance(6);
    assert.deepEqual(await client.codes(), [[1], 16]);
    printer.control.advance(60);
    assert.deepEqual(await client.codes(), [[1], 13]);
  });

  test("stops, and keeps the sub-status afterwards", async () => {
    await using printer = await startPrinter({ scenario: "paused" });
    await using client = await RawClient.connect(printer);
    assert.equal(await client.ack(130), 0);
    assert.deepEqual(await client.codes(), [[1], 7]);
    printer.control.advance(20);
    assert.deepEqual(await client.codes(), [[0], 8]);
    assert.equal(await client.ack(130), 1);
  });

  test("parks on status 20 while printing in profile stock-1.4", async () => {
    await using printer = await startPrinter({ scenario: "printing", settings: { profile: "stock-1.4" } });
    await using client = await RawClient.connect(printer);
    assert.deepEqual(await client.codes(), [[1], 20]);
  });

  test("pauses itself when the filament ends, and resume waits for new filament", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.connect(printer);
    await fault(printer, "filament-runout");
    printer.control.advance(30);
    assert.deepEqual(await client.codes(), [[1], 6]);
    const { TaskId } = (await client.status())["PrintInfo"] as Json;
    const { HistoryDetailList } = await client.ask(321, { Id: [TaskId] });
    const [task = {}] = HistoryDetailList as Json[];
    assert.deepEqual([task["TaskStatus"], task["ErrorStatusReason"]], [5, 3]);
    assert.equal(await client.ack(131), 2);
    await fault(printer, "filament-runout", { clear: true });
    assert.equal(await client.ack(131), 0);
  });

  test("fails on an object on the plate", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    await fault(printer, "foreign-object");
    assert.equal(await client.ack(128, cube), 0);
    printer.control.advance(5);
    assert.deepEqual(await client.codes(), [[1], 23]);
    printer.control.advance(20);
    assert.deepEqual(await client.codes(), [[0], 14]);
  });
});

describe("the simulated CC1's controls", { timeout: 120_000 }, () => {
  test("takes the four speeds during a job, acknowledges others without effect, and forgets at the end", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.connect(printer);
    const speed = async (): Promise<unknown> => ((await client.status())["PrintInfo"] as Json)["PrintSpeedPct"];
    assert.equal(await client.ack(403, { PrintSpeedPct: 160 }), 0);
    assert.equal(await speed(), 160);
    assert.equal(await client.ack(403, { PrintSpeedPct: 75 }), 0);
    assert.equal(await speed(), 160);
    await client.ack(130);
    printer.control.advance(20);
    assert.equal(await speed(), 100);
    await client.ack(403, { PrintSpeedPct: 50 });
    assert.equal(await speed(), 100);
  });

  test("refuses light, fans and temperatures during a job on stock firmware, not on oc-0.3", async () => {
    for (const [profile, expected] of Object.entries({ "stock-1.1": 1, "stock-1.4": 1, "oc-0.3": 0 })) {
      await using printer = await startPrinter({ scenario: "printing", settings: { profile } });
      await using client = await RawClient.connect(printer);
      assert.equal(await client.ack(403, { LightStatus: { SecondLight: 0 } }), expected, profile);
      assert.equal(await client.ack(403, { TempTargetNozzle: 200 }), expected, profile);
      assert.equal(await client.ack(403, { TargetFanSpeed: { ModelFan: 10 } }), expected, profile);
    }
  });

  test("keeps the fans that a partial object does not name", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    await client.ack(403, { TargetFanSpeed: { ModelFan: 10, AuxiliaryFan: 80, BoxFan: 100 } });
    await client.ack(403, { TargetFanSpeed: { AuxiliaryFan: 50 } });
    const fans = (await client.status())["CurrentFanSpeed"];
    assert.deepEqual(fans, { ModelFan: 10, AuxiliaryFan: 50, BoxFan: 100 });
  });

  test("jogs only what is homed, within travel, and not during a job", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    assert.equal(await client.ack(401, { Axis: "X", Step: 10 }), 3);
    assert.equal(await client.ack(402, { Axis: "XYZ" }), 0);
    assert.deepEqual(await client.codes(), [[9], 0]);
    assert.equal(await client.ack(401, { Axis: "X", Step: 10 }), 1, "homing");
    printer.control.advance(4);
    assert.equal(await client.ack(401, { Axis: "X", Step: 10 }), 0);
    assert.equal(await client.ack(401, { Axis: "X", Step: 1000 }), 2);
    assert.match(String((await client.status())["CurrenCoord"]), /^138\.00,/);
    await client.ack(128, cube);
    assert.equal(await client.ack(402, { Axis: "X" }), 1);
  });

  test("gives the camera's address without a scheme, Ack 2 without a camera", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    const answer = await client.ask(386, { Enable: 1 });
    assert.deepEqual(answer, { Ack: 0, VideoUrl: `${printer.host}:${printer.ports["camera"]}/video` });
    await fault(printer, "camera-unplugged");
    assert.equal(await client.ack(386, { Enable: 1 }), 2);
  });

  test("knows Canvas on stock-1.4 only, and the later commands not on legacy-1.0", async () => {
    await using canvas = await startPrinter({ settings: { profile: "stock-1.4" } });
    await using client = await RawClient.connect(canvas);
    assert.equal((await client.ask(324))["active_tray_id"], -1);
    await using legacy = await startPrinter({ settings: { profile: "legacy-1.0" } });
    await using old = await RawClient.connect(legacy);
    old.send(324);
    old.send(134);
    const status = await old.status();
    assert.equal((status["TempOfNozzle"] as unknown[]).length, 2);
    assert.equal(legacy.control.counters()["unknownFrames"], 2);
  });

  test("changes its name in attributes", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    assert.equal(await client.ack(192, { Name: "Shed" }), 0);
    await client.ask(1);
    await client.status();
    assert.equal(client.attributes.at(-1)?.["Name"], "Shed");
  });
});

describe("the simulated CC1's files and history", { timeout: 120_000 }, () => {
  test("lists, describes, renames and deletes files by full path", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    const names = async (): Promise<unknown[]> =>
      ((await client.ask(258, { Url: "/local" }))["FileList"] as Json[]).map(({ name }) => name);
    assert.deepEqual(await names(), ["/local/cube.gcode", "/local/bracket.gcode", "/local/spiral vase.gcode"]);
    const { FileInfo } = await client.ask(260, { Url: "/local/cube.gcode" });
    assert.equal((FileInfo as Json)["EstTime"], 24 * 60);
    assert.equal(await client.ack(260, { Url: "/local/none.gcode" }), 2);
    assert.equal(await client.ack(257, { SrcPath: "/local/cube.gcode", TargetPath: "/local/box.gcode" }), 0);
    assert.deepEqual(await client.ask(259, { Url: "/local/box.gcode" }), { Ack: 0, ErrData: [] });
    assert.equal((await names()).includes("/local/box.gcode"), true, "the wrong form deletes nothing");
    assert.equal(await client.ack(259, { FileList: ["/local/box.gcode"] }), 0);
    assert.equal((await names()).includes("/local/box.gcode"), false);
  });

  test("does not delete the file that is being printed", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.connect(printer);
    const { ErrData } = await client.ask(259, { FileList: ["/local/spiral vase.gcode"] });
    assert.deepEqual(ErrData, ["/local/spiral vase.gcode"]);
  });

  test("tells history newest first, leaves unknown ids out, and forgets what is deleted", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.connect(printer);
    const ids = (await client.ask(320))["HistoryData"] as string[];
    const { HistoryDetailList } = await client.ask(321, { Id: [...ids.toReversed(), "unknown"] });
    const tasks = HistoryDetailList as Json[];
    assert.deepEqual(
      tasks.map(({ TaskStatus }) => TaskStatus),
      [4, 1, 3, 2],
    );
    assert.deepEqual(await client.ask(322, { Id: [ids[1], "unknown"] }), { Ack: 0, ErrData: ["unknown"] });
    assert.equal(((await client.ask(320))["HistoryData"] as string[]).length, 3);
  });
});
