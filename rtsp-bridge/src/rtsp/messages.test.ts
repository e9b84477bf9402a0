import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatRequest, ResponseReader, RtspError } from "./messages.ts";

test("a request with a body says how long it is in bytes", () => {
  assert.equal(
    formatRequest({ method: "ANNOUNCE", url: "rtsp://h/p", headers: { CSeq: "2" }, body: "ü" }),
    "ANNOUNCE rtsp://h/p RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 2\r\n\r\nü",
  );
});

const wire = Buffer.concat([
  Buffer.from("RTSP/1.0 200 OK\r\nCSeq: 1\r\nsession: 7;timeout=60\r\n\r\n"),
  Buffer.from([0x24, 1, 0, 4, 13, 10, 13, 10]),
  Buffer.from("OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n"),
  Buffer.from("RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nContent-Length: 5\r\n\r\nRTSP/"),
  Buffer.from("RTSP/1.0 200\r\nCSeq: 3\r\n\r\n"),
]);

test("answers are found between blocks, bodies and requests, cut anywhere", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), (size) => {
      const reader = new ResponseReader();
      const found = [];
      for (let at = 0; at < wire.length; at += size) found.push(...reader.push(wire.subarray(at, at + size)));
      assert.deepEqual(
        found.map(({ status, words, headers }) => [status, words, headers.get("cseq"), headers.get("session")]),
        [
          [200, "OK", "1", "7;timeout=60"],
          [401, "Unauthorized", "2", undefined],
          [200, "", "3", undefined],
        ],
      );
    }),
  );
});

for (const [what, bytes] of Object.entries({
  "another protocol": "HTTP/1.1 400 Bad Request\r\n\r\n",
  "an endless header": `RTSP/1.0 200 OK\r\n${"X: y\r\n".repeat(5000)}`,
  "an endless body": "RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n",
  "a body of no length": "RTSP/1.0 200 OK\r\nContent-Length: -4\r\n\r\n",
})) {
  test(`${what} is refused`, () => {
    assert.throws(() => new ResponseReader().push(Buffer.from(bytes)), RtspError);
  });
}

test("any bytes are read or refused, never worse", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
      const reader = new ResponseReader();
      try {
        for (const chunk of chunks) reader.push(Buffer.from(chunk));
      } catch (error) {
        assert.ok(error instanceof RtspError);
      }
    }),
  );
});
