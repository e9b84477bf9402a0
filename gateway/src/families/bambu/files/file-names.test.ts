import assert from "node:assert/strict";
import { test } from "node:test";
import { PrinterError } from "../../../model/errors.ts";
import { storablePath, storedPath } from "./file-names.ts";

function refusal(run: () => unknown): PrinterError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof PrinterError);
    return error;
  }
  return assert.fail("it was taken");
}

test("files of the root and of cache have a path, also with spaces that a slicer put there", () => {
  assert.equal(storedPath("a.gcode.3mf"), "/a.gcode.3mf");
  assert.equal(storedPath("cache/My part.3mf"), "/cache/My part.3mf");
  assert.equal(storablePath("cache/a.stl"), "/cache/a.stl");
});

test("no path leads out of the two folders, and none to a folder (never 19)", () => {
  const wrong = [
    "../a.3mf",
    "cache/../a.3mf",
    "/a.3mf",
    "cache//a.3mf",
    "logs/a.3mf",
    "cache/",
    "cache",
    "..",
    "a\\b.3mf",
    "",
  ];
  for (const name of [...wrong, "a\n.3mf", "a:b.3mf", "a*.3mf", ".3mf", "logs.txt", "a.3mf."]) {
    assert.equal(refusal(() => storedPath(name)).code, "invalid_input", name);
  }
});

test("what goes up is a .gcode, .3mf or .stl with a plain name; a name that would do is told", () => {
  assert.equal(refusal(() => storablePath("run.sh")).code, "file_type");
  assert.match(refusal(() => storablePath("My Tèil.gcode.3mf")).message, /call it My_Teil\.gcode\.3mf/u);
  assert.equal(refusal(() => storablePath(`${"a".repeat(300)}.3mf`)).code, "invalid_input");
});
