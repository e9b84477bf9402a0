// What can be asked of the machine beside its job: axes, temperatures, light, fans, speed, Canvas, camera.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fault, type Json, RawClient, startPrinter } from "./raw-client.ts";

describe("control of the simulated CC2", { timeout: 120_000 }, () => {
  test("homes with a warm nozzle, jogs what is homed within its travel, and neither during a job", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const step = { axes: "x", distance: 10 };
    assert.equal(await client.code(1027, step), 1003, "not homed");
    assert.equal(await client.code(1026, { homed_axes: "XY" }), 1003);
    assert.equal(await client.code(1026, { homed_axes: "xy" }), 0);
    assert.deepEqual(await client.codes(), [10, 2801]);
    assert.equal(await client.status("extruder", "target"), 140);
    assert.equal(await client.code(1027, step), 1009);
    printer.control.advance(3.5);
    assert.deepEqual(await client.codes(), [10, 2802]);
    printer.control.advance(2);
    assert.deepEqual(await client.codes(), [1, 0]);
    assert.equal(await client.status("extruder", "target"), 0);
    assert.equal(await client.status("tool_head", "homed_axes"), "xy");
    assert.equal(await client.code(1027, step), 0);
    assert.equal(await client.status("gcode_move", "x"), 138);
    for (const bad of [
      { axis: "x", step: 1 },
      { axes: "x", distance: 500 },
      { axes: "z", distance: 1 },
      { axes: "xy", distance: 1 },
    ]) {
      assert.equal(await client.code(1027, bad), 1003, JSON.stringify(bad));
    }
    assert.equal(await client.code(1026), 0, "without axes it is all of them");
    await printer.control.setScenario("printing");
    assert.deepEqual([await client.code(1026), await client.code(1027, step)], [1009, 1009]);
  });

  test("heats by a first-order model within its limits", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    assert.equal(await client.code(1028, { extruder: 200 }), 0);
    assert.equal(await client.status("heater_bed", "target"), 0);
    const rises: number[] = [];
    let last = Number(await client.status("extruder", "temperature"));
    for (let step = 0; step < 3; step += 1) {
      printer.control.advance(10);
      const now = Number(await client.status("extruder", "temperature"));
      rises.push(now - last);
      last = now;
    }
    assert.equal((rises[0] ?? 0) > (rises[1] ?? 0) && (rises[1] ?? 0) > (rises[2] ?? 0) && (rises[2] ?? 0) > 1, true);
    for (const bad of [
      { extruder: 301 },
      { heater_bed: 121 },
      { extruder: -1 },
      { box: 40 },
      { extruder: "200" },
      {},
    ]) {
      assert.equal(await client.code(1028, bad), 1003, JSON.stringify(bad));
    }
    assert.equal(await client.code(1028, { extruder: 0, heater_bed: 60 }), 0);
    assert.equal(await client.status("heater_bed", "target"), 60);
  });

  test("sets fans from 0 to 255, in part, and reads them and the light back", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    assert.equal(await client.code(1030, { fan: 255, aux_fan: 100, box_fan: 20 }), 0);
    assert.equal(await client.code(1030, { aux_fan: 0 }), 0);
    for (const bad of [{ fan: 256 }, { fan: -1 }, { heater_fan: 10 }, {}]) {
      assert.equal(await client.code(1030, bad), 1003, JSON.stringify(bad));
    }
    const fans = (await client.status("fans")) as Record<string, Json>;
    assert.deepEqual(
      ["fan", "aux_fan", "box_fan", "heater_fan", "controller_fan"].map((name) => fans[name]?.["speed"]),
      [255, 0, 20, 0, 0],
    );
    assert.match(client.messages.findLast(({ text }) => text.includes('"method":1002'))?.text ?? "", /"speed":255\.0/);
    assert.equal(await client.code(1029, { power: 0, brightness: 0 }), 0);
    assert.deepEqual(await client.status("led"), { status: 0 });
    assert.equal(await client.code(1029, { brightness: 255 }), 1003);
  });

  test("changes the speed of a job only, to modes 0 to 3", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.registered(printer);
    assert.equal(await client.code(1031, { mode: 4 }), 1003);
    assert.equal(await client.code(1031, { mode: 3 }), 0);
    assert.equal(await client.status("gcode_move", "speed_mode"), 3);
  });

  test("tells its Canvas, and keeps auto refill; without one there is none", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const { canvas_info: info } = await client.ask(2005);
    const [unit] = (info as Json)["canvas_list"] as Json[];
    const trays = unit?.["tray_list"] as Json[];
    assert.deepEqual(
      trays.map((tray) => [tray["tray_id"], tray["filament_type"], tray["filament_color"], tray["status"]]),
      [
        [0, "PLA", "#FF7A1A", 1],
        [1, "PETG", "#1E6B3A", 1],
        [2, "PLA", "#FF7A1A", 1],
        [3, "", "", 0],
      ],
    );
    assert.deepEqual([(info as Json)["active_tray_id"], (info as Json)["auto_refill"]], [-1, true]);
    assert.equal(await client.code(2004, { enable: false }), 1003);
    assert.equal(await client.status("external_device", "type"), "0303");
    await using bare = await startPrinter({ settings: { canvas: "off" } });
    await using other = await RawClient.registered(bare);
    assert.equal(await other.status("external_device", "type"), "");
    assert.equal((await other.ask(1002))["canvas_info"], undefined);
    assert.deepEqual(((await other.ask(2005))["canvas_info"] as Json)["canvas_list"], []);
    assert.equal(await other.code(2004, { auto_refill: true }), 1003);
  });

  test("obeys nothing nobody should send", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const url = { filename: "x.gcode", url: "http://127.0.0.1:9/x", md5: "", taskID: "1" };
    assert.equal(await client.code(1057, url), 1003);
    assert.deepEqual([await client.code(1024), await client.code(1025), await client.code(2003)], [1003, 1003, 1003]);
    assert.equal(await client.code(1058, { taskID: "1" }), 9005);
  });

  test("answers can be lost, late and refused", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    await fault(printer, "lost-answer", { method: 1029 });
    const lost = await client.send(1029, { power: 0 });
    assert.deepEqual(await client.status("led"), { status: 0 });
    assert.equal(client.answerTo(lost), undefined);
    await fault(printer, "refuse-method", { method: 1029, code: 1009 });
    assert.equal(await client.code(1029, { power: 1 }), 1009);
    assert.deepEqual(await client.status("led"), { status: 0 });
    await fault(printer, "delayed-answer", { method: 1001, milliseconds: 500 });
    const late = await client.send(1001);
    assert.equal(await client.code(2005), 0);
    assert.equal(client.answerTo(late), undefined);
    assert.equal(await client.code(1001), 0);
  });
});
