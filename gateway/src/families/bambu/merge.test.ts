import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { isFull, merge, slotBit } from "./merge.ts";
import type { Body } from "./printer-link.ts";
import { fullReport } from "./test-broker.ts";

const delta = (changes: Body): Body => ({ command: "push_status", msg: 1, ...changes });
const ams = (more: Body): Body => ({ ams: { tray_exist_bits: "3", ...more } });

describe("merging reports", () => {
  test("keeps what a delta does not name, at every depth", () => {
    const merged = merge({ a: 1, b: { c: 2, d: { e: 3 } } }, delta({ b: { d: { f: 4 } } }));
    assert.deepEqual(merged, { a: 1, b: { c: 2, d: { e: 3, f: 4 } }, command: "push_status", msg: 1 });
  });

  test("replaces arrays, scalars and what changes its type, and takes null for a value", () => {
    const merged = merge({ hms: [1, 2], x: { y: 1 }, z: 5, n: 1 }, { hms: [], x: 3, z: { a: 1 }, n: null });
    assert.deepEqual(merged, { hms: [], x: 3, z: { a: 1 }, n: null });
  });

  test("merges units and slots by id, and leaves alone those that are not named", () => {
    const before = ams({
      ams: [
        {
          id: "0",
          temp: "20",
          tray: [
            { id: "0", tray_type: "PLA" },
            { id: "1", tray_type: "PETG" },
          ],
        },
        { id: "1", temp: "30" },
      ],
    });
    const merged = merge(before, delta({ ams: { ams: [{ id: "0", tray: [{ id: "1", remain: 4 }] }] } }));
    assert.deepEqual(merged["ams"], {
      tray_exist_bits: "3",
      ams: [
        {
          id: "0",
          temp: "20",
          tray: [
            { id: "0", tray_type: "PLA" },
            { id: "1", tray_type: "PETG", remain: 4 },
          ],
        },
        { id: "1", temp: "30" },
      ],
    });
  });

  test("empties a slot that is named barely and whose bit is clear, and only then", () => {
    const before = ams({
      ams: [
        {
          id: "0",
          tray: [
            { id: "0", tray_type: "PLA" },
            { id: "2", tray_type: "ABS" },
          ],
        },
      ],
    });
    const bare = [
      { id: "0", state: 11 },
      { id: "2", state: 10 },
    ];
    const merged = merge(before, delta({ ams: { ams: [{ id: "0", tray: bare }] } }));
    const tray = [
      { id: "0", tray_type: "PLA", state: 11 },
      { id: "2", state: 10 },
    ];
    assert.deepEqual(merged["ams"], { tray_exist_bits: "3", ams: [{ id: "0", tray }] });
  });

  test("keeps units when the list of them does not come along", () => {
    const before = fullReport();
    const merged = merge(before, delta({ ams: { tray_now: "255" } }));
    assert.equal((merged["ams"] as Body)["ams"], (before["ams"] as Body)["ams"]);
  });

  test("forgets a unit that a full report no longer lists", () => {
    const merged = merge(ams({ ams: [{ id: "0" }, { id: "1" }] }), { msg: 0, ams: { ams: [{ id: "0" }] } });
    assert.deepEqual((merged["ams"] as Body)["ams"], [{ id: "0" }]);
  });

  test("merges virtual slots by id", () => {
    const before = { vir_slot: [{ id: "255", tray_type: "PLA" }, { id: "254" }] };
    const merged = merge(before, delta({ vir_slot: [{ id: "255", k: 1 }] }));
    assert.deepEqual(merged["vir_slot"], [{ id: "255", tray_type: "PLA", k: 1 }, { id: "254" }]);
  });

  test("knows a full report with msg 0, an old one without msg, and takes a short one for a delta", () => {
    const { msg: _msg, ...old } = fullReport();
    assert.deepEqual([fullReport(), old, delta(old), { gcode_state: "IDLE" }].map(isFull), [true, true, false, false]);
  });

  test("never loses a key, changes its input or reaches a prototype", () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 4 }), fc.object({ maxDepth: 4 }), (before, update) => {
        const frozen = structuredClone(before);
        const merged = merge(before, update);
        for (const key of [...Object.keys(before), ...Object.keys(update)]) assert.ok(Object.hasOwn(merged, key), key);
        assert.deepEqual(before, frozen);
      }),
    );
    merge({}, JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1}}}') as Body);
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });

  test("is settled: the same delta twice is the delta once", () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 3 }), fc.object({ maxDepth: 3 }), (before, update) => {
        const once = merge(before, update);
        assert.deepEqual(merge(once, update), once);
      }),
    );
  });

  test("numbers slots as tray_exist_bits does", () => {
    assert.deepEqual(
      [slotBit(0, 0), slotBit(3, 3), slotBit(128, 0), slotBit(135, 0), slotBit(128, 1), slotBit(16, 0), slotBit(0, 4)],
      [0, 15, 16, 23, null, null, null],
    );
  });
});
