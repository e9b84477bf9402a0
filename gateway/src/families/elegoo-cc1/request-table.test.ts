import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readFirmware, unknownFirmware } from "./firmware.ts";
import { encodeRequest, isKnownTo, sendableCommands, type RequestName } from "./request-table.ts";

/** What a client of this printer may send at all; every other number crashes the daemon. */
const allowed = new Set([
  0, 1, 128, 129, 130, 131, 134, 135, 192, 255, 257, 258, 259, 260, 320, 321, 322, 323, 324, 386, 401, 402, 403, 512,
]);
const envelope = {
  requestId: "0".repeat(32),
  mainboardId: "",
  timestampMs: 1_760_000_000_123,
  firmware: readFirmware("V1.4.46"),
};

/** Encodes what the types would not let through. */
function send(name: RequestName, payload: unknown, firmware = envelope.firmware): unknown {
  const encode = encodeRequest as (name: RequestName, payload: unknown, about: typeof envelope) => string;
  return (JSON.parse(encode(name, payload, { ...envelope, firmware })) as { Data: { Data: unknown } }).Data.Data;
}

describe("requests", () => {
  test("no command outside the allowed list can be sent", () => {
    for (const command of sendableCommands) assert.ok(allowed.has(command), `${command}`);
    assert.equal(new Set(sendableCommands).size, sendableCommands.length);
  });

  test("what moves a hot machine by itself, renames, deletes history or disconnects is not there at all", () => {
    for (const command of [64, 132, 133, 135, 192, 257, 322, 387]) assert.ok(!sendableCommands.includes(command));
  });

  test("a request carries an object as payload even when it is empty", () => {
    assert.deepEqual(JSON.parse(encodeRequest("refreshStatus", {}, envelope)), {
      Id: "",
      Topic: "",
      Data: { Cmd: 0, Data: {}, RequestID: "0".repeat(32), MainboardID: "", TimeStamp: 1_760_000_000_123, From: 1 },
    });
  });

  test("the mainboard id goes into id and topic once it is known", () => {
    const frame = JSON.parse(encodeRequest("pausePrint", {}, { ...envelope, mainboardId: "0a1b" })) as Record<
      string,
      unknown
    >;
    assert.equal(frame["Id"], "0a1b");
    assert.equal(frame["Topic"], "sdcp/request/0a1b");
  });

  const wrong: readonly (readonly [RequestName, unknown])[] = [
    ["refreshStatus", { Url: "/local" }],
    ["refreshStatus", undefined],
    ["startPrint", { Filename: "cube.gcode" }],
    ["pausePrint", { Id: "1" }],
    ["queryInterruptedJob", { action: 1 }],
    ["abortTransfer", { Uuid: "7f3c" }],
    ["listFiles", {}],
    ["listFiles", { Url: "/local/" }],
    ["deleteFiles", { Url: "/local/a.gcode" }],
    ["deleteFiles", { FileList: [] }],
    ["deleteFiles", { FileList: ["a.gcode"] }],
    ["readFile", { Url: "a.gcode" }],
    ["listTasks", { Id: [] }],
    ["readTasks", { Id: [] }],
    ["readTasks", {}],
    ["exportTimelapse", { Url: "/local/aic_tlp/1.mp4" }],
    ["readCanvas", { canvas_id: 0 }],
    ["enableCamera", { Enable: 0 }],
    ["jog", { Axis: "XYZ", Step: 1 }],
    ["jog", { Axis: "X", Step: Number.NaN }],
    ["home", { Axis: "xyz" }],
    ["home", { Axis: "XY" }],
    ["changeParameter", {}],
    ["changeParameter", { PrintSpeedPct: 75 }],
    ["changeParameter", { TempTargetNozzle: 301 }],
    ["changeParameter", { TempTargetHotbed: 111 }],
    ["changeParameter", { TempTargetBox: 61 }],
    ["changeParameter", { TempTargetBox: 20.5 }],
    ["changeParameter", { TempTargetNozzle: 200, TempTargetHotbed: 60 }],
    ["changeParameter", { TargetFanSpeed: { ModelFan: 101, AuxiliaryFan: 0, BoxFan: 0 } }],
    ["changeParameter", { TargetFanSpeed: { ModelFan: 10 } }],
    ["changeParameter", { LightStatus: { SecondLight: 2, RgbLight: [0, 0, 0] } }],
    ["subscribe", { TimePeriod: 5 }],
  ];
  for (const [name, payload] of wrong) {
    test(`${name} with ${JSON.stringify(payload)} is refused before it is made`, () => {
      assert.throws(() => send(name, payload), { code: "internal" });
    });
  }

  test("the payloads of the vendor's own page pass unchanged", () => {
    const right: readonly (readonly [RequestName, unknown])[] = [
      ["listFiles", { Url: "/local" }],
      ["deleteFiles", { FileList: ["/local/a b.gcode"] }],
      ["changeParameter", { PrintSpeedPct: 130 }],
      ["changeParameter", { TargetFanSpeed: { ModelFan: 10, AuxiliaryFan: 80, BoxFan: 100 } }],
      ["changeParameter", { LightStatus: { SecondLight: 1, RgbLight: [0, 0, 0] } }],
      ["jog", { Axis: "Z", Step: -0.1 }],
      ["home", { Axis: "XYZ" }],
    ];
    for (const [name, payload] of right) assert.deepEqual(send(name, payload), payload);
  });
});

describe("firmware", () => {
  const later: readonly RequestName[] = ["queryInterruptedJob", "exportTimelapse"];

  test("what the page of September 2025 brought goes to stock firmware since 1.1.29 only", () => {
    for (const [text, known] of [
      ["V1.0.5", false],
      ["V1.1.28", false],
      ["V1.1.29", true],
      ["1.1.46", true],
      ["V1.4.46", true],
      ["V0.3.0-o", false],
      ["V1.2.0 OC", false],
      ["beta", false],
    ] as const) {
      for (const name of later) assert.equal(isKnownTo(readFirmware(text), name), known, `${name} to ${text}`);
    }
  });

  test("Canvas is asked for on stock firmware newer than 1.1 only", () => {
    for (const [text, known] of [
      ["V1.1.46", false],
      ["V1.4.44", true],
      ["V0.3.0-o", false],
    ] as const) {
      assert.equal(isKnownTo(readFirmware(text), "readCanvas"), known, text);
    }
  });

  test("until the printer has told its firmware, nothing is sent that not every one knows", () => {
    for (const name of [...later, "readCanvas"] as const) {
      assert.throws(() => send(name, {}, unknownFirmware), { code: "unsupported" });
    }
    assert.deepEqual(send("listTasks", {}, unknownFirmware), {});
  });

  test("OpenCentauri is told by its marks, however they are written", () => {
    for (const text of ["V0.3.0-o", "V0.1.0 O", "0.2.0OC", "v0.3.1-oc", "0.2.0 oc-beta"]) {
      assert.equal(readFirmware(text).openCentauri, true, text);
    }
    for (const text of ["V1.1.46", "V1.4.49", "", "V1.0.5-rc"]) {
      assert.equal(readFirmware(text).openCentauri, false, text);
    }
  });
});
