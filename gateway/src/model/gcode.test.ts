import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { PrinterError } from "./errors.ts";
import { blockedGcode, safeGcode } from "./gcode.ts";

const limits = { nozzleCelsius: 300, bedCelsius: 140, chamberCelsius: 80 };

function refusal(...lines: string[]): PrinterError {
  try {
    safeGcode(lines, limits);
  } catch (error) {
    assert.ok(error instanceof PrinterError && error.code === "invalid_input");
    return error;
  }
  return assert.fail(`passed: ${JSON.stringify(lines)}`);
}

describe("what passes", () => {
  const table: [string, string[], string[]][] = [
    ["plain commands, as they are", ["G28", "M106 S255", "T0"], ["G28", "M106 S255", "T0"]],
    ["without comments", ["G1 X10 ; go", "; nothing", "G28 (all) Z"], ["G1 X10", "G28  Z"]],
    ["without line number and checksum", ["N12 G1 X5*83", "n3 n4 M105 * 36"], ["G1 X5", "M105"]],
    ["each line of a text with line breaks", ["G28\nM105\r\nM114"], ["G28", "M105", "M114"]],
    ["several commands in a line, one by one", ["G28 M104 S200G1X5"], ["G28", "M104 S200", "G1X5"]],
    ["a heater at its limit", ["M104 S300", "M190 R140", "m141s80"], ["M104 S300", "M190 R140", "m141s80"]],
    ["a heater without a target", ["M104", "M109 T1"], ["M104", "M109 T1"]],
    ["a text that names commands", ["M117 M112 (M104 S400)"], ["M117 M112 (M104 S400)"]],
    ["a file name", ["M23 M500.GCO"], ["M23 M500.GCO"]],
    ["a quoted name, uncut", ['M98 P"G28.g"'], ['M98 P"G28.g"']],
    [
      "a macro by name",
      ["PARK_HEAD X=10", "SET_GCODE_VARIABLE MACRO=PARAM500"],
      ["PARK_HEAD X=10", "SET_GCODE_VARIABLE MACRO=PARAM500"],
    ],
    [
      "a heater by name",
      ["SET_HEATER_TEMPERATURE HEATER=heater_bed TARGET=140"],
      ["SET_HEATER_TEMPERATURE HEATER=heater_bed TARGET=140"],
    ],
    ["a retraction, which is no temperature", ["G10 S1"], ["G10 S1"]],
  ];
  for (const [name, lines, sent] of table) {
    test(name, () => assert.deepEqual(safeGcode(lines, limits), sent));
  }
});

describe("what is blocked", () => {
  const hidden = [
    "M112",
    "m112",
    " M 112 ",
    "M0112",
    "M112.0",
    "N5 M112*44",
    "N1 N2 M112",
    "G28 M112",
    "G28M112",
    "G1 X M112",
    "(x)M112",
    "M(x)112",
    "M1(x)12",
    "G28\nM112",
    "G28\rM112",
    'G28 "M112"',
    "RESPOND MSG=M112 M112",
    "M500",
    "M501",
    "M502",
    "M997",
    "M999 S1",
    "FIRMWARE_RESTART",
    "firmware_restart",
    "SAVE_CONFIG",
  ];
  for (const line of hidden) test(JSON.stringify(line), () => void refusal("G28", line));

  test("a family may block others", () => {
    assert.throws(() => safeGcode(["M81"], limits, new Set([...blockedGcode, "M81"])), { code: "invalid_input" });
  });
});

describe("what is too hot", () => {
  const hot = [
    "M104 S300.5",
    "M104 T0 S400",
    "M104 S400 T0",
    "m104s400",
    "M104 S +400",
    "M109 R301",
    "M104 S200 S400",
    "M104 S10 B400 F1",
    "N7 M109 S400*12",
    "M140 S141",
    "M190 S200",
    "M190 R200",
    "M141 S81",
    "M191 S90",
    "G1 X10 M104 S400",
    "M104 S20 M140 S200",
    "M104 (x) S400",
    "M104 S4(x)00",
    "M303 E0 S400",
    "M303 E-1 S150 C8",
    "M145 S0 H400",
    "G10 P0 S400",
    "M568 P0 R400",
    "SET_HEATER_TEMPERATURE HEATER=extruder TARGET=301",
    'set_heater_temperature heater=heater_bed target="141"',
    "PID_CALIBRATE HEATER=extruder TARGET=400",
  ];
  for (const line of hot) test(line, () => assert.match(refusal(line).message, /°C at most/u));

  test("a number that firmwares read differently is refused", () => {
    for (const line of ["M104 S3e2", "M104 S0x1FF", "M104 S{400}", "M104 S1.2.3", "M104 S 4 00", 'M104 S"400"']) {
      assert.match(refusal(line).message, /plain number/u, line);
    }
    assert.match(refusal("SET_HEATER_TEMPERATURE HEATER=extruder TARGET=4e2").message, /plain number/u);
  });

  test("the limit and the line are told", () => {
    const { problems } = refusal("G28", "M104 S400", "M140 S200");
    assert.deepEqual(problems, [
      { pointer: "/lines/1", message: '"M104 S400": the nozzle may be heated to 300 °C at most' },
      { pointer: "/lines/2", message: '"M140 S200": the bed may be heated to 140 °C at most' },
    ]);
  });
});

describe("what is no G-code", () => {
  for (const line of ["!!DEBUG:go_awol", "@pause", "/M112", "%", "D3 A0", "X10", "hello", "G", "", ";", "G1 \u0007"]) {
    test(JSON.stringify(line), () => {
      if (line === "hello") assert.deepEqual(safeGcode([line], limits), ["hello"]); // a macro may have any name
      else refusal(line);
    });
  }
});

test("what passes passes again unchanged, whatever was written", () => {
  const piece = fc.constantFrom(
    "M104",
    "S",
    "400",
    "2",
    " ",
    "M1",
    "12",
    "(",
    ")",
    ";",
    "*",
    "N",
    "\n",
    "G28",
    "T0",
    '"',
    "e",
    ".",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      let sent: readonly string[];
      try {
        sent = safeGcode([pieces.join("")], limits);
      } catch (error) {
        return assert.ok(error instanceof PrinterError);
      }
      return assert.deepEqual(safeGcode(sent, limits), sent);
    }),
    { numRuns: 2000 },
  );
});
