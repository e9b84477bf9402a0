import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { PrinterError } from "../../model/errors.ts";
import { decodePayload, encodeRegistration, encodeRequest, topicsOf, type Channel } from "./codec.ts";
import { methods, type MethodName, type Params } from "./method-table.ts";

/** What the protocol lets a client of this printer send at all. */
const allowed = new Set([
  1001, 1002, 1020, 1021, 1022, 1023, 1026, 1027, 1028, 1029, 1030, 1031, 1036, 1042, 1044, 1045, 1046, 1047, 1048,
  2004, 2005,
]);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** How a push counts; false for what is no push. */
function sequenceOf(text: string): unknown {
  const message = decodePayload("status", bytes(text));
  return message.kind === "push" && message.sequence;
}

describe("requests", () => {
  test("no method outside the allowed list can be sent", () => {
    const numbers = Object.values(methods).map(({ method }) => method);
    for (const method of numbers) assert.ok(allowed.has(method), `${method}`);
    assert.equal(new Set<number>(numbers).size, numbers.length);
  });

  test("a request carries an object as parameters even when it is empty", () => {
    assert.deepEqual(JSON.parse(encodeRequest("status", {}, 52_001)), { id: 52_001, method: 1002, params: {} });
  });

  test("a start is what the slicer sends", () => {
    const params: Params<"startPrint"> = {
      storage_media: "local",
      filename: "bracket.gcode",
      config: {
        delay_video: false,
        printer_check: true,
        print_layout: "A",
        bedlevel_force: false,
        slot_map: [{ t: 0, canvas_id: 0, tray_id: 2 }],
      },
    };
    assert.deepEqual(JSON.parse(encodeRequest("startPrint", params, 1)), { id: 1, method: 1020, params });
  });

  const illegal: readonly [MethodName, unknown][] = [
    ["status", { full: true }],
    ["setTemperatures", { extruder: 301 }],
    ["setTemperatures", { heater_bed: 111 }],
    ["setTemperatures", { box: 40 }],
    ["setTemperatures", {}],
    ["setFans", { fan: 256 }],
    ["setFans", { fan: 0.5 }],
    ["setSpeedMode", { mode: 4 }],
    ["setLight", { power: 2 }],
    ["setLight", { brightness: 255 }],
    ["home", { homed_axes: "" }],
    ["home", { homed_axes: "XYZ" }],
    ["jog", { axes: "z", distance: 11 }],
    ["jog", { axes: "x", distance: 51 }],
    ["jog", { axis: "x", step: 1 }],
    ["deleteFiles", { storage_media: "local", file_path: [] }],
    ["deleteFiles", { filename: "a.gcode" }],
    ["enableCamera", { enable: 0 }],
    ["setAutoRefill", { enable: true }],
  ];
  for (const [name, params] of illegal) {
    test(`${name} with ${JSON.stringify(params)} is refused before it is made`, () => {
      assert.throws(() => encodeRequest(name, params as never, 1), { code: "internal" });
    });
  }

  test("topics and registration name the client and nobody else", () => {
    const topics = topicsOf("SN1", "1_PC_4711");
    assert.equal(topics.request, "elegoo/SN1/1_PC_4711/api_request");
    assert.deepEqual(
      [...topics.inbound],
      [
        ["elegoo/SN1/1_PC_4711/api_response", "response"],
        ["elegoo/SN1/api_status", "status"],
        ["elegoo/SN1/1_PC_4711_req/register_response", "register"],
      ],
    );
    assert.deepEqual(JSON.parse(encodeRegistration("1_PC_4711")), {
      client_id: "1_PC_4711",
      request_id: "1_PC_4711_req",
    });
  });
});

describe("ordinary payloads", () => {
  const table: [string, Channel, string, unknown][] = [
    ["a pong", "response", '{"type":"PONG"}', { kind: "pong" }],
    [
      "an answer",
      "response",
      '{"id":7,"method":1021,"result":{"error_code":0}}',
      { kind: "answer", id: 7, method: 1021, errorCode: 0, result: { error_code: 0 } },
    ],
    [
      "a refusal",
      "response",
      '{\n  "id": 7,\n  "method": 1021,\n  "result": {"error_code": 1010}\n}',
      { kind: "answer", id: 7, method: 1021, errorCode: 1010, result: { error_code: 1010 } },
    ],
    [
      "a status push on the broadcast topic",
      "status",
      '{"id":4,"method":6000,"result":{"led":{"status":1}}}',
      { kind: "push", about: "status", sequence: 4, result: { led: { status: 1 } } },
    ],
    [
      "an attributes push on the client's own topic",
      "response",
      '{"id":5,"method":6008,"result":{"hostname":"Attic"}}',
      { kind: "push", about: "attributes", sequence: 5, result: { hostname: "Attic" } },
    ],
    [
      "the answer to a registration",
      "register",
      '{"client_id":"1_PC_4711","error":"ok"}',
      { kind: "registration", clientId: "1_PC_4711", error: "ok" },
    ],
  ];
  for (const [name, channel, payload, message] of table) {
    test(name, () => assert.deepEqual(decodePayload(channel, bytes(payload)), message));
  }
});

describe("boundary payloads", () => {
  test("an error object in place of a result is a failure", () => {
    const answer = decodePayload("response", bytes('{"id":1,"error":{"code":1003}}'));
    assert.deepEqual(answer, { kind: "answer", id: 1, method: null, errorCode: 1003, result: {} });
    const bare = decodePayload("response", bytes('{"id":1,"error":"no"}'));
    assert.ok(bare.kind === "answer" && bare.errorCode !== 0);
  });

  test("an answer on the broadcast topic is somebody else's", () => {
    assert.deepEqual(decodePayload("status", bytes('{"id":7,"method":1002,"result":{"error_code":0}}')), {
      kind: "other",
    });
  });

  test("a push counts by sequence or status_id where the build has one", () => {
    assert.equal(sequenceOf('{"id":1,"sequence":9,"method":6000,"result":{}}'), 9);
    assert.equal(sequenceOf('{"id":1,"status_id":8,"method":6000,"result":{}}'), 8);
    assert.equal(sequenceOf('{"method":6000,"result":{}}'), null);
  });
});

describe("malformed payloads", () => {
  const broken = ["", "{", "[]", '"text"', "null", "12", '{"id":1}', '{"result":{}}', '{"id":1,"result":[]}'];
  for (const payload of [...broken, '{"method":6000}', "{}", '{"id":"x","result":{}}']) {
    test(`throws protocol on ${JSON.stringify(payload)}`, () => {
      assert.throws(() => decodePayload("response", bytes(payload)), { code: "protocol" });
    });
  }

  test("throws protocol on bytes that are no UTF-8", () => {
    const payload = Buffer.concat([
      Buffer.from('{"id":1,"result":{"a":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}}'),
    ]);
    assert.throws(() => decodePayload("response", payload), { code: "protocol" });
  });

  test("any bytes give a message or a protocol error, never anything else", () => {
    const anything = fc.oneof(fc.uint8Array(), fc.json().map(bytes));
    fc.assert(
      fc.property(anything, fc.constantFrom<Channel>("response", "status", "register"), (payload, channel) => {
        try {
          decodePayload(channel, payload);
        } catch (error) {
          assert.ok(error instanceof PrinterError && error.code === "protocol");
        }
      }),
    );
  });
});

test("whatever JSON comes as a result decodes to that result", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (result) => {
      const message = decodePayload("response", bytes(JSON.stringify({ id: 3, method: 1002, result })));
      assert.deepEqual(message.kind === "answer" && message.result, JSON.parse(JSON.stringify(result)));
    }),
  );
});
