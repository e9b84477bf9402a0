import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { resourceOf } from "./files.ts";

describe("the resource of a file", () => {
  test("keeps its slashes and encodes the rest", () => {
    assert.equal(resourceOf("a b/ä#%?.gcode"), "/local/a%20b/%C3%A4%23%25%3F.gcode");
    assert.equal(resourceOf("sdcard:CUBE.GCO"), "/sdcard/CUBE.GCO");
  });

  for (const name of ["../users.yaml", "a/../../b.gcode", "/etc/passwd", "a//b.gcode", ".", "", "a/", "sdcard:"]) {
    test(`refuses ${JSON.stringify(name)}`, () => assert.throws(() => resourceOf(name), { code: "invalid_input" }));
  }
});
