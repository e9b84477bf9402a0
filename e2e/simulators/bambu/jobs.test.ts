// Jobs from the card: what is checked before one begins, what it goes through, and what goes wrong.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBufferPromise } from "yauzl";
import type { LaunchedSimulator } from "../launch.ts";
import { admin, fault, type Json, RawClient, startPrinter, trueReport } from "./raw-client.ts";
import { sampleProject } from "./sample-project.ts";

const prefixes = {
  p1s: "file:///sdcard/",
  a1mini: "file:///sdcard/",
  x1c: "file:///sdcard/",
  h2d: "ftp:///",
} as const;
type Model = keyof typeof prefixes;

function project(model: Model, change: Json = {}): Json {
  return {
    param: "Metadata/plate_1.gcode",
    url: `${prefixes[model]}cube.gcode.3mf`,
    file: "cube.gcode.3mf",
    md5: "",
    subtask_name: "cube",
    project_id: "1480022113",
    profile_id: "0",
    task_id: "1480022113",
    subtask_id: "1480022113",
    bed_type: "auto",
    timelapse: false,
    bed_leveling: true,
    flow_cali: false,
    vibration_cali: true,
    layer_inspect: false,
    use_ams: true,
    ams_mapping: [1],
    ams_mapping2: [{ ams_id: 0, slot_id: 1 }],
    ...change,
  };
}

async function start(client: RawClient, model: Model, change: Json = {}): Promise<Json> {
  return client.ask("print", "project_file", project(model, change));
}

function look(printer: LaunchedSimulator, ...names: readonly string[]): readonly unknown[] {
  const report = trueReport(printer);
  return names.map((name) => report[name]);
}

/** Every state that the machine goes through while its time passes, as `state stage`. */
function follow(printer: LaunchedSimulator, seconds: number): readonly string[] {
  const seen: string[] = [];
  for (let at = 0; at < seconds; at += 5) {
    const now = look(printer, "gcode_state", "stg_cur").join(" ");
    if (seen.at(-1) !== now) seen.push(now);
    printer.control.advance(5);
  }
  return [...seen, look(printer, "gcode_state", "stg_cur").join(" ")];
}

describe("the simulated Bambu printer's jobs", { timeout: 240_000, concurrency: false }, () => {
  test("go from PREPARE through their stages and layers to FINISH", async () => {
    const expected = {
      p1s: ["2", "14", "1"],
      a1mini: ["13", "2", "14", "1"],
      x1c: ["2", "14", "1"],
      h2d: ["13", "2", "14", "39", "1"],
    };
    for (const model of ["p1s", "a1mini", "x1c", "h2d"] as const) {
      await using printer = await startPrinter(model);
      await using client = await RawClient.connect(printer);
      const reply = await start(client, model);
      assert.deepEqual([reply["result"], reply["ams_mapping"]], ["success", [1]]);
      const ram = model === "x1c" || model === "h2d";
      assert.deepEqual(look(printer, "gcode_file", "subtask_name", "subtask_id", "print_type"), [
        ram ? "/data/Metadata/plate_1.gcode" : "cube.gcode.3mf",
        "cube",
        "1480022113",
        "local",
      ]);
      printer.control.advance(10);
      assert.deepEqual(look(printer, "gcode_state", "gcode_file_prepare_percent"), ["PREPARE", "50"]);
      const seen = follow(printer, 400);
      const stages = expected[model].map((stage) => `RUNNING ${stage}`);
      assert.deepEqual(seen, ["PREPARE 0", ...stages, "RUNNING 0", "RUNNING 0"]);
      assert.deepEqual(look(printer, "total_layer_num", "nozzle_target_temper"), [100, 220]);
      assert.equal((trueReport(printer)["ams"] as Json)["tray_now"], "1");
      printer.control.advance(1440);
      const end = look(printer, "gcode_state", "mc_percent", "layer_num", "stg_cur", "bed_target_temper");
      assert.deepEqual(end, ["FINISH", 100, 100, ram ? -1 : 255, 0]);
    }
  });

  test("do not begin without their file, plate, url, booleans or right md5", async () => {
    const wrong: readonly (readonly [Json, number])[] = [
      [{ url: "file:///sdcard/none.gcode.3mf" }, 0x0500_8013],
      [{ url: "ftp:///cube.gcode.3mf" }, 0x0500_4002],
      [{ url: "https://example.com/cube.3mf" }, 0x0500_4002],
      [{ url: "file:///sdcard/cube:.3mf" }, 0x0500_4002],
      [{ url: "file:///sdcard/cube.stl" }, 0x0500_4002],
      [{ url: 5 }, 0x0500_4002],
      [{ param: "Metadata/plate_3.gcode" }, 0x0500_4003],
      [{ param: "plate_1" }, 0x0500_4003],
      [{ url: "file:///sdcard/broken.3mf" }, 0x0500_4003],
      [{ url: "file:///sdcard/model.3mf" }, 0x0500_4003],
      [{ md5: "0".repeat(32) }, 0x0500_4003],
      [{ use_ams: 1 }, 0x0500_4008],
    ];
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await fault(printer, "file", { path: "broken.3mf", text: "PK no zip" });
    const unsliced = await sampleProject({ modelCode: "C12", sliced: false });
    await fault(printer, "file", { path: "model.3mf", base64: unsliced.toString("base64") });
    for (const [change, error] of wrong) {
      const reply = await start(client, "p1s", change);
      assert.deepEqual([reply["result"], reply["err_code"]], ["fail", error], JSON.stringify(change));
      assert.deepEqual(look(printer, "gcode_state", "print_error"), ["IDLE", error]);
      await client.ask("print", "clean_print_error", { subtask_id: "0", print_error: error });
      assert.deepEqual(look(printer, "print_error"), [0]);
    }
    await fault(printer, "card-removed");
    assert.equal((await start(client, "p1s"))["err_code"], 0x0500_8013);
    assert.deepEqual(look(printer, "sdcard"), [false]);
    await using h2d = await startPrinter("h2d");
    await using other = await RawClient.connect(h2d);
    assert.equal((await start(other, "h2d", { url: "file:///sdcard/cube.gcode.3mf" }))["err_code"], 0x0500_4002);
    // The form that other clients send to every model.
    assert.equal((await start(other, "h2d", { url: "ftp://cube.gcode.3mf" }))["result"], "success");
  });

  test("take the md5 of the plate as the archive says it", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    const zip = await fromBufferPromise(await sampleProject({ modelCode: "C12" }), { lazyEntries: true });
    const md5 = await new Promise<string>((resolve, reject) => {
      zip.on("entry", (entry: { readonly fileName: string }) => {
        if (entry.fileName !== "Metadata/plate_1.gcode.md5") zip.readEntry();
        else {
          zip.openReadStream(entry as never, (error, stream) => {
            if (error === null) stream.once("data", (data: Buffer) => resolve(data.toString()));
            else reject(error);
          });
        }
      });
      zip.readEntry();
    });
    assert.match(md5, /^[0-9A-F]{32}$/);
    assert.equal((await start(client, "p1s", { md5: md5.toLowerCase() }))["result"], "success");
  });

  test("are refused while one runs, which costs an A1 mini the running one", async () => {
    for (const model of ["p1s", "a1mini"] as const) {
      await using printer = await startPrinter(model, { scenario: "printing" });
      await using client = await RawClient.connect(printer);
      const reply = await start(client, model);
      assert.deepEqual([reply["result"], reply["err_code"]], ["fail", 0x0500_4004]);
      printer.control.advance(5);
      assert.deepEqual(look(printer, "gcode_state"), [model === "p1s" ? "RUNNING" : "FAILED"]);
    }
  });

  test("pause for a mapping that is none", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    const wrong: readonly Json[] = [
      { ams_mapping: [254] },
      { ams_mapping: [255] },
      { ams_mapping: [-1], ams_mapping2: [{ ams_id: 255, slot_id: 255 }] },
      { ams_mapping: [9] },
      { param: "Metadata/plate_2.gcode", ams_mapping: [0, -1], ams_mapping2: [{ ams_id: 0, slot_id: 0 }] },
    ];
    for (const change of wrong) {
      await admin(printer, "/scenario", { name: "idle" });
      await start(client, "p1s", change);
      assert.deepEqual(look(printer, "gcode_state", "print_error"), ["PAUSE", 0x0700_8012], JSON.stringify(change));
    }
    await admin(printer, "/scenario", { name: "idle" });
    await fault(printer, "no-ams");
    await start(client, "p1s", { ams_mapping: [0] });
    assert.deepEqual(look(printer, "gcode_state", "print_error"), ["PAUSE", 0x07ff_8012]);
    await admin(printer, "/scenario", { name: "idle" });
    await start(client, "p1s", { use_ams: false, ams_mapping: [-1] });
    assert.deepEqual(look(printer, "gcode_state", "print_error"), ["PREPARE", 0]);
  });

  test("begin though the acknowledgement is late", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await client.pushAll();
    await fault(printer, "late-accept", { milliseconds: 1200 });
    const id = await client.send("print", "project_file", project("p1s"));
    await client.report("it prepares", ({ gcode_state }) => gcode_state === "PREPARE");
    assert.equal(client.reply("print", "project_file", id), undefined);
    await client.report("time passes", () => client.reply("print", "project_file", id) !== undefined);
  });

  test("run plain G-code of the card, and the firmware's own", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    const ask = async (param: unknown): Promise<unknown> =>
      (await client.ask("print", "gcode_file", { param }))["result"];
    assert.equal(await ask("/none.gcode"), "fail");
    assert.equal(await ask("/cube.gcode.3mf"), "fail");
    await fault(printer, "file", { path: "plain.gcode", text: "G28\n" });
    assert.equal(await ask("/plain.gcode"), "success");
    assert.deepEqual(look(printer, "gcode_state", "gcode_file"), ["PREPARE", "plain.gcode"]);
    await admin(printer, "/scenario", { name: "idle" });
    assert.equal(await ask("/usr/etc/print/auto_cali_for_user.gcode"), "success");
    assert.deepEqual(look(printer, "gcode_state", "print_type"), ["RUNNING", "system"]);
  });

  test("stop themselves for filament, spaghetti, a fallen cover, failures and power", async () => {
    await using printer = await startPrinter("p1s", { scenario: "printing" });
    await using client = await RawClient.connect(printer);
    const halts: readonly (readonly [string, number, number])[] = [
      ["filament-runout", 0x0300_8004, 6],
      ["spaghetti", 0x0300_8003, 34],
      ["cover-fallen", 0x0300_8005, 17],
      ["ams-runout", 0x0700_8011, 6],
    ];
    for (const [name, error, stage] of halts) {
      await admin(printer, "/scenario", { name: "printing" });
      await fault(printer, name);
      assert.deepEqual(look(printer, "gcode_state", "print_error", "stg_cur"), ["PAUSE", error, stage], name);
    }
    assert.deepEqual(look(printer, "hms"), [[{ attr: 0x0700_2000, code: 0x0002_0001 }]]);
    await fault(printer, "ams-runout", { clear: true });
    assert.equal((await client.ask("print", "resume", { param: "" }))["result"], "success");
    assert.deepEqual(look(printer, "gcode_state", "print_error", "hms"), ["RUNNING", 0, []]);
    await fault(printer, "hms");
    assert.deepEqual(look(printer, "gcode_state", "print_error"), ["RUNNING", 0]);
    await fault(printer, "print-failed");
    assert.deepEqual(look(printer, "gcode_state", "print_error"), ["FAILED", 0x0300_8008]);
    await assert.rejects(fault(printer, "spaghetti"), /there is no job/);
    await admin(printer, "/scenario", { name: "printing" });
    await fault(printer, "power-cut");
    await assert.rejects(RawClient.connect(printer), /ECONNREFUSED/);
    await fault(printer, "power-cut", { clear: true });
    await using again = await RawClient.connect(printer);
    const report = await again.pushAll();
    assert.deepEqual([report["gcode_state"], report["stg_cur"], report["print_type"]], ["IDLE", 0, "idle"]);
  });
});

describe("the simulated Bambu printer's scenarios", { timeout: 120_000 }, () => {
  test("put it into their states", async () => {
    await using printer = await startPrinter("p1s");
    const states: Readonly<Record<string, string>> = {
      idle: "IDLE",
      preparing: "PREPARE",
      heating: "RUNNING",
      printing: "RUNNING",
      paused: "PAUSE",
      stopping: "RUNNING",
      finished: "FINISH",
      failed: "FAILED",
      cancelled: "FAILED",
      runout: "PAUSE",
      calibrating: "RUNNING",
      booted: "IDLE",
    };
    assert.deepEqual(Object.keys(states), printer.control.scenarios);
    for (const [name, state] of Object.entries(states)) {
      await admin(printer, "/scenario", { name });
      assert.deepEqual(look(printer, "gcode_state"), [state], name);
    }
  });
});
