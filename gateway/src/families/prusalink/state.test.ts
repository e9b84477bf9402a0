import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { phases, type Storage } from "../../model/printer.ts";
import type { Fields } from "./answers.ts";
import { apiPath, jobFile, listedName, storedPath } from "./paths.ts";
import { isPi, readIdentity, readStatus, readStorages } from "./state.ts";

const local: readonly Storage[] = [{ id: "local", usedBytes: null, freeBytes: 5, sizeBytes: null }];
const usb: readonly Storage[] = [{ id: "usb", usedBytes: null, freeBytes: 5, sizeBytes: null }];

function read(state: string, more: Fields = {}, job: Fields = {}): ReturnType<typeof readStatus> {
  return readStatus({ printer: { state }, ...more }, job, local);
}

describe("phases", () => {
  const table: [string, Fields, string][] = [
    ["IDLE", {}, "idle"],
    ["READY", {}, "idle"],
    ["BUSY", {}, "busy"],
    ["PRINTING", { job: { id: 1 } }, "printing"],
    ["PAUSED", { job: { id: 1 } }, "paused"],
    ["FINISHED", {}, "finished"],
    ["STOPPED", {}, "stopped"],
    ["ERROR", {}, "failed"],
    ["ATTENTION", { job: { id: 1 } }, "paused"],
    ["ATTENTION", {}, "busy"],
    ["DREAMING", {}, "unknown"],
  ];
  for (const [state, more, phase] of table) {
    test(`${state}${"job" in more ? " in a job" : ""} is ${phase}`, () => assert.equal(read(state, more).phase, phase));
  }
});

test("a printer that is not well says why, in its own words where it has some", () => {
  const printer = { state: "ERROR", status_printer: { ok: false, message: "Serial device does not exist" } };
  assert.deepEqual(readStatus({ printer }, {}, local).faults, [
    { code: "ERROR", severity: "error", text: "Serial device does not exist", help: null },
  ]);
  assert.match(read("ERROR").faults[0]?.text ?? "", /look at its screen/u);
  assert.equal(read("ATTENTION").faults[0]?.severity, "warning");
  assert.deepEqual(
    read("IDLE", { printer: { state: "IDLE", status_printer: { ok: true, message: "OK" } } }).faults,
    [],
  );
});

test("a job is made of the status and of the description with the same id", () => {
  const brief = { id: 7, progress: 42, time_remaining: 60, time_printing: 30 };
  const detail = { id: 7, file: { name: "box.gcode", display_name: "box.gcode", path: "/gcodes/box.gcode" } };
  assert.deepEqual(read("PRINTING", { job: brief }, detail).job, {
    id: "7",
    file: "box.gcode",
    progressRatio: 0.42,
    elapsedSeconds: 30,
    remainingSeconds: 60,
    layer: null,
    layers: null,
  });
  assert.equal(read("PRINTING", { job: brief }, { ...detail, id: 6 }).job?.file, null);
  assert.equal(read("PRINTING", { job: { ...brief, time_printing: 0 } }, detail).job?.elapsedSeconds, null);
  assert.equal(read("FINISHED", { job: brief }, detail).job, null);
});

test("missing fields are unknown, and only what moves not has a place", () => {
  const { bed, nozzles, speedRatio, position } = read("IDLE");
  assert.deepEqual([bed, speedRatio], [{ actualCelsius: null, targetCelsius: null }, null]);
  assert.deepEqual(nozzles, [{ id: "0", actualCelsius: null, targetCelsius: null }]);
  assert.deepEqual(position, { xMillimeters: null, yMillimeters: null, zMillimeters: null });
});

test("any status reads as some state", () => {
  const anything = fc.dictionary(fc.constantFrom("printer", "job", "storage"), fc.jsonValue());
  fc.assert(
    fc.property(anything, fc.jsonValue(), (status, job) => {
      return phases.includes(readStatus(status, { file: job }, local).phase);
    }),
  );
});

test("storages come as one object or as a list, and only those that are there", () => {
  const own = { path: "/usb", free_space: 5, total_space: 9 };
  assert.deepEqual(readStorages(own), [{ id: "usb", usedBytes: 4, freeBytes: 5, sizeBytes: 9 }]);
  assert.deepEqual(
    readStorages([own, { path: "/sdcard", available: false }, {}]).map(({ id }) => id),
    ["usb"],
  );
});

test("the service on a Pi is told from the firmware of a board", () => {
  const pi = { original: "PrusaLink I3MK3S", firmware: "3.14.1", sdk: "0.8.1", hostname: "x" };
  assert.deepEqual(
    [isPi(pi), readIdentity(pi, { serial: "CZPX" })],
    [true, { model: "Prusa I3MK3S", firmware: "3.14.1", serial: "CZPX" }],
  );
  const board = { server: "2.1.2", hostname: "prusa-mk4" };
  assert.deepEqual(
    [isPi(board), readIdentity(board, {})],
    [false, { model: "prusa-mk4", firmware: "2.1.2", serial: null }],
  );
});

describe("names", () => {
  test("a bare name is in the first storage, another storage is named", () => {
    assert.deepEqual(storedPath("a/b c.gcode", usb), { storage: "usb", path: "a/b c.gcode" });
    assert.deepEqual(storedPath("/sdcard/x.gcode", local), { storage: "sdcard", path: "x.gcode" });
    assert.equal(listedName({ storage: "sdcard", path: "x.gcode" }, local), "/sdcard/x.gcode");
    assert.equal(apiPath({ storage: "usb", path: "a/b c#.gcode" }), "/api/v1/files/usb/a/b%20c%23.gcode");
    assert.equal(apiPath({ storage: "usb", path: "" }), "/api/v1/files/usb");
  });

  test("one that leads elsewhere is refused", () => {
    for (const name of [
      "../x.gcode",
      "a//b.gcode",
      "a/./b.gcode",
      String.raw`a\b.gcode`,
      "a\u0000.gcode",
      "/usb/../x",
    ]) {
      assert.throws(() => storedPath(name, local), { code: "invalid_input" }, name);
    }
  });

  test("the file of a job is named as the list names it, on the Pi and on a board", () => {
    const pi = { name: "x.gcode", display_name: "x.gcode", path: "/gcodes/sub/x.gcode" };
    assert.equal(jobFile(pi, local), "sub/x.gcode");
    const board = { name: "VASELO~1.GCO", display_name: "vase long.gcode", path: "/usb/sub" };
    assert.equal(jobFile(board, usb), "sub/vase long.gcode");
    assert.equal(jobFile({ ...board, path: "/usb" }, usb), "vase long.gcode");
    assert.equal(jobFile({}, usb), null);
  });
});
