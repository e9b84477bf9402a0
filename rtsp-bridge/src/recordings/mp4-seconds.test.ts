import assert from "node:assert/strict";
import { test } from "node:test";
import { mp4Seconds, secondsWithin } from "./mp4-seconds.ts";

/** A movie header of version 0 or 1. */
function header(version: 0 | 1, scale: number, duration: number): Buffer {
  const box = Buffer.alloc(60);
  box.write("mvhd", 0, "latin1");
  box.writeUInt8(version, 4);
  box.writeUInt32BE(scale, version === 0 ? 16 : 24);
  if (version === 0) box.writeUInt32BE(duration, 20);
  else box.writeBigUInt64BE(BigInt(duration), 28);
  return Buffer.concat([Buffer.from("\0\0\0\x18ftypisom\0\0\0\x01moov\0\0\0\x6c", "latin1"), box]);
}

void test("reads the length that the header tells, of both versions", () => {
  assert.equal(secondsWithin(header(0, 1000, 12_500)), 12.5);
  assert.equal(secondsWithin(header(1, 90_000, 900_000)), 10);
});

void test("a header that does not tell is no zero", () => {
  assert.equal(secondsWithin(header(0, 1000, 0)), undefined);
  assert.equal(secondsWithin(header(0, 0, 5)), undefined);
  assert.equal(secondsWithin(Buffer.from("something else")), undefined);
});

void test("a file that is not there has no length", async () => {
  assert.equal(await mp4Seconds("/nowhere/film.mp4"), undefined);
});
