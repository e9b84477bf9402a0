import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { decodePayload, encodePayload, readReply } from "./codec.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("payloads of a Bambu printer", () => {
  test("give one message per type, with its command and number", () => {
    const [message] = decodePayload(bytes('{"print":{"command":"pause","sequence_id":20041},"header":{"a":1}}'));
    assert.deepEqual([message?.type, message?.command, message?.sequence], ["print", "pause", "20041"]);
    const both = decodePayload(bytes('{"print":{"command":"a"},"xcam":{"command":"b"},"user_id":"1","t_utc":5}'));
    assert.deepEqual(
      both.map(({ type }) => type),
      ["print", "xcam"],
    );
  });

  test("may end in NUL and hold bytes that are no UTF-8", () => {
    const [message] = decodePayload(Buffer.concat([bytes('{"print":{"a":"'), Buffer.from([0xff]), bytes('"}}\0\0')]));
    assert.deepEqual(message?.body, { a: "\ufffd" });
  });

  test("decode or throw protocol, and quote nothing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (payload) => {
        try {
          for (const { type, body } of decodePayload(payload)) assert.ok(typeof type === "string" && body !== null);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "protocol");
          assert.match((error as Error).message, /^a payload of \d+ (bytes|characters) that is no (object|JSON)$/u);
        }
      }),
    );
  });

  test("round trip", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("print", "system"), fc.object()), (message) => {
        const decoded = decodePayload(bytes(encodePayload(message)));
        assert.deepEqual(
          Object.fromEntries(decoded.map(({ type, body }) => [type, body])),
          JSON.parse(JSON.stringify(message)),
        );
      }),
    );
  });

  test("spell their result in many ways; a missing one is no success", () => {
    const results = ["success", "SUCCESS", "fail", "failed", "FAIL", undefined, 7].map(
      (result) => readReply({ result }).result,
    );
    assert.deepEqual(results, ["success", "success", "fail", "fail", "fail", null, null]);
    assert.equal(readReply({ err_code: 84_033_543 }).errorCode, 84_033_543);
    assert.equal(readReply({ errno: -2 }).errorCode, -2);
    assert.equal(readReply({ errno: 0, reason: "" }).reason, null);
  });
});
