// What the printer does when it is asked: replies, and the fields that change. Starting jobs is
// jobs.test.ts, signatures authorization.test.ts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { fault, type Json, RawClient, startPrinter, trueReport } from "./raw-client.ts";

const lamp = { led_on_time: 500, led_off_time: 500, loop_times: 0, interval_time: 0 };

function result(reply: Json): unknown {
  return reply["result"];
}

function ams(printer: LaunchedSimulator): Json {
  return trueReport(printer)["ams"] as Json;
}

function tray(printer: LaunchedSimulator, unit: number, slot: number): Json {
  const units = ams(printer)["ams"] as readonly { readonly tray: readonly Json[] }[];
  return units[unit]?.tray[slot] ?? {};
}

describe("the simulated Bambu printer's commands", { timeout: 240_000, concurrency: false }, () => {
  test("are answered with what was asked, a result and a reason; unknown ones only when told", async () => {
    await using printer = await startPrinter("p1s", { scenario: "printing" });
    await using client = await RawClient.connect(printer);
    const reply = await client.ask("print", "pause", { param: "" });
    assert.deepEqual(reply, {
      sequence_id: "20001",
      command: "pause",
      param: "",
      result: "success",
      reason: "success",
    });
    const id = await client.send("print", "make_coffee", { cups: 2 });
    await client.ask("info", "get_version");
    assert.equal(client.reply("print", "make_coffee", id), undefined);
    await fault(printer, "answers-unknown");
    const unknown = await client.ask("print", "make_coffee", { cups: 2 });
    assert.deepEqual([result(unknown), unknown["cups"]], ["fail", 2]);
  });

  test("tell the version of every module, without serials at first when told", async () => {
    for (const [model, product, unit] of [
      ["p1s", "Bambu Lab P1S", "ams/0"],
      ["a1mini", "Bambu Lab A1 mini", "ams_f1/0"],
      ["x1c", "Bambu Lab X1-Carbon", "ams/0"],
      ["h2d", "Bambu Lab H2D", "n3s/128"],
    ] as const) {
      await using printer = await startPrinter(model);
      await using client = await RawClient.connect(printer);
      await fault(printer, "empty-version");
      const empty = (await client.ask("info", "get_version"))["module"] as readonly Json[];
      assert.ok(empty.every(({ sn, sw_ver }) => sn === "" && sw_ver === ""));
      const modules = (await client.ask("info", "get_version"))["module"] as readonly Json[];
      const ota = modules.find(({ name }) => name === "ota");
      assert.deepEqual([ota?.["product_name"], ota?.["sn"]], [product, client.serial]);
      assert.equal(ota?.["sw_ver"], printer.facts["firmware"]);
      assert.ok(modules.some(({ name }) => name === unit));
    }
  });

  test("pause, resume and stop a job, and fail when there is nothing to", async () => {
    await using printer = await startPrinter("p1s", { scenario: "printing" });
    await using client = await RawClient.connect(printer);
    await client.pushAll();
    assert.equal(result(await client.ask("print", "resume", { param: "" })), "fail");
    assert.equal(result(await client.ask("print", "pause", { param: "" })), "success");
    await client.report("paused", ({ gcode_state, stg_cur }) => gcode_state === "PAUSE" && stg_cur === 16);
    assert.equal(result(await client.ask("print", "pause", { param: "" })), "fail");
    await client.ask("print", "resume", { param: "" });
    await client.report("running", ({ gcode_state }) => gcode_state === "RUNNING");
    await client.ask("print", "stop", { param: "" });
    await client.report("the cancel code", ({ print_error }) => print_error === 50_348_044);
    const ended = await client.report("it has ended", ({ gcode_state }) => gcode_state === "FAILED");
    assert.deepEqual(
      [ended["print_error"], ended["mc_percent"], ended["layer_num"], ended["nozzle_target_temper"]],
      [0, 0, 0, 0],
    );
    assert.equal(result(await client.ask("print", "stop", { param: "" })), "fail");
  });

  test("set the speed by level only", async () => {
    await using printer = await startPrinter("p1s", { scenario: "printing" });
    await using client = await RawClient.connect(printer);
    for (const [param, percent] of [
      ["1", 50],
      ["2", 100],
      ["3", 124],
      ["4", 166],
    ] as const) {
      assert.equal(result(await client.ask("print", "print_speed", { param })), "success");
      const { spd_lvl, spd_mag } = trueReport(printer);
      assert.deepEqual([spd_lvl, spd_mag], [Number(param), percent]);
    }
    for (const param of ["5", "0", "100", 2, "", undefined]) {
      assert.equal(result(await client.ask("print", "print_speed", { param })), "fail");
    }
  });

  test("heat, blow and home by G-code, and take what they do not know", async () => {
    await using printer = await startPrinter("h2d");
    await using client = await RawClient.connect(printer);
    const param = "M104 S215\nm140 S60 ; bed\nM141 S50\nM106 P1 S255\nM106 P2 S128\nM106 P3 S64\nG28\nM999\nFOO";
    assert.equal(result(await client.ask("print", "gcode_line", { param })), "success");
    const report = trueReport(printer);
    assert.deepEqual(
      [
        report["nozzle_target_temper"],
        report["bed_target_temper"],
        report["ctt"],
        report["cooling_fan_speed"],
        report["big_fan1_speed"],
        report["big_fan2_speed"],
        Number(report["home_flag"]) & 7,
      ],
      [215, 60, 50, "15", "8", "4", 7],
    );
    printer.control.advance(25);
    const warm = Number(trueReport(printer)["nozzle_temper"]);
    assert.ok(warm > 60 && warm < 215);
    printer.control.advance(600);
    assert.equal(trueReport(printer)["nozzle_temper"], 215);
    await client.ask("print", "gcode_line", { param: "M104 T1 S100\n" });
    const device = trueReport(printer)["device"] as { extruder: { info: readonly Json[] } };
    assert.equal(Number(device.extruder.info[1]?.["temp"]) >>> 16, 100);
    await using mini = await startPrinter("a1mini");
    await using other = await RawClient.connect(mini);
    await other.ask("print", "gcode_line", { param: "M106 P2 S255\n" });
    assert.equal(trueReport(mini)["big_fan1_speed"], "0");
    await fault(mini, "hybrid");
    assert.equal(result(await other.ask("print", "gcode_line", { param: "G28\n" })), "fail");
    assert.equal(result(await other.ask("print", "gcode_line", { param: "M106 P1 S0\n" })), "success");
  });

  test("switch the lights of the model, with all six fields, locked or not", async () => {
    for (const [model, node, stranger] of [
      ["p1s", "chamber_light", "work_light"],
      ["x1c", "work_light", "heatbed_light"],
      ["h2d", "chamber_light2", "logo"],
    ] as const) {
      await using printer = await startPrinter(model, { settings: { authorization: "locked" } });
      await using client = await RawClient.connect(printer);
      const ask = async (body: Json): Promise<unknown> => result(await client.ask("system", "ledctrl", body));
      assert.equal(await ask({ led_node: node, led_mode: "flashing", ...lamp }), "success");
      const lights = trueReport(printer)["lights_report"] as readonly Json[];
      assert.equal(lights.find((light) => light["node"] === node)?.["mode"], "flashing");
      assert.equal(await ask({ led_node: stranger, led_mode: "on", ...lamp }), "fail");
      for (const field of Object.keys(lamp)) {
        assert.equal(await ask({ led_node: node, led_mode: "on", ...lamp, [field]: undefined }), "fail", field);
      }
    }
  });

  test("skip objects of a job", async () => {
    await using printer = await startPrinter("p1s", { scenario: "printing" });
    await using client = await RawClient.connect(printer);
    await client.ask("print", "skip_objects", { obj_list: [56] });
    await client.ask("print", "skip_objects", { obj_list: [78, 56] });
    assert.deepEqual(trueReport(printer)["s_obj"], [56, 78]);
    printer.control.setScenario("idle");
    assert.equal(result(await client.ask("print", "skip_objects", { obj_list: [56] })), "fail");
  });

  test("load and unload filament step by step, not while it prints", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    const body = { ams_id: 0, slot_id: 1, target: 1, curr_temp: 0, tar_temp: 215 };
    assert.equal(result(await client.ask("print", "ams_change_filament", body)), "success");
    const seen: unknown[] = [];
    const look = (): void => {
      const { ams_status, stg_cur } = trueReport(printer);
      const { tray_now, tray_tar } = ams(printer);
      const now = [ams_status, stg_cur, tray_tar, tray_now].join(" ");
      if (seen.at(-1) !== now) seen.push(now);
    };
    for (let seconds = 0; seconds < 90; seconds += 5) {
      look();
      printer.control.advance(5);
    }
    const steps = [2, 3, 5, 6, 7].map((sub) => `${256 + sub} 24 1 255`);
    assert.deepEqual(seen, [...steps, "0 255 1 1"]);
    await client.ask("print", "ams_change_filament", { ...body, target: 255, ams_id: 0, slot_id: 255 });
    assert.deepEqual([trueReport(printer)["stg_cur"], ams(printer)["tray_tar"]], [22, "255"]);
    printer.control.advance(60);
    assert.deepEqual([ams(printer)["tray_now"], ams(printer)["tray_pre"]], ["255", "1"]);
    assert.equal(result(await client.ask("print", "ams_change_filament", { ...body, target: 3 })), "fail");
    printer.control.setScenario("printing");
    assert.equal(result(await client.ask("print", "ams_change_filament", body)), "fail");
    printer.control.setScenario("paused");
    assert.equal(result(await client.ask("print", "ams_change_filament", body)), "success");
  });

  test("say what is in a slot, read a tag, and keep their hands off spools with one", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await client.pushAll();
    const spool = { tray_info_idx: "GFB99", tray_type: "ABS", tray_color: "ff00aaff", nozzle_temp_min: 240 };
    const set = async (body: Json): Promise<unknown> =>
      result(await client.ask("print", "ams_filament_setting", { ...spool, nozzle_temp_max: 280, ...body }));
    assert.equal(await set({ ams_id: 0, tray_id: 0, slot_id: 0 }), "success");
    const { tray_type, tray_color, nozzle_temp_max } = tray(printer, 0, 0);
    assert.deepEqual([tray_type, tray_color, nozzle_temp_max], ["ABS", "FF00AAFF", "280"]);
    await client.report("the delta", ({ msg, ams }) => msg === 1 && ams !== undefined);
    assert.equal(await set({ ams_id: 0, tray_id: 1, slot_id: 1 }), "fail");
    assert.equal(await set({ ams_id: 0, tray_id: 3, slot_id: 3 }), "fail");
    assert.equal(await set({ ams_id: 255, tray_id: 0, slot_id: 0 }), "fail");
    assert.equal(await set({ ams_id: 255, tray_id: 254, slot_id: 0 }), "success");
    assert.equal((trueReport(printer)["vt_tray"] as Json)["tray_type"], "ABS");
    await client.ask("print", "ams_get_rfid", { ams_id: 0, slot_id: 2 });
    assert.deepEqual([trueReport(printer)["ams_rfid_status"], ams(printer)["tray_reading_bits"]], [1, "4"]);
    printer.control.advance(30);
    assert.deepEqual([trueReport(printer)["ams_rfid_status"], tray(printer, 0, 2)["tray_info_idx"]], [0, "GFA00"]);
    await using h2d = await startPrinter("h2d");
    await using other = await RawClient.connect(h2d);
    const external = { ...spool, ams_id: 254, tray_id: 0, slot_id: 0 };
    assert.equal(result(await other.ask("print", "ams_filament_setting", external)), "success");
    assert.equal((trueReport(h2d)["vir_slot"] as readonly Json[])[1]?.["tray_type"], "ABS");
  });

  test("dry with units that can, within their limits, and count down", async () => {
    await using printer = await startPrinter("h2d");
    await using client = await RawClient.connect(printer);
    const body = { ams_id: 128, mode: 1, temp: 80, cooling_temp: 45, duration: 2, humidity: 0, filament: "PETG" };
    const ask = async (change: Json): Promise<unknown> =>
      result(await client.ask("print", "ams_filament_drying", { ...body, ...change }));
    assert.equal(await ask({}), "success");
    assert.equal(await ask({ ams_id: 0 }), "fail");
    assert.equal(await ask({ duration: 25 }), "fail");
    const unit = (): Json => (ams(printer)["ams"] as readonly Json[])[1] ?? {};
    assert.equal(unit()["dry_time"], 120);
    assert.equal(parseInt(String(unit()["info"]), 16) >> 4, 0x12);
    printer.control.advance(3600);
    assert.equal(unit()["dry_time"], 60);
    assert.equal(await ask({ mode: 0 }), "success");
    assert.equal(unit()["dry_time"], 0);
    await using p1s = await startPrinter("p1s");
    await using other = await RawClient.connect(p1s);
    assert.equal(result(await other.ask("print", "ams_filament_drying", { ...body, ams_id: 0 })), "fail");
  });

  test("switch detectors, and tell the old value once more", async () => {
    await using printer = await startPrinter("h2d");
    await using client = await RawClient.connect(printer);
    await client.pushAll();
    const body = { module_name: "spaghetti_detector", control: false, enable: false, print_halt: true };
    const reply = await client.ask("xcam", "xcam_control_set", { ...body, halt_print_sensitivity: "high" });
    assert.equal(result(reply), "success");
    const told = (): unknown[] =>
      client.reports
        .filter(({ msg, xcam }) => msg === 1 && xcam !== undefined)
        .map(({ xcam }) => (xcam as Json)["spaghetti_detector"]);
    await until("new, old, new", () => told().length >= 3);
    assert.deepEqual(told().slice(0, 3), [false, true, false]);
    assert.equal(result(await client.ask("xcam", "xcam_control_set", { ...body, module_name: "ghosts" })), "fail");
  });

  test("change options, camera, nozzle, air duct, chamber, extruder and calibrations", async () => {
    await using printer = await startPrinter("h2d");
    await using client = await RawClient.connect(printer);
    const asks: readonly (readonly [string, string, Json, unknown?])[] = [
      ["print", "print_option", { sound_enable: false }],
      ["print", "print_option", { sound_enable: false, auto_recovery: true }, "fail"],
      ["camera", "ipcam_record_set", { control: "disable" }],
      ["camera", "ipcam_timelapse", { control: "enable" }],
      ["camera", "ipcam_resolution_set", { resolution: "720p" }],
      ["camera", "ipcam_timelapse", { control: "maybe" }, "fail"],
      ["system", "set_accessories", { accessory_type: "nozzle", nozzle_type: "hardened_steel", nozzle_diameter: 0.6 }],
      ["system", "set_accessories", { accessory_type: "nozzle", nozzle_type: "x", nozzle_diameter: "0.6" }, "fail"],
      ["print", "set_airduct", { modeId: 1, submode: -1 }],
      ["print", "set_ctt", { ctt_val: 55 }],
      ["print", "set_ctt", { ctt_val: 70 }, "fail"],
      ["print", "select_extruder", { extruder_index: 1 }],
      ["print", "calibration", { option: 2 | 4 }],
      ["print", "calibration", { option: 0 }, "fail"],
    ];
    for (const [type, command, body, expected = "success"] of asks) {
      assert.equal(result(await client.ask(type, command, body)), expected, `${command} ${JSON.stringify(body)}`);
    }
    const report = trueReport(printer);
    const { ipcam_record, timelapse, resolution } = report["ipcam"] as Json;
    assert.deepEqual([ipcam_record, timelapse, resolution], ["disable", "enable", "720p"]);
    assert.deepEqual([report["nozzle_diameter"], report["nozzle_type"]], ["0.6", "hardened_steel"]);
    assert.equal(Number(report["home_flag"]) & (1 << 17), 0);
    const device = report["device"] as { airduct: { modeCur: number }; extruder: { state: number } };
    assert.equal(device.airduct.modeCur, 1);
    assert.equal((device.extruder.state >> 4) & 15, 1);
    assert.deepEqual([report["stg_cur"], report["stg"], report["print_type"]], [1, [1, 3], "system"]);
    const low = await client.ask("print", "set_ctt", { ctt_val: 30 });
    assert.deepEqual([low["errno"], trueReport(printer)["ctt"]], [-4, 0]);
  });

  test("do not answer the first question about calibrations, and echo the nozzle in the second", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    const first = await client.send("print", "extrusion_cali_get", { filament_id: "", nozzle_diameter: "0.6" });
    const reply = await client.ask("print", "extrusion_cali_get", { filament_id: "", nozzle_diameter: "0.6" });
    assert.equal(client.reply("print", "extrusion_cali_get", first), undefined);
    assert.deepEqual([reply["nozzle_diameter"], Array.isArray(reply["filaments"])], ["0.6", true]);
  });

  test("are lost, late or refused when told", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await fault(printer, "lost-answer", { command: "gcode_line" });
    const lost = await client.send("print", "gcode_line", { param: "M104 S200\n" });
    await client.ask("print", "gcode_line", { param: "M140 S50\n" });
    assert.equal(client.reply("print", "gcode_line", lost), undefined);
    assert.equal(trueReport(printer)["nozzle_target_temper"], 200);
    await fault(printer, "delayed-answer", { command: "gcode_line", milliseconds: 400 });
    const late = await client.send("print", "gcode_line", { param: "M104 S210\n" });
    await client.ask("info", "get_version");
    assert.equal(client.reply("print", "gcode_line", late), undefined);
    await until("the late answer", () => client.reply("print", "gcode_line", late));
    await fault(printer, "refuse-command", { command: "gcode_line", times: 1 });
    assert.equal(result(await client.ask("print", "gcode_line", { param: "M104 S0\n" })), "fail");
    assert.equal(trueReport(printer)["nozzle_target_temper"], 210);
  });
});
