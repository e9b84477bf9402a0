import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { PacketFilter } from "./packet-filter.ts";

function packet(sizeBytes: number, fill: number): Buffer {
  const length: number[] = [];
  for (let rest = sizeBytes; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(sizeBytes, fill)]);
}

function filtered(stream: Buffer, maxBytes: number, chunkBytes: number): { kept: Buffer; dropped: number[] } {
  const dropped: number[] = [];
  const filter = new PacketFilter(maxBytes, (sizeBytes) => dropped.push(sizeBytes));
  const kept: Buffer[] = [];
  for (let at = 0; at < stream.length; at += chunkBytes)
    kept.push(...filter.take(stream.subarray(at, at + chunkBytes)));
  return { kept: Buffer.concat(kept), dropped };
}

describe("packets", () => {
  test("pass untouched, however they are cut", () => {
    const stream = Buffer.concat([packet(0, 0), packet(5, 1), packet(200, 2), packet(20_000, 3)]);
    for (const chunkBytes of [1, 3, 127, 4096, stream.length]) {
      assert.deepEqual(filtered(stream, 20_000, chunkBytes), { kept: stream, dropped: [] });
    }
  });

  test("that are too long are left out and the next one is found", () => {
    const stream = Buffer.concat([packet(5, 1), packet(20_001, 2), packet(7, 3)]);
    for (const chunkBytes of [1, 1000, stream.length]) {
      const { kept, dropped } = filtered(stream, 20_000, chunkBytes);
      assert.deepEqual(kept, Buffer.concat([packet(5, 1), packet(7, 3)]));
      assert.deepEqual(dropped, [20_001]);
    }
  });

  test("with a length of five bytes go on as they are, for the reader to find fault with", () => {
    const stream = Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01, 1, 2, 3]);
    for (const chunkBytes of [1, stream.length]) assert.deepEqual(filtered(stream, 100, chunkBytes).kept, stream);
  });

  test("of any size in any cut come out whole or not at all", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 300 }), (list, chunkBytes) => {
        const packets = list.map((sizeBytes, index) => packet(sizeBytes, index));
        const { kept } = filtered(Buffer.concat(packets), 200, chunkBytes);
        assert.deepEqual(kept, Buffer.concat(packets.filter((_, index) => (list[index] ?? 0) <= 200)));
      }),
    );
  });
});
