// A job from start to end, and everything that may happen to it on the way.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { closing, fault, type Json, RawClient, startPrinter } from "./raw-client.ts";

const cube = { storage_media: "local", filename: "cube.gcode" } as const;
const badge = { storage_media: "local", filename: "two-colour badge.gcode" } as const;

/** Moves the machine on, step by step, until something is so. */
async function advanceUntil(printer: LaunchedSimulator, seconds: number, look: () => boolean): Promise<void> {
  for (let step = 0; step < 2000 && !look(); step += 1) printer.control.advance(seconds);
  assert.equal(look(), true, "not in 2000 steps");
}

function stage({ control }: LaunchedSimulator): unknown {
  return control.state()["stage"];
}

function status({ control }: LaunchedSimulator, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Json)[key], control.state()["status"]);
}

describe("a job of the simulated CC2", { timeout: 120_000 }, () => {
  test("goes through the firmware's codes and is answered when it prints", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const id = await client.send(1020, {
      ...cube,
      config: { printer_check: true, delay_video: true, print_layout: "A" },
    });
    await until("the start", () => stage(printer) === "heatingNozzle");
    assert.equal(client.answerTo(id), undefined);
    await advanceUntil(printer, 1, () => stage(printer) === "printing");
    assert.deepEqual(await until("an answer", () => client.answerTo(id)), { error_code: 0 });
    await advanceUntil(printer, 20, () => stage(printer) === null);
    await until("the end", () => client.pushedCodes.at(-1) === "1/0");
    const codes = "2/1045 2/1405 2/2801 2/2802 2/2901 2/2902 2/2075 2/2077 1/0";
    assert.deepEqual(client.pushedCodes, codes.split(" "));
    const print = (await client.status("print_status")) as Json;
    assert.deepEqual([print["state"], print["filename"], print["enable"]], ["complete", "cube.gcode", true]);
    const tasks = (await client.ask(1036))["history_task_list"] as Json[];
    assert.equal(tasks.at(-1)?.["task_id"], print["uuid"]);
    assert.deepEqual([tasks.at(-1)?.["task_status"], tasks.at(-1)?.["time_lapse_video_status"]], [1, 1]);
  });

  test("runs by itself in accelerated time", async () => {
    await using printer = await startPrinter({ speed: 2000 });
    await using client = await RawClient.registered(printer);
    assert.equal(await client.code(1020, cube), 0);
    await until("the end", () => client.pushedCodes.at(-1) === "1/0");
    assert.equal(client.pushedCodes.includes("2/2901"), false, "no levelling without printer_check");
  });

  test("pauses, resumes and stops, each answered at the end of its mechanics", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.registered(printer);
    for (const [method, codes] of [
      [1021, ["2/2501", "2/2502"]],
      [1023, ["2/2401", "2/2402", "2/2075"]],
      [1022, ["2/2503", "2/2504", "1/0"]],
    ] as const) {
      const before = client.pushedCodes.length;
      const id = await client.send(method);
      await until("the beginning", () => client.pushedCodes.length > before);
      assert.equal(client.answerTo(id), undefined, String(method));
      for (let second = 0; second < 60 && client.pushedCodes.at(-1) !== codes.at(-1); second += 1) {
        printer.control.advance(1);
        await new Promise(setImmediate);
      }
      assert.deepEqual(await until("an answer", () => client.answerTo(id)), { error_code: 0 });
      // The first push names only what has changed; the status was 2 all along.
      const pushed = client.pushedCodes.slice(before).map((code) => code.replace("undefined", "2"));
      assert.deepEqual(pushed, codes);
    }
    assert.equal(status(printer, "print_status", "state"), "cancelled");
  });

  test("a start that never comes to print is refused in the end", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const start = await client.send(1020, cube);
    await until("the start", () => stage(printer) !== null);
    const stop = await client.send(1022);
    await until("the stopping", () => stage(printer) === "stopping");
    await advanceUntil(printer, 1, () => stage(printer) === null);
    const answers = await until("both", () => {
      const both = [client.answerTo(start)?.["error_code"], client.answerTo(stop)?.["error_code"]];
      return both.includes(undefined) ? undefined : both;
    });
    assert.deepEqual(answers, [1010, 0]);
  });

  test("is refused: busy, unknown, no filament, side B, a wrong map; without a job nothing is paused", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    for (const method of [1021, 1022, 1023]) assert.equal(await client.code(method), 1010);
    assert.equal(await client.code(1031, { mode: 2 }), 1010);
    assert.equal(await client.code(1020, { filename: "none.gcode" }), 1021);
    assert.equal(await client.code(1020, { storage_media: "u-disk", filename: "from the stick.gcode" }), 1021);
    assert.equal(await client.code(1020, { storage_media: "floppy", filename: "cube.gcode" }), 1003);
    assert.equal(await client.code(1020, {}), 1003);
    assert.equal(await client.code(1020, { ...cube, config: { print_layout: "B" } }), 1026);
    const maps: readonly unknown[] = [
      [{ slot: 1 }],
      [{ t: 0, canvas_id: 0, tray_id: 3 }],
      [{ t: 0, canvas_id: 0, tray_id: 4 }],
      [{ t: 0, canvas_id: 1, tray_id: 0 }],
      [{ t: 7, canvas_id: 0, tray_id: 0 }],
      {},
    ];
    for (const map of maps) {
      assert.equal(await client.code(1020, { ...cube, config: { slot_map: map } }), 1003, JSON.stringify(map));
    }
    assert.equal(await client.code(1020, { ...badge, config: { slot_map: [] } }), 1003, "two tools, one spool");
    await fault(printer, "filament-runout");
    assert.equal(await client.code(1020, cube), 109);
    assert.equal(stage(printer), null);
    for (const scenario of ["busy", "printing", "failed"]) {
      await printer.control.setScenario(scenario);
      assert.equal(await client.code(1020, cube), 1009, scenario);
    }
  });

  test("switches filaments at the chute without saying so, and fw-0103 loses its speed before", async () => {
    for (const [profile, modeAfter] of Object.entries({ "fw-0103": 1, "fw-0201": 2 })) {
      await using printer = await startPrinter({ settings: { profile } });
      await using client = await RawClient.registered(printer);
      const slots = [
        { t: 0, canvas_id: 0, tray_id: 2 },
        { t: 1, canvas_id: 0, tray_id: 1 },
      ];
      const id = await client.send(1020, { ...badge, config: { slot_map: slots } });
      await until("the start", () => stage(printer) !== null);
      await advanceUntil(printer, 1, () => stage(printer) === "printing");
      await until("an answer", () => client.answerTo(id));
      assert.equal(status(printer, "canvas_info", "active_tray_id"), 2);
      assert.equal(await client.code(1031, { mode: 2 }), 0);
      await advanceUntil(printer, 1, () => Number(status(printer, "gcode_move", "y")) >= 258);
      assert.equal(status(printer, "machine_status", "sub_status"), 2075);
      assert.equal(status(printer, "gcode_move", "speed_mode"), modeAfter, profile);
      assert.equal(status(printer, "canvas_info", "active_tray_id"), 1);
      await advanceUntil(printer, 1, () => Number(status(printer, "gcode_move", "y")) < 258);
      assert.equal(status(printer, "machine_status", "sub_status"), 2075);
    }
  });

  test("pauses itself when the filament ends, and resumes only after a reload", async () => {
    await using printer = await startPrinter({ scenario: "printing", settings: { canvas: "off" } });
    await using client = await RawClient.registered(printer);
    await fault(printer, "filament-runout");
    await advanceUntil(printer, 1, () => stage(printer) === "paused");
    assert.deepEqual(await client.codes(), [2, 2502]);
    assert.deepEqual(await client.status("machine_status", "exception_status"), [109]);
    assert.equal(await client.status("extruder", "filament_detected"), 0);
    assert.equal(await client.code(1023), 109);
    await fault(printer, "filament-runout", { clear: true });
    const id = await client.send(1023);
    await until("the resuming", () => stage(printer) === "resuming");
    await advanceUntil(printer, 1, () => stage(printer) === "printing");
    assert.deepEqual(await until("an answer", () => client.answerTo(id)), { error_code: 0 });
    assert.deepEqual(await client.status("machine_status", "exception_status"), []);
  });

  test("goes on from the other tray of the same filament with auto refill, and pauses without", async () => {
    for (const autoRefill of [true, false]) {
      await using printer = await startPrinter({ scenario: "printing" });
      await using client = await RawClient.registered(printer);
      assert.equal(await client.code(2004, { auto_refill: autoRefill }), 0);
      assert.equal(status(printer, "canvas_info", "active_tray_id"), 0);
      await fault(printer, "filament-runout");
      printer.control.advance(30);
      assert.equal(stage(printer), autoRefill ? "printing" : "paused");
      assert.equal(status(printer, "canvas_info", "active_tray_id"), autoRefill ? 2 : 0);
      const trays = (status(printer, "canvas_info", "canvas_list", "0", "tray_list") as Json[]).map(
        (tray) => tray["status"],
      );
      assert.deepEqual(trays, autoRefill ? [0, 1, 2, 0] : [0, 1, 1, 0]);
    }
  });

  test("ends in an emergency stop with its exception, until the power is switched", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.registered(printer);
    await fault(printer, "print-error", { exception: 102 });
    assert.deepEqual(await client.codes(), [14, 0]);
    assert.deepEqual(await client.status("machine_status", "exception_status"), [102]);
    assert.equal(await client.status("print_status", "state"), "error");
    await printer.control.powerCycle();
    printer.control.advance(10);
    assert.deepEqual(status(printer, "machine_status", "status"), 1);
    await assert.rejects(fault(printer, "print-error"), /no job/);
  });

  test("every scenario shows what it is called, and each can follow each", async () => {
    await using printer = await startPrinter();
    const shown: Readonly<Record<string, readonly [number, number]>> = {
      idle: [1, 0],
      preparing: [2, 1045],
      printing: [2, 2075],
      "filament-change": [2, 2075],
      pausing: [2, 2501],
      paused: [2, 2502],
      resuming: [2, 2401],
      stopping: [2, 2503],
      finished: [1, 0],
      stopped: [1, 0],
      failed: [14, 0],
      interrupted: [0, 0],
      busy: [5, 2901],
      "cloud-mode": [1, 0],
    };
    assert.deepEqual(new Set([...Object.keys(shown), "crashed"]), new Set(printer.control.scenarios));
    for (const [name, codes] of [...Object.entries(shown), ...Object.entries(shown).toReversed()]) {
      await printer.control.setScenario(name);
      const { status: code, sub_status: subCode } = status(printer, "machine_status") as Json;
      assert.deepEqual([code, subCode], codes, name);
    }
    await fault(printer, "occupied", { status: 8, code: 1503 });
    assert.equal(status(printer, "machine_status", "status"), 8);
    await fault(printer, "occupied", { clear: true });
    assert.equal(status(printer, "machine_status", "status"), 1);
  });
});

describe("power and death of the simulated CC2", { timeout: 120_000 }, () => {
  test("a power cut ends every connection, and the job comes back through 0 and 15", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    const before = await RawClient.registered(printer);
    const uuid = await before.status("print_status", "uuid");
    assert.equal(await before.code(2004, { auto_refill: false }), 0);
    const over = closing(before.mqtt);
    await fault(printer, "power-cut");
    await over;
    await assert.rejects(RawClient.connect(printer));
    await fault(printer, "power-cut", { clear: true });
    await using client = await RawClient.registered(printer);
    assert.deepEqual(await client.codes(), [0, 0]);
    printer.control.advance(2.5);
    assert.deepEqual(await client.codes(), [15, 0]);
    printer.control.advance(2.5);
    assert.deepEqual((await client.codes())[0], 2);
    const print = (await client.status("print_status")) as Json;
    assert.equal(print["uuid"], uuid);
    assert.equal(Number(print["print_duration_before_power_loss"]) > 1000, true);
    assert.equal(await client.status("canvas_info", "auto_refill"), false, "kept in the Canvas");
  });

  test("a job that is not to be resumed ends in idle", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await fault(printer, "power-cut", { resumes: false });
    await fault(printer, "power-cut", { clear: true });
    printer.control.advance(10);
    assert.deepEqual(status(printer, "machine_status", "status"), 1);
  });

  test("a dead daemon refuses connections until the power is switched", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.registered(printer);
    const over = closing(client.mqtt);
    await fault(printer, "crash");
    await over;
    await assert.rejects(RawClient.connect(printer));
    await assert.rejects(fetch(`http://${printer.host}:${printer.ports["camera"]}/`));
    assert.equal(printer.control.counters()["crashes"], 1);
    await printer.control.powerCycle();
    await using again = await RawClient.registered(printer);
    assert.equal(await again.code(1001), 0);
  });
});
