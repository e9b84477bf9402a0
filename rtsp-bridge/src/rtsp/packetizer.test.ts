import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Packetizer } from "./packetizer.ts";

const parameterSets = { sps: Buffer.from("674d4016da", "hex"), pps: Buffer.from("68ee3c80", "hex") };
const options = { parameterSets, ssrc: 0xdeadbeef, sequence: 0, stampOffset: 0 };

interface Packet {
  readonly sequence: number;
  readonly stamp: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

function packets(block: Buffer): Packet[] {
  const found: Packet[] = [];
  for (let at = 0; at < block.length;) {
    assert.equal(block[at], 0x24);
    assert.equal(block[at + 1], 0);
    const length = block.readUInt16BE(at + 2);
    const packet = block.subarray(at + 4, at + 4 + length);
    assert.equal(packet[0], 0x80);
    assert.equal((packet[1] ?? 0) & 0x7f, 96);
    assert.equal(packet.readUInt32BE(8), 0xdeadbeef);
    found.push({
      sequence: packet.readUInt16BE(2),
      stamp: packet.readUInt32BE(4),
      marker: ((packet[1] ?? 0) & 0x80) !== 0,
      payload: packet.subarray(12),
    });
    at += 4 + length;
  }
  return found;
}

const nal = (first: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length).map((_, index) => index & 255);
  bytes[0] = first;
  return bytes;
};

test("parameter sets lead each key picture in one aggregation packet", () => {
  const block = new Packetizer(options).pack({ units: [nal(0x65, 10)], stampMs: 0, key: true }, 1000);
  const [sets, slice] = packets(block);
  assert.equal(sets?.payload.toString("hex"), "780005674d4016da000468ee3c80");
  assert.deepEqual(slice?.payload, Buffer.from(nal(0x65, 10)));
});

test("the marker stands on the last packet of an access unit, not of each slice", () => {
  const unit = { units: [nal(0x65, 3000), nal(0x65, 10)], stampMs: 0, key: true };
  const marks = packets(new Packetizer(options).pack(unit, 1000)).map((packet) => packet.marker);
  assert.deepEqual(marks, [false, false, false, false, true]);
});

test("fragments put together give the unit again, and none is too long", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6000 }), (length) => {
      const slice = nal(0x41, length);
      const parts = packets(new Packetizer(options).pack({ units: [slice], stampMs: 0, key: false }, 1));
      assert.ok(parts.every(({ payload }) => payload.length <= 1400));
      const [first] = parts;
      if (parts.length === 1) {
        assert.deepEqual(first?.payload, Buffer.from(slice));
        return;
      }
      assert.ok(parts.every(({ payload }) => payload[0] === (0x40 | 28)));
      const marks = parts.map(({ payload }) => (payload[1] ?? 0) & 0xc0);
      assert.equal(marks[0], 0x80);
      assert.equal(marks.at(-1), 0x40);
      assert.ok(marks.slice(1, -1).every((mark) => mark === 0));
      const whole = Buffer.concat([Buffer.from([0x41]), ...parts.map(({ payload }) => payload.subarray(2))]);
      assert.deepEqual(whole, Buffer.from(slice));
    }),
  );
});

test("SEI, delimiters and repeated parameter sets are left out; a unit of nothing else sends nothing", () => {
  const packetizer = new Packetizer(options);
  const noise = [nal(0x06, 20), nal(0x09, 2), nal(0x67, 5), nal(0x68, 4), new Uint8Array(0)];
  assert.equal(packetizer.pack({ units: noise, stampMs: 0, key: false }, 1).length, 0);
  assert.equal(packets(packetizer.pack({ units: [...noise, nal(0x41, 9)], stampMs: 0, key: false }, 2)).length, 1);
});

test("stamps are the capture time in 90 kHz, and rise whatever the clock says", () => {
  const packetizer = new Packetizer(options);
  const stamps = [1000, 1066, 1066, 900, 1133].map((capturedMs) => {
    const [packet] = packets(packetizer.pack({ units: [nal(0x41, 9)], stampMs: 0, key: false }, capturedMs));
    return packet?.stamp;
  });
  assert.deepEqual(stamps, [90_000, 95_940, 96_030, 96_120, 101_970]);
});

test("sequence numbers and stamps wrap", () => {
  const packetizer = new Packetizer({ ...options, sequence: 65_535, stampOffset: 2 ** 32 - 90 });
  const block = Buffer.concat(
    [1, 2].map((capturedMs) => packetizer.pack({ units: [nal(0x41, 9)], stampMs: 0, key: false }, capturedMs)),
  );
  assert.deepEqual(
    packets(block).map(({ sequence, stamp }) => [sequence, stamp]),
    [
      [65_535, 0],
      [0, 90],
    ],
  );
});

test("a machine that has run for years still stamps within 32 bits", () => {
  const tenYearsMs = 10 * 365 * 24 * 3600 * 1000;
  const block = new Packetizer(options).pack({ units: [nal(0x41, 9)], stampMs: 0, key: false }, tenYearsMs);
  assert.equal(packets(block)[0]?.stamp, (tenYearsMs * 90) % 2 ** 32);
});
