import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { jpegSize } from "./jpeg.ts";

const start = [0xff, 0xd8];
const app0 = [0xff, 0xe0, 0x00, 0x04, 0x4a, 0x46];
const sof = (marker: number, width: number, height: number): number[] => [
  0xff,
  marker,
  0x00,
  0x0b,
  0x08,
  height >> 8,
  height & 255,
  width >> 8,
  width & 255,
  0x01,
  0x01,
  0x11,
  0x00,
];
const end = [0xff, 0xd9];

test("the size stands in a baseline or progressive frame header", () => {
  assert.deepEqual(jpegSize(Uint8Array.from([...start, ...app0, ...sof(0xc0, 640, 360), ...end])), {
    width: 640,
    height: 360,
  });
  assert.deepEqual(jpegSize(Uint8Array.from([...start, ...sof(0xc2, 1281, 721), ...end])), {
    width: 1281,
    height: 721,
  });
});

test("fill bytes before a marker are passed over", () => {
  const bytes = [...start, 0xff, 0xff, ...sof(0xc0, 320, 240), ...end];
  assert.deepEqual(jpegSize(Uint8Array.from(bytes)), { width: 320, height: 240 });
});

test("a Huffman table is no frame header", () => {
  const table = [0xff, 0xc4, 0x00, 0x04, 0x01, 0x02];
  assert.deepEqual(jpegSize(Uint8Array.from([...start, ...table, ...sof(0xc1, 64, 48), ...end])), {
    width: 64,
    height: 48,
  });
});

test("what is cut, empty, without a size or impossibly large is no picture", () => {
  const whole = [...start, ...app0, ...sof(0xc0, 640, 360), ...end];
  for (const bytes of [
    [],
    start,
    whole.slice(0, -1),
    whole.slice(2),
    [...start, ...end],
    [...start, ...app0, ...end],
    [...start, 0xff, 0xda, 0x00, 0x02, ...sof(0xc0, 640, 360), ...end],
    [...start, ...sof(0xc0, 0, 360), ...end],
    [...start, ...sof(0xc0, 65535, 65535), ...end],
  ]) {
    assert.equal(jpegSize(Uint8Array.from(bytes)), undefined);
  }
});

test("any bytes at all are answered", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (middle) => {
      jpegSize(Uint8Array.from([...start, ...middle, ...end]));
    }),
  );
});
