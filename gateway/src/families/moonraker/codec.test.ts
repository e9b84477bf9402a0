import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { decodeFrame, encodeRequest } from "./codec.ts";

describe("ordinary", () => {
  test("an answer, a refusal and a notification are told apart", () => {
    assert.deepEqual(decodeFrame('{"jsonrpc":"2.0","result":"ok","id":7}'), { kind: "answer", id: 7, result: "ok" });
    assert.deepEqual(decodeFrame('{"jsonrpc":"2.0","error":{"code":400,"message":"Must home axis first"},"id":7}'), {
      kind: "refusal",
      id: 7,
      refusal: { code: 400, message: "Must home axis first" },
    });
    assert.deepEqual(decodeFrame('{"jsonrpc":"2.0","method":"notify_gcode_response","params":["// ok"]}'), {
      kind: "notification",
      method: "notify_gcode_response",
      params: ["// ok"],
    });
  });
});

describe("boundary", () => {
  test("a notification may come without params", () => {
    const frame = '{"jsonrpc":"2.0","method":"notify_klippy_ready"}';
    assert.deepEqual(decodeFrame(frame), { kind: "notification", method: "notify_klippy_ready", params: [] });
  });

  test("a result of null is an answer", () => {
    assert.deepEqual(decodeFrame('{"result":null,"id":0}'), { kind: "answer", id: 0, result: null });
  });

  test("a request of the server's, and a refusal of nobody's request, concern nobody", () => {
    assert.deepEqual(decodeFrame('{"jsonrpc":"2.0","method":"x","id":1}'), { kind: "other" });
    assert.deepEqual(decodeFrame('{"error":{"code":-32700,"message":"Parse error"},"id":null}'), { kind: "other" });
  });
});

describe("malformed", () => {
  test("what is no JSON object is a protocol error", () => {
    for (const text of ["", "{", "[]", "null", "7", '"x"'])
      assert.throws(() => decodeFrame(text), { code: "protocol" });
  });

  test("a refusal without words still is one", () => {
    assert.deepEqual(decodeFrame('{"error":7,"id":1}'), {
      kind: "refusal",
      id: 1,
      refusal: { code: 0, message: "no reason was given" },
    });
  });

  test("any text decodes or is a protocol error", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          assert.ok(decodeFrame(text).kind.length > 0);
        } catch (error) {
          assert.equal((error as { code: string }).code, "protocol");
        }
      }),
    );
  });
});

test("round trip: what is asked is what the server reads", () => {
  const asked = JSON.parse(encodeRequest("printer.gcode.script", { script: 'G28\nM117 "a"' }, 3)) as unknown;
  assert.deepEqual(asked, {
    jsonrpc: "2.0",
    method: "printer.gcode.script",
    params: { script: 'G28\nM117 "a"' },
    id: 3,
  });
});
