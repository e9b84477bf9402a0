import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { FlvError, FlvReader, type AccessUnit, type ParameterSets } from "./flv.ts";

const head = Buffer.from("464c5601010000000900000000", "hex");
const sps = Buffer.from("674d4016da", "hex");
const pps = Buffer.from("68ee3c80", "hex");
const avcC = Buffer.concat([Buffer.from("014d4016ffe10005", "hex"), sps, Buffer.from("010004", "hex"), pps]);

function tag(type: number, stampMs: number, body: Buffer): Buffer {
  const head = Buffer.alloc(11);
  head[0] = type;
  head.writeUIntBE(body.length, 1, 3);
  head.writeUIntBE(stampMs & 0xffffff, 4, 3);
  head[7] = (stampMs >>> 24) & 0x7f;
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32BE(11 + body.length);
  return Buffer.concat([head, body, trailer]);
}

const configuration = tag(9, 0, Buffer.concat([Buffer.from("1700000000", "hex"), avcC]));

function picture(stampMs: number, key: boolean, ...units: Buffer[]): Buffer {
  const lengths = units.flatMap((unit) => [Buffer.from([0, 0, unit.length >> 8, unit.length & 255]), unit]);
  return tag(9, stampMs, Buffer.concat([Buffer.from(key ? "1701000000" : "2701000000", "hex"), ...lengths]));
}

function reading(): { reader: FlvReader; sets: ParameterSets[]; units: AccessUnit[] } {
  const sets: ParameterSets[] = [];
  const units: AccessUnit[] = [];
  const reader = new FlvReader({ parameterSets: (found) => sets.push(found), accessUnit: (unit) => units.push(unit) });
  return { reader, sets, units };
}

const stream = Buffer.concat([
  head,
  tag(18, 0, Buffer.from("02000a6f6e4d65746144617461", "hex")),
  configuration,
  picture(0, true, Buffer.from("0605ff", "hex"), Buffer.from("65aa", "hex"), Buffer.from("65bb", "hex")),
  picture(66, false, Buffer.from("41cc", "hex")),
]);

test("parameter sets and access units come out of a stream cut anywhere", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
      const { reader, sets, units } = reading();
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        reader.push(stream.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(sets, [{ sps: Uint8Array.from(sps), pps: Uint8Array.from(pps) }]);
      assert.deepEqual(
        units.map(({ stampMs, key, units: nals }) => [
          stampMs,
          key,
          nals.map((nal) => Buffer.from(nal).toString("hex")),
        ]),
        [
          [0, true, ["0605ff", "65aa", "65bb"]],
          [66, false, ["41cc"]],
        ],
      );
    }),
    { numRuns: 50 },
  );
});

test("stamps go on rising after the 31 bits that ffmpeg writes", () => {
  const { reader, units } = reading();
  reader.push(Buffer.concat([head, configuration]));
  for (const stampMs of [2 ** 31 - 60, 6, 72]) reader.push(picture(stampMs, false, Buffer.from("41cc", "hex")));
  assert.deepEqual(
    units.map((unit) => unit.stampMs),
    [2 ** 31 - 60, 2 ** 31 + 6, 2 ** 31 + 72],
  );
});

const broken: Record<string, Buffer> = {
  "another format": Buffer.from("1a45dfa3".repeat(5), "hex"),
  "a header of another length": Buffer.from("464c5601010000000a00000000", "hex"),
  "a tag longer than any picture": Buffer.concat([head, Buffer.from("09ffffff00000000000000", "hex")]),
  "a tag whose lengths differ": Buffer.concat([head, configuration.subarray(0, -1), Buffer.from([9])]),
  "a picture before its parameter sets": Buffer.concat([head, picture(0, true, Buffer.from("65aa", "hex"))]),
  "another codec": Buffer.concat([head, tag(9, 0, Buffer.from("1200000000", "hex"))]),
  "a video tag without a header": Buffer.concat([head, tag(9, 0, Buffer.from("17", "hex"))]),
  "two parameter sets of a kind": Buffer.concat([
    head,
    tag(9, 0, Buffer.concat([Buffer.from("1700000000014d4016ffe2", "hex"), avcC.subarray(6)])),
  ]),
  "a cut configuration": Buffer.concat([
    head,
    tag(9, 0, Buffer.concat([Buffer.from("1700000000", "hex"), avcC.subarray(0, 12)])),
  ]),
  "a unit longer than its tag": Buffer.concat([
    head,
    configuration,
    tag(9, 0, Buffer.from("17010000000000ffff65", "hex")),
  ]),
  "a cut unit length": Buffer.concat([head, configuration, tag(9, 0, Buffer.from("17010000000000", "hex"))]),
  "an empty unit": Buffer.concat([head, configuration, tag(9, 0, Buffer.from("170100000000000000", "hex"))]),
};

for (const [what, bytes] of Object.entries(broken)) {
  test(`${what} is refused`, () => {
    assert.throws(() => reading().reader.push(bytes), FlvError);
  });
}

test("any bytes after the header are read or refused, never worse", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        reading().reader.push(Buffer.concat([head, configuration, bytes]));
      } catch (error) {
        assert.ok(error instanceof FlvError);
      }
    }),
  );
});
