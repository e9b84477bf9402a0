import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { phases, unknownReadings, type Phase, type Readings } from "../../model/printer.ts";
import { decodePayload, type Fields } from "./codec.ts";
import { readHistory, readTimelapses, videoOf } from "./history.ts";
import { SpeedDisplay } from "./speed.ts";
import { hasCanvas, readIdentity, readView, wireSpeedMode } from "./state.ts";
import { emptyView, merge, withCanvas, withDelta, withOutcome, withStatus, type View } from "./view.ts";

const captures = new URL("captures/", import.meta.url);

describe("captures", () => {
  for (const name of readdirSync(captures)) {
    const { about, frames, expected } = JSON.parse(readFileSync(new URL(name, captures), "utf8")) as {
      about: string;
      frames: string[];
      expected: Partial<Readings>;
    };
    test(about, () => {
      const view = frames.reduce<View>((before, frame) => take(before, frame), emptyView);
      assert.deepEqual(readView(view, wireSpeedMode(view)), { ...unknownReadings, ...expected });
    });
  }
});

function take(view: View, frame: string): View {
  const message = decodePayload("response", Buffer.from(frame));
  if (message.kind === "push") return withDelta(view, message.result);
  assert.ok(message.kind === "answer");
  return message.method === 2005 ? withCanvas(view, message.result) : withStatus(view, message.result);
}

function machine(status: number, subStatus: number, more: Fields = {}): Fields {
  return { machine_status: { status, sub_status: subStatus, progress: 10, ...more } };
}

function stage(view: View): [Phase, string | null] {
  const readings = readView(view, null);
  return [readings.phase, readings.stage];
}

describe("phases", () => {
  const table: [number, number, Phase, string | null][] = [
    [0, 0, "busy", "starting"],
    [1, 0, "idle", null],
    [2, 0, "printing", "printing"],
    [2, 1041, "printing", "printing"],
    [2, 1045, "preparing", "nozzle heating"],
    [2, 1096, "preparing", "nozzle heating"],
    [2, 1405, "preparing", "bed heating"],
    [2, 1906, "preparing", "bed heating"],
    [2, 2801, "preparing", "homing"],
    [2, 2901, "preparing", "bed levelling"],
    [2, 2075, "printing", "printing"],
    [2, 2401, "resuming", "resuming"],
    [2, 2402, "printing", "resumed"],
    [2, 2501, "pausing", "pausing"],
    [2, 2502, "paused", "paused"],
    [2, 2505, "paused", "paused"],
    [2, 2503, "stopping", "stopping"],
    [2, 2504, "stopped", "stopped"],
    [2, 2077, "finished", "complete"],
    [2, 4242, "printing", "sub-status 4242"],
    [3, 1133, "busy", "loading filament"],
    [4, 1145, "busy", "filament unloaded"],
    [5, 2901, "busy", "bed levelling"],
    [6, 1506, "busy", "PID calibration failed"],
    [7, 5934, "busy", "resonance test"],
    [8, 5934, "busy", "self check: resonance test"],
    [9, 2075, "busy", "firmware update failed"],
    [10, 2803, "busy", "homing failed"],
    [11, 3000, "busy", "receiving file"],
    [12, 0, "busy", "rendering time-lapse"],
    [13, 1061, "busy", "loading filament"],
    [14, 0, "failed", "emergency stop"],
    [15, 0, "preparing", "power-loss recovery"],
    [77, 0, "unknown", "status 77"],
  ];
  for (const [status, subStatus, phase, words] of table) {
    test(`${status}/${subStatus} is ${phase}`, () => {
      assert.deepEqual(stage(withStatus(emptyView, machine(status, subStatus))), [phase, words]);
    });
  }

  test("the head at the chute is a filament change, unless the job is done or the printer says otherwise", () => {
    const seen = (
      [
        [2075, 50],
        [2075, 100],
        [2502, 50],
      ] as const
    ).map(([subStatus, progress]) => {
      const status = { ...machine(2, subStatus, { progress }), gcode_move: { y: 264 } };
      return stage(withStatus(emptyView, status))[1];
    });
    assert.deepEqual(seen, ["filament change", "printing", "paused"]);
  });
});

describe("how a job ended", () => {
  const printing = withStatus(emptyView, machine(2, 2075));
  const idle = machine(1, 0);

  test("a complete that lived for one push is told, and stays", () => {
    const complete = withDelta(printing, machine(2, 2077));
    const after = withDelta(complete, idle);
    assert.deepEqual([stage(complete)[0], stage(after)[0]], ["finished", "finished"]);
    assert.equal(readView(complete, null).job?.progressRatio, 1);
    assert.equal(readView(after, null).job, null);
  });

  test("a stop is told apart from a finish", () => {
    assert.equal(stage(withDelta(withDelta(printing, machine(2, 2504)), idle))[0], "stopped");
  });

  for (const [state, phase] of [
    ["complete", "finished"],
    ["cancelled", "stopped"],
    ["error", "failed"],
  ] as const) {
    test(`a missed end is read from the state "${state}"`, () => {
      assert.equal(stage(withDelta(printing, { ...idle, print_status: { state } }))[0], phase);
    });
  }

  test("a missed end without a word counts as not over until the history tells", () => {
    const missed = withDelta(printing, { ...idle, print_status: { filename: "a.gcode", state: "" } });
    assert.equal(stage(missed)[0], "stopping");
    assert.equal(readView(missed, null).job?.file, "a.gcode");
    assert.equal(stage(withOutcome(missed, "finished"))[0], "finished");
    assert.equal(stage(withOutcome(missed, null))[0], "idle");
  });

  test("a job that ran when the link broke and is gone after it counts the same", () => {
    assert.equal(stage(withStatus(emptyView, idle, true))[0], "stopping");
    assert.equal(stage(withStatus(emptyView, idle, false))[0], "idle");
  });

  test("the next job forgets it", () => {
    const finished = withDelta(withDelta(printing, machine(2, 2077)), idle);
    assert.equal(stage(withDelta(finished, machine(2, 1045)))[0], "preparing");
  });
});

describe("changes", () => {
  test("before the first whole status they are dropped", () => {
    assert.equal(withDelta(emptyView, machine(2, 2075)), emptyView);
  });

  test("that change nothing give the same view", () => {
    const view = withStatus(emptyView, machine(1, 0));
    assert.equal(withDelta(view, { machine_status: { status: 1 } }), view);
  });

  test("merge objects and replace arrays and single values", () => {
    const merged = merge({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3] }, d: { e: 1 } }, 5);
    assert.deepEqual(merged, { a: { b: 1, c: [3] }, d: { e: 1 } });
  });

  test("cannot reach a prototype", () => {
    const delta = JSON.parse('{"machine_status":{"__proto__":{"status":2}}}') as Fields;
    const view = withDelta(withStatus(emptyView, machine(1, 0)), delta);
    assert.equal(stage(view)[0], "idle");
    assert.equal(({} as Fields)["status"], undefined);
  });

  test("the Canvas's values change one by one and its trays as a whole", () => {
    const trays = [{ canvas_id: 0, connected: 1, tray_list: [{ tray_id: 2, filament_color: "1e6b3a", status: 1 }] }];
    const whole = withCanvas(withStatus(emptyView, machine(1, 0)), {
      canvas_info: { auto_refill: true, canvas_list: trays },
    });
    const { autoRefill, materials } = readView(
      withDelta(whole, { canvas_info: { active_canvas_id: 0, active_tray_id: 2 } }),
      null,
    );
    assert.equal(autoRefill, true);
    assert.deepEqual(
      materials.map(({ slot, colorHex, active }) => [slot, colorHex, active]),
      [["2", "#1E6B3A", true]],
    );
  });
});

test("an empty slot has no filament, whatever was in it", () => {
  const tray_list = [{ tray_id: 0, status: 0, filament_type: "PLA", filament_color: "#FFFFFF", brand: "ELEGOO" }];
  const view = withCanvas(withStatus(emptyView, machine(1, 0)), {
    canvas_info: { canvas_list: [{ canvas_id: 0, connected: 1, tray_list }] },
  });
  const [slot] = readView(view, null).materials;
  assert.deepEqual([slot?.type, slot?.colorHex, slot?.name], [null, null, null]);
});

test("a Canvas is told by its trays, and before those are known by the attached device", () => {
  const attached = ["0303", "", "0", 0, undefined].map((type) =>
    hasCanvas(withStatus(emptyView, { external_device: { type } })),
  );
  assert.deepEqual(attached, [true, false, false, false, false]);
  const bare = withCanvas(withStatus(emptyView, { external_device: { type: "0303" } }), {
    canvas_info: { canvas_list: [] },
  });
  assert.equal(hasCanvas(bare), false);
});

test("an absent reading is unknown, not zero", () => {
  const readings = readView(withStatus(emptyView, machine(1, 0)), null);
  assert.deepEqual(readings.bed, { actualCelsius: null, targetCelsius: null });
  assert.deepEqual(readings.lights, [{ id: "chamber", on: null }]);
  assert.deepEqual(readings.fans[0], { id: "part", speedRatio: null });
});

test("any objects in any order read as some state", () => {
  const part = fc.constantFrom(
    "machine_status",
    "print_status",
    "extruder",
    "fans",
    "gcode_move",
    "canvas_info",
    "led",
  );
  const anything = fc.dictionary(part, fc.jsonValue());
  fc.assert(
    fc.property(anything, fc.array(anything), (whole, deltas) => {
      const view = deltas.reduce<View>((before, delta) => withDelta(before, delta), withStatus(emptyView, whole));
      assert.ok(phases.includes(readView(view, null).phase));
    }),
  );
});

test("identity keeps what is absent unknown, and the serial that the topics go by", () => {
  const attributes = { machine_model: "Centauri Carbon 2", software_version: { ota_version: "02.01.00.00" } };
  assert.deepEqual(readIdentity(attributes, "SN1"), {
    model: "Centauri Carbon 2",
    firmware: "02.01.00.00",
    serial: "SN1",
  });
  assert.deepEqual(readIdentity({}, "SN1"), { model: null, firmware: null, serial: "SN1" });
});

describe("the speed shown", () => {
  test("is what the wire has told for six seconds", () => {
    const speed = new SpeedDisplay();
    speed.observe(1, 0);
    assert.equal(speed.shown(null, 5999), null);
    assert.equal(speed.shown(null, 6000), 1);
    for (let seconds = 7; seconds < 20; seconds += 1) speed.observe(1 + (seconds % 2), seconds * 1000);
    assert.equal(speed.shown(null, 20_000), null);
  });

  test("is what somebody asked for, whatever the wire tells", () => {
    const speed = new SpeedDisplay();
    speed.observe(1, 0);
    assert.equal(speed.shown(3, 10_000), 3);
  });

  test("is due once, two seconds after a filament change", () => {
    const speed = new SpeedDisplay();
    speed.changeEnded(1000);
    assert.deepEqual([speed.isDue(2999), speed.isDue(3000), speed.isDue(4000)], [false, true, false]);
    speed.changeEnded(5000);
    speed.interrupt();
    assert.equal(speed.isDue(9000), false);
  });
});

describe("history", () => {
  const tasks: Fields[] = [
    { task_id: "a", task_name: "old.gcode", begin_time: 1_760_000_000, end_time: 1_760_000_600, task_status: 1 },
    {
      task_id: "b",
      task_name: "new.gcode",
      begin_time: 1_760_001_000,
      end_time: 0,
      task_status: 3,
      time_lapse_video_status: 2,
      time_lapse_video_url: "/download?file_name=video%2Fnew_1.mp4",
    },
  ];

  test("is told the newest first", () => {
    assert.deepEqual(
      readHistory(tasks).map(({ id, result, endedAt }) => [id, result, endedAt]),
      [
        ["b", "cancelled", null],
        ["a", "finished", "2025-10-09T09:03:20.000Z"],
      ],
    );
  });

  test("names the videos that are rendered", () => {
    assert.deepEqual(
      readTimelapses(tasks).map(({ id, status }) => [id, status]),
      [["b", "ready"]],
    );
    assert.equal(videoOf(tasks, "b"), "video/new_1.mp4");
    assert.equal(videoOf(tasks, "a"), null);
  });

  test("any object is some past job", () => {
    const anything = fc.array(fc.dictionary(fc.constantFrom("task_id", "begin_time", "task_status"), fc.jsonValue()));
    fc.assert(fc.property(anything, (list) => readHistory(list).length === list.length));
  });
});
