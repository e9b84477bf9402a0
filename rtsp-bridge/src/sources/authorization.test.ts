import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { answerTo } from "./authorization.ts";

const credentials = { username: "bblp", password: "hunter2" };
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

test("Digest comes before Basic, and answers as RFC 2069 asks where there is no qop", () => {
  const answer = answerTo(['Basic realm="cam"', 'Digest realm="cam", nonce="n1"'], credentials);
  const response = md5(`${md5("bblp:cam:hunter2")}:n1:${md5("PLAY:rtsp://h/live/")}`);
  assert.equal(
    answer?.("PLAY", "rtsp://h/live/"),
    `Digest username="bblp", realm="cam", nonce="n1", uri="rtsp://h/live/", response="${response}"`,
  );
});

test("with qop each request is counted", () => {
  const answer = answerTo(
    ['Digest realm="c", nonce="n", qop="auth,auth-int", algorithm=SHA-256, opaque="o"'],
    credentials,
  );
  assert.match(
    answer?.("SETUP", "rtsp://h/1") ?? "",
    /qop=auth, nc=00000001, cnonce="[0-9a-f]{16}", opaque="o", algorithm=SHA-256$/u,
  );
  assert.match(answer?.("PLAY", "rtsp://h/1") ?? "", /nc=00000002/u);
});

test("Basic is the pair, and what nobody knows is not answered", () => {
  assert.equal(answerTo(["Basic realm=cam"], credentials)?.("PLAY", "x"), "Basic YmJscDpodW50ZXIy");
  for (const challenge of ["", "Bearer x", 'Digest realm="c"', 'Digest realm="c", nonce="n", algorithm=SHA-999']) {
    assert.equal(answerTo([challenge], credentials), undefined, challenge);
  }
});
