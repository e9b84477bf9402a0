import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkedGcode } from "./gcode.ts";

const limits = { nozzleCelsius: 300, bedCelsius: 100, chamberCelsius: 0 };
const frame = (...lines: string[]): string[] => [
  "M211 S",
  "M211 X1 Y1 Z1",
  "M1002 push_ref_mode",
  ...lines,
  "M1002 pop_ref_mode",
  "M211 R",
];

describe("what passes", () => {
  const table: [string, string[], string[]][] = [
    ["homing of all axes", ["G28"], ["G28"]],
    ["without number, comment and checksum", ["N3 G28 ; home*12"], ["G28"]],
    ["heat within the limits", ["M104 S300", "M140 S100", "M141 S0"], ["M104 S300", "M140 S100", "M141 S0"]],
    ["a move, in the frame that keeps the soft limits", ["G91", "G1 X10 F3000"], frame("G91", "G1 X10 F3000")],
    ["moves of a text, in one frame", ["G90\nG0 X5\nG1 Y5"], frame("G90", "G0 X5", "G1 Y5")],
  ];
  for (const [title, lines, sent] of table) test(title, () => assert.deepEqual(checkedGcode(lines, limits, 25), sent));

  test("filament that moves through a hot nozzle", () => {
    assert.deepEqual(checkedGcode(["M83", "G0 E10.0 F900"], limits, 170), frame("M83", "G0 E10.0 F900"));
  });
});

describe("what is refused", () => {
  const table: [string, string][] = [
    ["M112", "the stop that halts"],
    ["M500", "writing the settings"],
    ["M997", "flashing"],
    ["M303 E0 S200", "tuning"],
    ["M92 X80", "steps"],
    ["M205 X8", "limits of motion"],
    ["m 906 X800", "motor currents, in small letters"],
    ["N12 M1006 A10*7", "the sound, behind a number"],
    ["G28 Z", "homing one axis"],
    ["G28Z", "homing one axis, without a space"],
    ["G28 X Y Z", "homing by names"],
    ["G028 W", "homing by a zero"],
    ["G28.1", "a kind of homing"],
    ["T0", "another tool"],
    ["T255", "another tool, as the vendor writes it"],
    ["M620 S0A", "a change of filament"],
    ["M621 S0A", "its end"],
    ["M620.1 E F500", "a kind of it"],
    ["M211 S0", "the soft limits"],
    ["M211 X0 Y0 Z0", "the soft limits of axes"],
    ["M1002 pop_ref_mode", "the frame"],
    ["M302 P1", "cold extrusion"],
    ["G1 E10", "filament through a cold nozzle"],
    ["G1 X1 e5", "filament on the way"],
    ["G11", "filament back"],
    ["M104 S301", "too hot a nozzle"],
    ["M140 R101", "too hot a bed, by R"],
    ["M191 S40", "a chamber without a heater"],
    ["M23 job.gcode", "starting a file"],
    ["M30 job.gcode", "deleting a file"],
    ["M117 hello", "text that is not checked"],
    ["SAVE_CONFIG", "a name"],
    ["RUN_ME", "another name"],
    ["G4 P1\nM112", "what stands in a second line"],
    ["G4 P1 M112", "what stands behind another"],
  ];
  for (const [line, title] of table) {
    test(`${title}: ${JSON.stringify(line)}`, () => {
      assert.throws(() => checkedGcode(["M105", line], limits, 25), {
        code: "invalid_input",
        message: /nothing was sent/u,
      });
    });
  }

  test("filament while the nozzle's temperature is not known", () => {
    assert.throws(() => checkedGcode(["G1 E1"], limits, null), { code: "invalid_input", message: /170/u });
  });

  test("every bad line is named", () => {
    assert.throws(
      () => checkedGcode(["M105", "T0", "G28 Z"], limits, 25),
      ({ problems }: { problems: { pointer: string }[] }) =>
        problems.map(({ pointer }) => pointer).join() === "/lines/1,/lines/2",
    );
  });
});
