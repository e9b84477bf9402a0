import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { MjpegParser } from "./mjpeg-parser.ts";

const maxFrameBytes = 100_000;

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");
const join = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Uint8Array.from(part)));

function segment(code: number, payload: Uint8Array | readonly number[]): Uint8Array {
  const length = payload.length + 2;
  return join([0xff, code, length >> 8, length & 0xff], payload);
}

interface JpegParts {
  readonly segments?: readonly Uint8Array[];
  readonly scans?: readonly Uint8Array[];
}

/** A JPEG as far as its markers go. Scan data must come stuffed. */
function jpeg({ segments = [], scans = [latin1("scan data")] }: JpegParts = {}): Uint8Array {
  const scanned = scans.flatMap((data) => [segment(0xda, [1, 0, 0, 0]), data]);
  return join([0xff, 0xd8], ...segments, ...scanned, [0xff, 0xd9]);
}

const thumbnail = jpeg();
const exif = segment(0xe1, join(latin1("Exif"), thumbnail, [0xff, 0xd9, 0xff, 0xd8, 0xff]));
const small = jpeg({ segments: [segment(0xdb, [0, 1, 2])] });
const rich = jpeg({
  segments: [segment(0xe0, latin1("JFIF")), exif, segment(0xdd, [0, 1]), segment(0xfe, [])],
  scans: [join([0xff, 0x00, 1, 0xff, 0xd0, 2, 0xff, 0xd7, 0xff, 0x00]), latin1("second scan of a progressive picture")],
});

interface Parsed {
  readonly frames: Uint8Array[];
  readonly parser: MjpegParser;
}

/** Feeds `stream` cut at the given places. */
function parse(stream: Uint8Array, cuts: readonly number[] = [], options = { maxFrameBytes }): Parsed {
  const parser = new MjpegParser(options);
  const frames: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts].toSorted((a, b) => a - b).concat(stream.length)) {
    // The chunk is overwritten afterwards, as a socket's reused buffer would be.
    const chunk = Uint8Array.from(stream.subarray(from, cut));
    frames.push(...parser.push(chunk));
    chunk.fill(0);
    from = cut;
  }
  return { frames, parser };
}

function everyByte(stream: Uint8Array): number[] {
  return Array.from(stream, (_, index) => index);
}

function assertFrames(actual: readonly Uint8Array[], expected: readonly Uint8Array[], message?: string): void {
  assert.deepEqual(actual.map(hex), expected.map(hex), message);
}

function hex(frame: Uint8Array): string {
  return Buffer.from(frame).toString("hex");
}

/** The stream gives the same frames uncut, cut at any one place, and byte by byte. */
function assertAnySplit(stream: Uint8Array, expected: readonly Uint8Array[], options = { maxFrameBytes }): void {
  const whole = parse(stream, [], options);
  assertFrames(whole.frames, expected, "uncut");
  for (const cuts of [...everyByte(stream).map((cut) => [cut]), everyByte(stream)]) {
    const { frames, parser } = parse(stream, cuts, options);
    assertFrames(frames, expected, `cut at ${String(cuts)}`);
    assert.equal(parser.skippedBytes, whole.parser.skippedBytes);
    assert.equal(parser.oversizedFrames, whole.parser.oversizedFrames);
  }
}

type Framing = (frame: Uint8Array) => Uint8Array;

const framings: Readonly<Record<string, Framing>> = {
  "boundary and length": (frame) =>
    join(
      latin1(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${frame.length}\r\n\r\n`),
      frame,
      latin1("\r\n"),
    ),
  "boundary without length": (frame) =>
    join(latin1("--foo\r\nContent-Type: image/jpeg\r\n\r\n"), frame, latin1("\r\n")),
  "no leading dashes": (frame) => join(latin1("frame\r\nContent-Type: image/jpeg\r\n\r\n"), frame, latin1("\r\n")),
  "line feeds only": (frame) => join(latin1(`--frame\nContent-Length: ${frame.length}\n\n`), frame, latin1("\n")),
  "no header": (frame) => join(latin1("--frame\r\n"), frame, latin1("\r\n")),
  "nothing at all": (frame) => frame,
  "length too short": (frame) => join(latin1("--frame\r\nContent-Length: 7\r\n\r\n"), frame, latin1("\r\n")),
  "length one too short": (frame) =>
    join(latin1(`--frame\r\nContent-Length: ${frame.length - 1}\r\n\r\n`), frame, latin1("\r\n")),
  "length too long": (frame) => join(latin1("--frame\r\nContent-Length: 90000\r\n\r\n"), frame, latin1("\r\n")),
  "length beyond any sense": (frame) =>
    join(latin1("--frame\r\nContent-Length: 99999999999999999999\r\n\r\n"), frame, latin1("\r\n")),
  "length that is no number": (frame) =>
    join(latin1("--frame\r\nContent-Length: -1\r\ncontent-length: %d\r\n\r\n"), frame, latin1("\r\n")),
  "padding behind the picture": (frame) =>
    join(latin1(`--frame\r\nContent-Length: ${frame.length + 9}\r\n\r\n`), frame, new Uint8Array(9), latin1("\r\n")),
};

describe("MjpegParser", () => {
  for (const [name, framing] of Object.entries(framings)) {
    it(`gives every picture of a stream with ${name}, however it is cut`, () => {
      assertAnySplit(join(framing(small), framing(rich), framing(thumbnail)), [small, rich, thumbnail]);
    });

    it(`gives a picture the moment its last byte arrives, with ${name}`, () => {
      const stream = framing(rich);
      const end = Buffer.from(stream).indexOf(rich) + rich.length;
      const parser = new MjpegParser({ maxFrameBytes });
      assertFrames(parser.push(stream.subarray(0, end - 1)), []);
      assertFrames(parser.push(stream.subarray(end - 1, end)), [rich]);
    });
  }

  it("takes fill bytes before markers", () => {
    const filled = join(
      [0xff, 0xd8, 0xff, 0xff],
      segment(0xdb, [1]),
      [0xff, 0xff],
      segment(0xda, [1]),
      [7, 0xff, 0xff, 0xd9],
    );
    assertAnySplit(join(filled, filled), [filled, filled]);
  });

  it("keeps a picture whose scan data holds a reserved marker", () => {
    const flipped = jpeg({ scans: [Uint8Array.from([1, 0xff, 0x02, 3, 0xff, 0x01, 4])] });
    assertAnySplit(join(flipped, small), [flipped, small]);
  });

  it("skips garbage between pictures and counts it", () => {
    const garbage = join(latin1("HTTP/1.1 200 OK\r\n\r\n"), [0xff, 0xff, 0xd9, 0xff, 0x00, 0xff]);
    assertAnySplit(join(garbage, small, garbage, garbage, rich), [small, rich]);
    assert.equal(parse(join(garbage, small, garbage)).parser.skippedBytes, 2 * garbage.length - 1);
  });

  it("drops a picture that was cut short and takes the next", () => {
    const framing = framings["boundary and length"] as Framing;
    for (let length = 0; length < rich.length; length += 1) {
      const stream = join(
        rich.subarray(0, length),
        framing(small),
        framing(small),
        new Uint8Array(70_000),
        framing(small),
      );
      const { frames } = parse(stream);
      assertFrames(frames.slice(-1), [small], `cut after ${length}`);
      for (const frame of frames) assert.ok(frame.length < rich.length + 3 * small.length + 200);
    }
  });

  it("finds the pictures that a damaged segment length leads past", () => {
    const damaged = join([0xff, 0xd8, 0xff, 0xe0, 0xff, 0xf0], latin1("short"), [0xff, 0xd9]);
    const stream = join(damaged, small, rich, new Uint8Array(66_000));
    assertFrames(parse(stream).frames, [small, rich]);
    assertFrames(parse(stream, everyByte(stream)).frames, [small, rich]);
  });

  it("takes a part at its length where the markers cannot be followed", () => {
    const strange = join([0xff, 0xd8, 1, 2, 3, 0xff, 0xd9, 4, 0xff, 0xd9]);
    const framing = framings["boundary and length"] as Framing;
    assertAnySplit(join(framing(small), framing(strange), framing(small)), [small, strange, small]);
  });

  it("takes a part to its first FF D9 where it has no length either", () => {
    const strange = join([0xff, 0xd8, 1, 2, 3, 0xff, 0xd9]);
    const framing = framings["boundary without length"] as Framing;
    assertAnySplit(join(framing(strange), framing(small)), [strange, small]);
  });

  it("gives nothing for FF D8 … FF D9 that is neither a picture nor a part", () => {
    assertAnySplit(join([1, 0xff, 0xd8, 1, 2, 3, 0xff, 0xd9], small), [small]);
  });

  it("does not let a lying length swallow the next picture", () => {
    const strange = join(latin1("--frame\r\nContent-Length: 5000\r\n\r\n"), [0xff, 0xd8, 1, 2, 3, 0xff, 0xd9]);
    assertAnySplit(join(strange, small, rich), [small, rich]);
  });

  it("takes a picture of the greatest length and skips and counts a longer one", () => {
    const just = jpeg({ scans: [new Uint8Array(200 - jpeg({ scans: [latin1("")] }).length)] });
    const over = jpeg({ scans: [new Uint8Array(just.length + 1 - jpeg({ scans: [latin1("")] }).length)] });
    const far = jpeg({ segments: [segment(0xe1, new Uint8Array(900))] });
    assert.equal(just.length, 200);
    assertAnySplit(join(just, over, small, far, small), [just, small, small], { maxFrameBytes: 200 });
    assert.equal(parse(join(just, over, far, small), [], { maxFrameBytes: 200 }).parser.oversizedFrames, 2);
  });

  it("survives a picture that never ends", () => {
    const parser = new MjpegParser({ maxFrameBytes });
    parser.push(join([0xff, 0xd8], segment(0xda, [1])));
    const chunk = new Uint8Array(32_768);
    for (let count = 0; count < 50; count += 1) assertFrames(parser.push(chunk), []);
    assert.equal(parser.oversizedFrames, 1);
    assertFrames(parser.push(small), [small]);
  });

  it("gives pictures in memory of their own", () => {
    const parser = new MjpegParser({ maxFrameBytes });
    const [first] = parser.push(join(small, rich));
    assert.ok(first !== undefined);
    assert.equal(first.byteLength, first.buffer.byteLength);
    first.fill(0);
    assertFrames(parser.push(small), [small]);
  });
});

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength, size: "max" });
const scanData = bytes(600).map((data) =>
  Uint8Array.from([...data].flatMap((byte) => (byte === 0xff ? [0xff, 0x00, 0xff, 0xd3] : [byte]))),
);
const segments = fc.array(
  fc.record({
    code: fc.constantFrom(0xc0, 0xc4, 0xdb, 0xdd, 0xe0, 0xe1, 0xfe),
    payload: fc.oneof(bytes(300), fc.constant(rich)),
  }),
  { maxLength: 5 },
);
const pictures = fc
  .record({ segments, scans: fc.array(scanData, { minLength: 1, maxLength: 3 }) })
  .map((parts) => jpeg({ ...parts, segments: parts.segments.map(({ code, payload }) => segment(code, payload)) }));
/** Anything that does not begin a picture. */
const noise = bytes(300).map((data) =>
  data.map((byte, index) => (byte === 0xd8 && data[index - 1] === 0xff ? 0 : byte)),
);
const cutsOf = (stream: Uint8Array): fc.Arbitrary<number[]> =>
  fc.array(fc.nat({ max: stream.length }), { maxLength: 40, size: "max" });

/** Bytes that look like parts of pictures and headers, to lead astray. */
const traps = fc.oneof(
  bytes(20),
  fc.constantFrom<Uint8Array>(
    Uint8Array.from([0xff, 0xd8]),
    Uint8Array.from([0xff, 0xd8, 0xff]),
    Uint8Array.from([0xff, 0xd9]),
    Uint8Array.from([0xff, 0xe1, 0, 9]),
    Uint8Array.from([0xff, 0xda, 0, 2]),
    Uint8Array.from([0xff]),
    latin1("\r\n\r\n"),
    latin1("\n\n"),
    latin1("\r\nContent-Length: 12\r\n\r\n"),
    latin1("\nContent-Length: 60\n\n"),
    small,
    rich.subarray(0, 40),
    rich.subarray(20),
  ),
);

describe("MjpegParser, with any stream", () => {
  it("gives the pictures that went in, wherever the stream is cut", () => {
    const streams = fc.array(
      fc.record({ picture: pictures, framing: fc.constantFrom(...Object.values(framings)), noise }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(streams, fc.infiniteStream(fc.nat()), (parts, randoms) => {
        // Noise ends in a line break, so that a part's header stands by itself.
        const stream = join(...parts.flatMap((part) => [part.noise, latin1("\r\n"), part.framing(part.picture)]));
        const cuts = [...randoms.take(20)].map((random) => random % stream.length);
        const expected = parts.map(({ picture }) => picture);
        const uncut = parse(stream);
        assertFrames(uncut.frames, expected);
        assertFrames(parse(stream, cuts).frames, expected);
      }),
      { numRuns: 150 },
    );
  });

  it("gives the same whole pictures of garbage, wherever it is cut, and resynchronises behind it", () => {
    const streams = fc
      .array(traps, { maxLength: 60, size: "max" })
      .map((parts) => join(...parts))
      .chain((garbage) => fc.record({ garbage: fc.constant(garbage), cuts: cutsOf(garbage) }));
    fc.assert(
      fc.property(streams, ({ garbage, cuts }) => {
        const options = { maxFrameBytes: 400 };
        const behind = join(new Uint8Array(400), small, small);
        const stream = join(garbage, behind);
        const whole = parse(stream, [], options);
        for (const frame of whole.frames) {
          assert.deepEqual([...frame.subarray(0, 2), ...frame.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
          assert.ok(frame.length <= options.maxFrameBytes);
        }
        assertFrames(whole.frames.slice(-1), [small]);
        for (const places of [cuts, everyByte(stream)]) {
          const { frames, parser } = parse(stream, places, options);
          assertFrames(frames, whole.frames);
          assert.equal(parser.skippedBytes, whole.parser.skippedBytes);
          assert.equal(parser.oversizedFrames, whole.parser.oversizedFrames);
        }
        const taken = whole.frames.reduce((sum, frame) => sum + frame.length, 0);
        assert.equal(taken + whole.parser.skippedBytes, stream.length);
      }),
      { numRuns: 300 },
    );
  });

  it("reads a large stream cut anywhere", () => {
    const large = jpeg({ segments: [exif], scans: [new Uint8Array(90_000).fill(0x55)] });
    const framing = framings["boundary and length"] as Framing;
    const stream = join(...Array.from({ length: 12 }, () => framing(large)));
    fc.assert(
      fc.property(cutsOf(stream), (cuts) => {
        assert.equal(parse(stream, cuts).frames.length, 12);
      }),
      { numRuns: 30 },
    );
  });
});
