import assert from "node:assert/strict";
import { test } from "node:test";
import { PrinterError } from "../../../model/errors.ts";
import { FrameReader, loginPacket } from "./camera-packets.ts";

function frame(jpeg: Buffer, size = jpeg.length): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(size, 0);
  header.writeUInt32LE(1, 8);
  return Buffer.concat([header, jpeg]);
}

function picture(size: number): Buffer {
  const jpeg = Buffer.alloc(size, 7);
  jpeg.writeUInt16BE(0xffd8, 0);
  jpeg.writeUInt16BE(0xffd9, size - 2);
  return jpeg;
}

test("the log-in is 80 bytes: user at 16, access code at 48", () => {
  const packet = loginPacket("12345678");
  assert.equal(packet.length, 80);
  assert.equal(packet.toString("hex", 0, 16), "40000000003000000000000000000000");
  assert.equal(packet.toString("latin1", 16, 48).replaceAll("\0", ""), "bblp");
  assert.equal(packet.toString("latin1", 48, 80).replaceAll("\0", ""), "12345678");
});

test("frames come out whole from pieces of any size, also larger than three bytes can say", () => {
  const pictures = [picture(2000), picture(70_000), picture(1025)];
  const stream = Buffer.concat(pictures.map((jpeg) => frame(jpeg)));
  for (const piece of [1000, 4096, 16_384, stream.length]) {
    const reader = new FrameReader();
    const seen: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += piece) seen.push(...reader.push(stream.subarray(at, at + piece)));
    assert.deepEqual(
      seen.map((jpeg) => jpeg.length),
      [2000, 70_000, 1025],
    );
  }
});

test("a size that no picture has, and bytes that are none, are refused at once", () => {
  for (const size of [0, 1024, 10 * 1024 * 1024, 0x0100_07d0, 0xffff_ffff]) {
    assert.throws(() => [...new FrameReader().push(frame(Buffer.alloc(0), size))], PrinterError);
  }
  assert.throws(() => [...new FrameReader().push(frame(Buffer.alloc(2000)))], PrinterError);
});
