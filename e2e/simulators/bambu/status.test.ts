// What the printer reports and when: full reports with the types of each profile, deltas, cadence,
// and what the faults do to both.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../../scenarios/harness/until.ts";
import { fault, type Json, RawClient, startPrinter } from "./raw-client.ts";

const models = ["p1s", "a1mini", "x1c", "h2d"] as const;

/** Fields of the P1S in the dossier's full report. */
const smallFields =
  "upgrade_state ipcam upload net nozzle_temper nozzle_target_temper bed_temper bed_target_temper chamber_temper mc_print_stage heatbreak_fan_speed cooling_fan_speed big_fan1_speed big_fan2_speed mc_percent mc_remaining_time ams_status ams_rfid_status hw_switch_state spd_mag spd_lvl print_error lifecycle wifi_signal gcode_state gcode_file_prepare_percent queue_number queue_total queue_est queue_sts project_id profile_id task_id subtask_id subtask_name gcode_file stg stg_cur print_type home_flag mc_print_line_number mc_print_sub_stage sdcard force_upgrade mess_production_state layer_num total_layer_num s_obj filam_bak fan_gear nozzle_diameter nozzle_type cali_version k flag3 hms online ams vt_tray lights_report command msg sequence_id";

const strings =
  "mc_print_stage cooling_fan_speed big_fan1_speed gcode_file_prepare_percent nozzle_diameter wifi_signal";

function object(value: unknown): Json {
  assert.ok(typeof value === "object" && value !== null && !Array.isArray(value));
  return value as Json;
}

function list(value: unknown): readonly Json[] {
  assert.ok(Array.isArray(value));
  return value as Json[];
}

/** Low half now, high half wanted; a value up to 500 is a heater that is off. */
function unpack(value: unknown): readonly number[] {
  const number = Number(value);
  return number <= 500 ? [number, 0] : [number & 0xffff, number >>> 16];
}

describe("the simulated Bambu printer's reports", { timeout: 240_000, concurrency: false }, () => {
  test("answer pushall with exactly one full report of all fields, strings where the printer has strings", async () => {
    for (const model of models) {
      await using printer = await startPrinter(model, { scenario: "printing" });
      await using client = await RawClient.connect(printer);
      const report = await client.pushAll();
      await client.ask("info", "get_version");
      assert.equal(client.reports.filter(({ msg }) => msg === 0).length, 1, model);
      for (const name of strings.split(" ")) assert.equal(typeof report[name], "string", `${model} ${name}`);
      assert.match(String(report["wifi_signal"]), /^-\d+dBm$/);
      const [unit] = list(object(report["ams"])["ams"]);
      assert.equal(typeof unit?.["humidity"], "string");
      assert.equal(typeof object(report["ams"])["tray_now"], "string");
      assert.equal(object(list(object(report["net"])["info"])[0])["ip"], 0x0100_007f);
    }
  });

  test("have the P1S's fields, and no more", async () => {
    await using printer = await startPrinter("p1s", { scenario: "printing" });
    await using client = await RawClient.connect(printer);
    const report = await client.pushAll();
    assert.deepEqual(Object.keys(report).toSorted(), smallFields.split(" ").toSorted());
  });

  test("between are deltas on P1S, A1 mini and H2D, and everything indented on X1C", async () => {
    for (const model of models) {
      await using printer = await startPrinter(model, { scenario: "printing", speed: 20 });
      await using client = await RawClient.connect(printer);
      await client.pushAll();
      client.forget();
      const count = model === "x1c" ? 2 : 1;
      await until("reports", () => client.reports.length >= count);
      const [report = {}] = client.reports;
      if (model === "x1c") {
        assert.equal(report["msg"], undefined);
        assert.ok(Object.keys(report).length > 50);
      } else {
        assert.equal(report["msg"], 1, model);
        assert.ok(Object.keys(report).length < 30, model);
        assert.equal(report["ipcam"], undefined);
      }
      assert.equal(client.texts[0]?.includes('\n    "print"'), model === "x1c" || model === "h2d");
      const numbers = client.reports.map(({ sequence_id }) => Number(sequence_id));
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
  });

  test("tell of one tray only that unit with what changed, and tray_now alone", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    const { ams } = await client.pushAll();
    assert.equal(object(ams)["tray_exist_bits"], "7");
    await fault(printer, "spool", { slot: 3, type: "ABS", color: "000000FF" });
    const put = await client.report("the new spool", (report) => report["msg"] === 1 && report["ams"] !== undefined);
    const units = list(object(put["ams"])["ams"]);
    assert.deepEqual([units.length, units[0]?.["id"], units[0]?.["temp"]], [1, "0", undefined]);
    assert.deepEqual(
      list(units[0]?.["tray"]).map(({ id }) => id),
      ["3"],
    );
    client.forget();
    await fault(printer, "spool", { slot: 1, present: false });
    const out = await client.report("the slot is empty", ({ ams }) => ams !== undefined);
    assert.deepEqual(list(object(out["ams"])["ams"]), [{ id: "0", tray: [{ id: "1" }] }]);
    assert.equal(object(out["ams"])["tray_exist_bits"], "d");
    client.forget();
    await fault(printer, "field", { path: "ams.tray_now", json: '"2"' });
    const now = await client.report("tray_now", ({ ams }) => ams !== undefined);
    assert.deepEqual(now["ams"], { tray_now: "2" });
  });

  test("come too often asked for: counted, and on request followed by ten seconds of nothing", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await client.pushAll();
    await client.pushAll();
    assert.deepEqual(printer.control.counters()["pushalls"], { total: 2, tooSoon: 1 });
    await fault(printer, "lag");
    client.forget();
    await client.send("pushing", "pushall");
    await client.ask("print", "gcode_line", { param: "M104 S200\n" });
    assert.equal(client.reports.length, 0);
    printer.control.advance(11);
    await client.report("reports again", () => true);
  });

  test("go on while nothing happens, with the radio's strength", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await client.pushAll();
    client.forget();
    for (let seconds = 0; seconds < 40; seconds += 4) printer.control.advance(4);
    await until("the reports", () => client.reports.length >= 4);
    assert.deepEqual(Object.keys(client.reports[0] ?? {}), ["wifi_signal", "command", "msg", "sequence_id"]);
  });

  test("stop and start when they are told to", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await client.pushAll();
    await client.send("pushing", "stop");
    client.forget();
    await client.ask("print", "gcode_line", { param: "M104 S200\n" });
    assert.equal(client.reports.length, 0);
    await client.send("pushing", "start");
    const report = await client.report("what was missed", () => true);
    assert.equal(report["nozzle_target_temper"], 200);
  });

  test("show 5 degrees for no sensor, else the chamber's own, packed as flat", async () => {
    for (const model of models) {
      await using printer = await startPrinter(model, { scenario: "printing" });
      await using client = await RawClient.connect(printer);
      printer.control.advance(600);
      const report = await client.pushAll();
      const small = model === "p1s" || model === "a1mini";
      if (small) assert.equal(report["chamber_temper"], 5);
      if (model === "x1c") assert.ok(Number(report["chamber_temper"]) > 24);
      assert.equal(report["device"] !== undefined, model === "h2d");
      if (model !== "h2d") continue;
      const device = object(report["device"]);
      const [right, left] = list(object(device["extruder"])["info"]);
      assert.deepEqual(unpack(right?.["temp"]), [report["nozzle_temper"], report["nozzle_target_temper"]]);
      assert.ok(Number(left?.["temp"]) <= 500);
      assert.deepEqual(unpack(device["bed_temp"]), [report["bed_temper"], report["bed_target_temper"]]);
      assert.ok((unpack(object(report["info"])["temp"])[0] ?? 0) > 24);
      assert.equal(report["chamber_temper"], undefined);
    }
  });

  test("show the model's own idle stage, and 0 just after power-up on P1 and A1", async () => {
    for (const model of models) {
      await using printer = await startPrinter(model);
      await using client = await RawClient.connect(printer);
      const small = model === "p1s" || model === "a1mini";
      const idle = await client.pushAll();
      assert.deepEqual([idle["stg_cur"], idle["print_type"]], small ? [255, "idle"] : [-1, ""], model);
      assert.equal(Number(idle["home_flag"]) < 0, model === "a1mini");
      await printer.control.powerCycle();
      await using again = await RawClient.connect(printer);
      const { stg_cur: stage } = await again.pushAll();
      assert.equal(stage, small ? 0 : -1);
    }
  });

  test("have `fun` where the model tells it, two nozzles, vir_slot and units on the H2D", async () => {
    for (const model of models) {
      await using printer = await startPrinter(model, { settings: { authorization: "locked" } });
      await using client = await RawClient.connect(printer);
      const report = await client.pushAll();
      const { fun } = report;
      if (model === "p1s" || model === "a1mini") assert.equal(fun, undefined);
      else assert.ok((BigInt(`0x${String(fun)}`) & 0x2000_0000n) !== 0n);
      if (model !== "h2d") continue;
      assert.deepEqual(
        list(report["vir_slot"]).map(({ id }) => id),
        ["255", "254"],
      );
      const ams = object(report["ams"]);
      assert.deepEqual([ams["ams_exist_bits"], ams["tray_exist_bits"]], ["11", "10007"]);
      assert.deepEqual(
        list(ams["ams"]).map(({ info }) => info),
        ["3", "104"],
      );
    }
  });

  test("say disable for a live view that is off, a newer firmware's blocks, and dirty names", async () => {
    await using printer = await startPrinter("x1c", { settings: { firmware: "01.09.00.10" }, scenario: "printing" });
    await using client = await RawClient.connect(printer);
    const report = await client.pushAll();
    assert.match(String(object(report["ipcam"])["rtsp_url"]), /^rtsps:\/\/127\.0\.0\.1:\d+\/streaming\/live\/1$/);
    assert.deepEqual([typeof report["device"], report["chamber_temper"]], ["object", undefined]);
    await fault(printer, "liveview-off");
    assert.equal(object((await client.pushAll())["ipcam"])["rtsp_url"], "disable");
    let raw: Buffer = Buffer.alloc(0);
    await fault(printer, "dirty-text");
    client.mqtt.once("message", (_topic, payload) => (raw = payload));
    await until("a message", () => raw.length > 0);
    assert.equal(raw.at(-1), 0);
    assert.ok(raw.includes(0xe9));
    assert.throws(() => new TextDecoder("utf-8", { fatal: true }).decode(raw));
  });

  test("go out as raw bytes when somebody wants to", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await fault(printer, "raw", { text: "{ no json" });
    await until("the bytes", () => client.texts.includes("{ no json"));
    await assert.rejects(fault(printer, "raw"), /give "text" or "base64"/);
    await assert.rejects(fault(printer, "field", { path: "a", json: "{" }), /must be a JSON text/);
  });
});
