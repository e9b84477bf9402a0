// The picture code survives JPEG exactly, at sizes cameras have.

import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { drawPictureCode, readPictureCode } from "./code.ts";
import { Painter } from "./painter.ts";

const scene = { headX: 0.4, headY: 0.5, grown: 0.6, bedDrop: 0.6, lightOn: true, nozzleHeat: 1 };
const codes = [
  { frameNumber: 0, capturedAtMs: 0 },
  { frameNumber: 1, capturedAtMs: 1_767_225_600_000 },
  { frameNumber: 0xdeadbeef, capturedAtMs: 1_893_456_000_123 },
  { frameNumber: 0xffffffff, capturedAtMs: Number.MAX_SAFE_INTEGER },
];

async function grayOf(jpeg: Buffer): Promise<{ data: Buffer; width: number; height: number }> {
  const { data, info } = await sharp(jpeg).greyscale().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

for (const [width, height] of [
  [640, 360],
  [1280, 720],
  [1000, 562],
  [320, 240],
] as const) {
  test(`reads back from a JPEG of ${width} by ${height}`, { timeout: 60_000 }, async () => {
    const painter = await Painter.create(width, height);
    for (const lightOn of [true, false]) {
      for (const code of codes) {
        const gray = await grayOf(await painter.jpeg({ ...scene, lightOn }, code));
        assert.deepEqual(readPictureCode(gray.data, gray.width, gray.height), code);
      }
    }
  });
}

test("cells are whiter than 235 and blacker than 16 in the middle", { timeout: 60_000 }, async () => {
  const painter = await Painter.create(640, 360);
  const { data } = await grayOf(await painter.jpeg(scene, { frameNumber: 0x55555555, capturedAtMs: 0 }));
  for (let column = 0; column < 32; column++) {
    const value = data[8 * 640 + column * 16 + 8] ?? 128;
    assert.ok(column % 2 === 0 ? value <= 16 : value >= 235, `cell ${column} is ${value}`);
  }
});

test("gives nothing for a picture without the code, with a broken one, or too small", () => {
  const rgb = new Uint8Array(640 * 360 * 3);
  const gray = (): Uint8Array => rgb.filter((_, index) => index % 3 === 0);
  assert.equal(readPictureCode(gray(), 640, 360), undefined);
  drawPictureCode(rgb, 640, { frameNumber: 5, capturedAtMs: 7 });
  assert.deepEqual(readPictureCode(gray(), 640, 360), { frameNumber: 5, capturedAtMs: 7 });
  const broken = gray().fill(255, 8 * 640, 9 * 640);
  assert.equal(readPictureCode(broken, 640, 360), undefined);
  assert.equal(readPictureCode(gray(), 640, 50), undefined);
  assert.equal(readPictureCode(new Uint8Array(100), 640, 360), undefined);
});
