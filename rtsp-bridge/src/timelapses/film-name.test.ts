import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { filmName, parseFilmName, safeName } from "./film-name.ts";

void test("a film bears the job's file and the time of its beginning", () => {
  const startedAtMs = Date.UTC(2026, 0, 31, 18, 45, 2, 999);
  assert.equal(filmName("parts/Benchy v2.gcode", startedAtMs), "Benchy v2_20260131T184502Z.mp4");
  assert.deepEqual(parseFilmName("Benchy v2_20260131T184502Z.mp4"), {
    job: "Benchy v2",
    startedAtMs: Date.UTC(2026, 0, 31, 18, 45, 2),
  });
});

void test("what a file system may not take is left out, letters of every script are kept", () => {
  for (const [file, expected] of [
    ["../../etc/passwd", "passwd"],
    ["C:\\x\\cube.3mf", "cube"],
    ["plate.gcode.3mf", "plate"],
    ['a"b<c>|d?*.gcode', "a_b_c_d_"],
    ["Würfel 立方体.gcode", "Würfel 立方体"],
    ["..", "job"],
    ["", "job"],
    ["\u0000\n", "_"],
    [".hidden", "hidden"],
  ] as const) {
    assert.equal(safeName(file), expected, JSON.stringify(file));
  }
});

void test("every job has a name of bounded length without a folder, which can be read again", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.integer({ min: 0, max: 4e12 }), (file, atMs) => {
      const name = filmName(file, atMs);
      assert.ok(Buffer.byteLength(name) <= 160 && !/^[.\s]|[/\\\p{Cc}]/u.test(name), name);
      assert.deepEqual(parseFilmName(name), { job: safeName(file), startedAtMs: Math.floor(atMs / 1000) * 1000 });
    }),
  );
});

void test("other files are no films", () => {
  for (const name of ["a.mp4", "a_20260131T184502.mp4", "a_20269931T184502Z.mp4", "_20260131T184502Z.mp4", ""]) {
    assert.equal(parseFilmName(name), undefined, name);
  }
});
