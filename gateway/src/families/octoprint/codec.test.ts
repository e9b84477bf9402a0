import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { PrinterError } from "../../model/errors.ts";
import { decodePush, readStatus } from "./codec.ts";

const current = {
  state: { text: "Printing", error: "", flags: { operational: true, printing: true, paused: false } },
  job: { file: { name: "a b.gcode", path: "parts/a b.gcode", origin: "local" } },
  progress: { completion: 42.5, printTime: 60, printTimeLeft: null },
  currentZ: 3.2,
  temps: [
    { time: 1, tool0: { actual: 20, target: 0 } },
    {
      time: 2,
      tool0: { actual: 21.3, target: 200 },
      bed: { actual: 40, target: 60 },
      chamber: { actual: null, target: null },
    },
  ],
};

describe("ordinary", () => {
  test("a push tells state, job, the newest temperatures and the height", () => {
    const message = decodePush(JSON.stringify({ current }));
    assert.deepEqual(message, {
      kind: "report",
      report: {
        text: "Printing",
        flags: new Set(["operational", "printing"]),
        error: null,
        file: "parts/a b.gcode",
        completion: 42.5,
        printTimeSeconds: 60,
        printTimeLeftSeconds: null,
        temperatures: { tool0: { actual: 21.3, target: 200 }, bed: { actual: 40, target: 60 } },
        z: 3.2,
      },
    });
  });

  test("the two REST answers tell the same, without the height", () => {
    const job = { state: "Operational", job: { file: { path: null } }, progress: {} };
    const temperature = { tool0: { actual: 21.3, target: 0, offset: 5 } };
    const report = readStatus(job, { state: { text: "Operational", flags: { operational: true } }, temperature });
    assert.deepEqual(report.temperatures, { tool0: { actual: 21.3, target: 0 } });
    assert.deepEqual([report.file, report.completion, report.z], [null, null, undefined]);
  });

  test("an event has its type and payload, null as well", () => {
    assert.deepEqual(decodePush('{"event":{"type":"EStop","payload":null}}'), {
      kind: "event",
      type: "EStop",
      payload: {},
    });
  });

  test("a file on the machine's card is told apart", () => {
    const job = { state: "Printing", job: { file: { path: "CUBE.GCO", origin: "sdcard" } } };
    assert.equal(readStatus(job, null).file, "sdcard:CUBE.GCO");
  });
});

describe("boundary", () => {
  test("a push without new temperatures says nothing of them", () => {
    const message = decodePush(JSON.stringify({ current: { ...current, temps: [] } }));
    assert.ok(message.kind === "report" && !("temperatures" in message.report));
  });

  test("a closed line has no flags, whichever release says so", () => {
    for (const flags of [{ closedOrError: true }, { error: true, closedOrError: true }, {}, undefined]) {
      const message = decodePush(JSON.stringify({ current: { state: { text: "Offline", flags } } }));
      assert.ok(message.kind === "report" && message.report.flags === null);
    }
  });

  test("the error of a closed line is kept, an empty or null one is none", () => {
    assert.equal(readStatus({ state: "Offline after error", error: "MINTEMP" }, null).error, "MINTEMP");
    assert.equal(readStatus({ state: "Offline", error: null }, null).error, null);
    assert.equal(readStatus({ state: "Offline", error: "" }, null).error, null);
  });

  test("a message of no known kind is passed over, the stale history too", () => {
    for (const frame of ['{"timelapse":null}', "{}", '{"event":{}}', JSON.stringify({ history: current })]) {
      assert.deepEqual(decodePush(frame), { kind: "other" });
    }
  });
});

describe("malformed", () => {
  for (const frame of ["", "o", "a[{}]", '{"curr', "null", "[]", "<html>"]) {
    test(JSON.stringify(frame), () => assert.throws(() => decodePush(frame), { code: "protocol" }));
  }
});

test("any text gives a message or a protocol error, and any JSON some report", () => {
  const frames = fc.oneof(
    fc.string(),
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify({ current: value })),
  );
  fc.assert(
    fc.property(frames, (frame) => {
      try {
        return typeof decodePush(frame).kind === "string";
      } catch (error) {
        return error instanceof PrinterError && error.code === "protocol";
      }
    }),
  );
});
