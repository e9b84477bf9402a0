import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readJobs, readOneStatus, readPrinters, readProfile, readStatuses, UnknownForm, words } from "./answers.ts";

const device = { dev_id: "01P00A000000001", name: "Shop", online: true, dev_access_code: "S3cr3tC0\n" };

describe("answers of Bambu's cloud", () => {
  test("ordinary: only what is named leaves", () => {
    assert.deepEqual(readPrinters({ devices: [{ ...device, dev_product_name: "P1S", print_status: "SUCCESS" }] }), [
      { serial: "01P00A000000001", name: "Shop", model: "P1S", online: true, status: "SUCCESS" },
    ]);
    const profile = readProfile({ uid: 42, name: "me", handle: "mine", email: "a@example.test" });
    assert.deepEqual(profile, { uid: "42", name: "me", handle: "mine" });
    const [status] = readStatuses({ devices: [{ ...device, task_id: "7", task_name: "vase", progress: "50" }] });
    assert.deepEqual([status?.job?.file, status?.job?.progressRatio], ["vase", 0.5]);
  });

  test("boundary: no printers, no job, times in seconds, an end that is the beginning, unknown numbers", () => {
    assert.deepEqual(readPrinters({ devices: null }), []);
    assert.deepEqual(readJobs({ hits: null }), []);
    assert.equal(readOneStatus({ ...device, task_id: "0", task_name: null }).job, null);
    const [running, done] = readJobs({
      hits: [
        { id: 1, status: 4, startTime: 1_767_225_600, endTime: 1_767_225_601 },
        { id: 2, status: 9, startTime: 1_767_225_600, endTime: 1_767_229_200, weight: -1 },
      ],
    });
    assert.deepEqual([running?.startedAt, running?.endedAt], ["2026-01-01T00:00:00.000Z", null]);
    assert.deepEqual(
      [done?.endedAt, done?.status, done?.filamentGrams],
      ["2026-01-01T01:00:00.000Z", "other (9)", null],
    );
  });

  test("malformed: another form is told, and what is odd within it is unknown", () => {
    for (const odd of [null, [], 5, "x", {}, { devices: 5 }, { devices: {} }]) {
      assert.throws(() => readPrinters(odd), UnknownForm);
      assert.throws(() => readStatuses(odd), UnknownForm);
      assert.throws(() => readJobs(odd), UnknownForm);
      assert.throws(() => readProfile(odd), UnknownForm);
      assert.throws(() => readOneStatus(odd), UnknownForm);
    }
    const odd = { dev_id: "A", name: 5, online: "yes", dev_product_name: {}, print_status: [] };
    assert.deepEqual(readPrinters({ devices: [odd, null, 7, { name: "no serial" }] }), [
      { serial: "A", name: null, model: null, online: null, status: null },
    ]);
    const [job] = readJobs({ hits: [{ id: 3, startTime: {}, endTime: "never", status: null, costTime: "NaN" }] });
    assert.deepEqual([job?.startedAt, job?.endedAt, job?.status, job?.estimatedSeconds], [null, null, null, null]);
  });

  test("text has neither mail addresses, nor addresses of files, nor control characters, and an end", () => {
    assert.equal(words("of a.b@example.test, see https://x.test/a?signature=1 now"), "of *** see *** now");
    assert.equal(words("two\nlines\u0000"), "two lines");
    assert.equal(words("x".repeat(1000))?.length, 255);
    assert.equal(words("   "), null);
  });
});
