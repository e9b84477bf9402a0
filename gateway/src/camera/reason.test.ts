import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonOf } from "./reason.ts";

test("a reason is the error's own words", () => {
  const words = "the camera cannot be reached (ECONNREFUSED): is it on, and is its address right?";
  assert.equal(reasonOf(new Error(words)), words);
  assert.equal(reasonOf("gone"), "gone");
});

test("what addresses hide is never told", () => {
  const told = reasonOf(new Error("GET http://me:p@ss@192.0.2.5:81/live?token=s3cret&x=1 and rtsp://a:b@h failed"));
  assert.equal(told, "GET http://192.0.2.5:81/live and rtsp://h failed");
  assert.equal(reasonOf('no "/stream.jpg?key=s3cret" here'), 'no "/stream.jpg" here');
});

test("a reason is one line that a slate can hold", () => {
  assert.equal(reasonOf(new Error("not\r\n  now\u0000")), "not now");
  assert.equal(reasonOf(new Error("a".repeat(20_000))).length, 300);
});
