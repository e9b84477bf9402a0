import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { phases, type Phase, type Readings } from "../../model/printer.ts";
import type { Report } from "./codec.ts";
import { readMachine, type Machine } from "./machine.ts";
import { erred, failed, readingsOf, reduce, type Known } from "./state.ts";

const machine: Machine = readMachine({ model: "MK3", heatedBed: true, extruder: { count: 2 } });

function report(text: string, flags: string[] | null, more: Partial<Report> = {}): Report {
  return {
    text,
    flags: flags === null ? null : new Set(["operational", ...flags]),
    error: null,
    file: "cube.gcode",
    completion: null,
    printTimeSeconds: null,
    printTimeLeftSeconds: null,
    ...more,
  };
}

const idle = report("Operational", ["ready"]);
const printing = report("Printing", ["printing"], {
  completion: 12.5,
  printTimeSeconds: 60,
  printTimeLeftSeconds: 420,
});
const closed = report("Offline", null, { file: null });

function after(...reports: Report[]): Known {
  const [known] = reports.reduce<Known[]>((before, next) => [reduce(before[0], next)], []);
  assert.ok(known !== undefined);
  return known;
}

function read(known: Known): Readings {
  return readingsOf(known, machine, []);
}

describe("phases", () => {
  const table: [string, string, string[] | null, Phase][] = [
    ["printing", "Printing", ["printing"], "printing"],
    ["from the card", "Printing from SD", ["printing"], "printing"],
    ["starting", "Starting", ["printing"], "preparing"],
    ["pausing", "Pausing", ["printing", "pausing"], "pausing"],
    ["paused", "Paused", ["paused"], "paused"],
    ["paused, as 2.0 tells it", "Paused", ["printing", "paused"], "paused"],
    ["resuming", "Resuming", ["printing", "resuming"], "resuming"],
    ["cancelling", "Cancelling", ["printing", "cancelling"], "stopping"],
    ["finishing", "Finishing", ["printing", "finishing"], "printing"],
    ["ready", "Operational", ["ready"], "idle"],
    ["a file goes to the card", "Transferring file to SD", ["printing"], "busy"],
    ["connecting", "Opening serial connection", null, "busy"],
    ["no machine", "Offline", null, "unknown"],
    ["no machine, as 1.11 says in one place", "Closed", null, "unknown"],
    ["a state nobody has seen", "Unknown State (99)", null, "unknown"],
  ];
  for (const [name, text, flags, phase] of table) {
    test(name, () => assert.equal(read(after(report(text, flags))).phase, phase));
  }
});

describe("how a job ended", () => {
  test("at 100 % it is finished, also for who comes later", () => {
    const done = report("Operational", ["ready"], { completion: 100 });
    assert.equal(after(done).phase, "finished");
    assert.equal(after(printing, done, done).phase, "finished");
  });

  test("without its progress it is stopped, until another file is selected", () => {
    assert.equal(after(printing, idle, idle).phase, "stopped");
    assert.equal(after(printing, idle, { ...idle, file: "other.gcode" }).phase, "idle");
  });

  test("it failed where an event says so, until the next one begins", () => {
    const known = failed(after(printing));
    assert.equal(known.phase, "printing");
    const over = reduce(known, idle);
    assert.equal(over.phase, "failed");
    assert.equal(reduce(reduce(over, printing), idle).phase, "stopped");
  });

  test("there is a job only while it runs", () => {
    assert.deepEqual(read(after(printing)).job, {
      id: null,
      file: "cube.gcode",
      progressRatio: 0.125,
      elapsedSeconds: 60,
      remainingSeconds: 420,
      layer: null,
      layers: null,
    });
    assert.equal(read(after(printing, idle)).job, null);
  });
});

describe("faults", () => {
  const error = report("Offline after error", null, { file: null, error: "MINTEMP triggered" });

  test("a machine that is not connected is told in words, with no reading", () => {
    const readings = read(after(idle, closed));
    assert.deepEqual(
      readings.faults.map(({ text }) => text),
      ["OctoPrint is not connected to the printer"],
    );
    assert.deepEqual([readings.nozzles, readings.bed, readings.position], [[], null, null]);
  });

  test("an error is told with its text", () => {
    const readings = read(after(printing, error));
    assert.equal(readings.phase, "failed");
    assert.deepEqual(readings.faults, [
      { code: "printer_error", severity: "error", text: "MINTEMP triggered", help: null },
    ]);
  });

  test("where only an event has the text, that is shown, with its help", () => {
    const told = erred(after(printing), { text: "Thermal Runaway", help: "https://faq.octoprint.org/x" });
    const readings = read(reduce(told, { ...error, error: null }));
    assert.deepEqual(
      readings.faults.map(({ text, help }) => [text, help]),
      [["Thermal Runaway", "https://faq.octoprint.org/x"]],
    );
  });

  test("an error is past once the machine is connected again", () => {
    const told = erred(after(printing), { text: "Thermal Runaway", help: null });
    const again = [error, report("Connecting", null), idle].reduce<Known>((known, next) => reduce(known, next), told);
    assert.deepEqual([read(again).phase, read(again).faults], ["idle", []]);
    assert.equal(reduce(again, closed).phase, "unknown");
  });
});

describe("temperatures", () => {
  const warm = { ...idle, temperatures: { tool0: { actual: 21.3, target: 0 }, bed: { actual: 40, target: 60 } } };

  test("every nozzle of the profile is there, known or not", () => {
    assert.deepEqual(read(after(warm)).nozzles, [
      { id: "0", actualCelsius: 21.3, targetCelsius: 0 },
      { id: "1", actualCelsius: null, targetCelsius: null },
    ]);
    assert.deepEqual(read(after(warm)).bed, { actualCelsius: 40, targetCelsius: 60 });
    assert.equal(read(after(warm)).chamber, null);
  });

  test("a report without any keeps them, a lost machine does not", () => {
    assert.equal(read(after(warm, idle)).bed?.actualCelsius, 40);
    assert.equal(read(after(warm, closed, idle)).bed?.actualCelsius, null);
  });
});

test("any sequence of reports reads as some phase", () => {
  const flag = fc.constantFrom("printing", "paused", "pausing", "resuming", "cancelling", "finishing", "ready");
  const any = fc.record({
    text: fc.constantFrom("Operational", "Printing", "Offline", "Error", "Starting", "?"),
    flags: fc.option(fc.array(flag)),
    completion: fc.option(fc.double()),
  });
  fc.assert(
    fc.property(fc.array(any, { minLength: 1 }), (list) => {
      const known = after(...list.map(({ text, flags, completion }) => report(text, flags, { completion })));
      return phases.includes(read(known).phase);
    }),
  );
});
