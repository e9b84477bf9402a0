import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { PrinterError } from "../../model/errors.ts";
import { decodeFrame, encodeRequest, sendableCommands } from "./codec.ts";

/** What a client of this printer may send at all; every other number crashes the daemon. */
const allowed = new Set([
  0, 1, 128, 129, 130, 131, 134, 135, 192, 255, 257, 258, 259, 260, 320, 321, 322, 323, 386, 401, 402, 403, 512,
]);
const envelope = { requestId: "0".repeat(32), mainboardId: "", timestampMs: 1_760_000_000_123 };

describe("requests", () => {
  test("no command outside the allowed list can be sent", () => {
    for (const command of sendableCommands) assert.ok(allowed.has(command), `${command}`);
    assert.equal(new Set(sendableCommands).size, sendableCommands.length);
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

  test("a payload of another shape is refused before it is made", () => {
    const wrong = { Url: "/local" } as never;
    assert.throws(() => encodeRequest("refreshStatus", wrong, envelope), { code: "internal" });
    assert.throws(() => encodeRequest("enableCamera", { Enable: 0 } as never, envelope), { code: "internal" });
    assert.throws(() => encodeRequest("subscribe", { TimePeriod: 5 }, envelope), { code: "internal" });
  });
});

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
