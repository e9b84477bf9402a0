import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Packetizer, payloadType } from "../rtsp/packetizer.ts";
import { Depacketizer, type CodedPicture } from "./depacketizer.ts";

const sps = Buffer.from("6742c01eda02", "hex");
const pps = Buffer.from("68ce3c80", "hex");
const idr = Buffer.concat([Buffer.of(0x65), Buffer.alloc(5000, 7)]);
const slice = Buffer.concat([Buffer.of(0x41), Buffer.alloc(2000, 9)]);

/** RTP packets of the pictures, as a camera would send them. */
function packets(...pictures: { units: Uint8Array[]; key: boolean }[]): Buffer[] {
  const sets = { sps, pps };
  const packer = new Packetizer({
    parameterSets: sets,
    ssrc: 1,
    sequence: 65_534,
    stampOffset: 2 ** 32 - 100,
    verbatim: true,
  });
  return pictures.flatMap((picture, index) => {
    const found: Buffer[] = [];
    const block = packer.pack({ ...picture, stampMs: 0 }, index * 40);
    for (let at = 0; at < block.length;) {
      const end = at + 4 + block.readUInt16BE(at + 2);
      found.push(block.subarray(at + 4, end));
      at = end;
    }
    return found;
  });
}

function read(...given: Uint8Array[]): CodedPicture[] {
  const pictures: CodedPicture[] = [];
  const depacketizer = new Depacketizer(payloadType, (picture) => pictures.push(picture));
  for (const packet of given) depacketizer.push(packet);
  return pictures;
}

test("pictures come out as they went in, over fragments, aggregates and wrapped numbers", () => {
  const pictures = read(...packets({ units: [idr], key: true }, { units: [slice, slice], key: false }));
  assert.deepEqual(
    pictures.map(({ key, units }) => [key, units.map((unit) => Buffer.from(unit))]),
    [
      [true, [sps, pps, idr]],
      [false, [slice, slice]],
    ],
  );
  assert.equal(((pictures[1]?.stamp ?? 0) - (pictures[0]?.stamp ?? 0)) | 0, 3600);
});

test("after a gap nothing comes before the next key picture", () => {
  const key = { units: [idr], key: true };
  const other = { units: [slice], key: false };
  const all = packets(key, other, other, key, other);
  const lost = all.filter((_packet, index) => index !== 6);
  assert.deepEqual(
    read(...lost).map((picture) => picture.key),
    [true, true, false],
  );
});

test("a stream is not begun in the middle", () => {
  assert.deepEqual(read(...packets({ units: [slice], key: false })), []);
});

test("any bytes are read or passed over, never worse", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (given) => {
      read(...given.map((bytes) => Buffer.concat([Buffer.of(0x90, 0x80 | payloadType), bytes])), ...given);
    }),
  );
});
