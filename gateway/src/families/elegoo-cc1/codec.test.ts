import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { PrinterError } from "../../model/errors.ts";
import { decodeFrame } from "./codec.ts";

describe("ordinary frames", () => {
  test("an answer is matched by its request id and tells its ack", () => {
    const frame =
      '{"Id":"x","Data":{"Cmd":129,"Data":{"Ack":1},"RequestID":"7f3c","MainboardID":"0a1b","TimeStamp":1},"Topic":"sdcp/response/0a1b"}';
    assert.deepEqual(decodeFrame(frame), [{ kind: "answer", requestId: "7f3c", ack: 1, data: { Ack: 1 } }]);
  });

  for (const [place, frame] of [
    ["top level", '{"Status":{"a":1},"MainboardID":"m"}'],
    ["Data", '{"Data":{"Status":{"a":1},"MainboardID":"m"}}'],
    ["Data.Data", '{"MainboardID":"m","Data":{"Data":{"Status":{"a":1}}}}'],
  ] as const) {
    test(`a status is found at ${place}`, () => {
      assert.deepEqual(decodeFrame(frame), [{ kind: "status", status: { a: 1 }, mainboardId: "m" }]);
    });
  }

  test("a file error and an unknown topic are told apart from answers", () => {
    assert.deepEqual(decodeFrame('{"Data":{"Data":{"ErrorCode":1}},"Topic":"sdcp/error/m"}'), [
      { kind: "error", code: 1 },
    ]);
    assert.deepEqual(decodeFrame('{"Topic":"sdcp/new/m"}'), [{ kind: "other", topic: "sdcp/new/m" }]);
  });
});

describe("boundary frames", () => {
  test("the bare word pong is no JSON and no fault", () => {
    assert.deepEqual(decodeFrame("pong"), [{ kind: "pong" }]);
  });

  test("a decimal length in front is passed over", () => {
    assert.equal(decodeFrame('123{"Attributes":{"Name":"a"}}')[0]?.kind, "attributes");
  });

  test("two objects in one frame are two messages, braces in strings and all", () => {
    const kinds = decodeFrame('{"Status":{"Filename":"}{\\"{"}}{"Attributes":{}}').map(({ kind }) => kind);
    assert.deepEqual(kinds, ["status", "attributes"]);
  });
});

describe("malformed frames", () => {
  for (const frame of ["", "   ", "ping", "[1]", '"text"', "{", '{"a":', "}{", '{"Status":{}', "12", "null"]) {
    test(`throws protocol on ${JSON.stringify(frame)}`, () => {
      assert.throws(() => decodeFrame(frame), { code: "protocol" });
    });
  }

  test("any text gives messages or a protocol error, never anything else", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.string({ unit: fc.constantFrom("{", "}", '"', "\\", "1", "a") })),
        (text) => {
          try {
            decodeFrame(text);
          } catch (error) {
            assert.ok(error instanceof PrinterError && error.code === "protocol");
          }
        },
      ),
    );
  });
});

test("whatever JSON comes in a status decodes to that status", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (status) => {
      const [message] = decodeFrame(JSON.stringify({ Status: status }));
      assert.deepEqual(message?.kind === "status" && message.status, JSON.parse(JSON.stringify(status)));
    }),
  );
});
