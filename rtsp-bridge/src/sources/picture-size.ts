// Width and height that a sequence parameter set declares. Pure. Layout: ITU-T H.264 §7.3.2.1.1.

import type { PictureSize } from "../ffmpeg/jpeg.ts";

/** Profiles whose sets say which chroma format they use. */
const withChroma = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Undefined for a set that cannot be read. */
export function sizeOf(sps: Uint8Array): PictureSize | undefined {
  try {
    return read(new Bits(sps.subarray(1)));
  } catch {
    return undefined; // the bits ran out
  }
}

function read(bits: Bits): PictureSize | undefined {
  const profile = bits.take(8);
  bits.take(16);
  bits.unsigned();
  const chroma = withChroma.has(profile) ? readChroma(bits) : 1;
  bits.unsigned();
  readOrder(bits);
  bits.unsigned();
  bits.take(1);
  const columns = bits.unsigned() + 1;
  const rows = bits.unsigned() + 1;
  const fields = 2 - bits.take(1);
  if (fields === 2) bits.take(1);
  bits.take(1);
  const [left, right, top, bottom] = bits.take(1) === 1 ? Array.from({ length: 4 }, () => bits.unsigned()) : [];
  const across = chroma === 1 || chroma === 2 ? 2 : 1;
  const down = (chroma === 1 ? 2 : 1) * fields;
  const width = columns * 16 - across * ((left ?? 0) + (right ?? 0));
  const height = rows * 16 * fields - down * ((top ?? 0) + (bottom ?? 0));
  const isSane = width > 0 && height > 0 && width <= 16_384 && height <= 16_384;
  return isSane ? { width, height } : undefined;
}

function readChroma(bits: Bits): number {
  const format = bits.unsigned();
  if (format === 3) bits.take(1);
  bits.unsigned();
  bits.unsigned();
  bits.take(1);
  if (bits.take(1) === 0) return format;
  for (let list = 0; list < (format === 3 ? 12 : 8); list += 1) {
    if (bits.take(1) === 1) skipScaling(bits, list < 6 ? 16 : 64);
  }
  return format;
}

function skipScaling(bits: Bits, length: number): void {
  let last = 8;
  let next = 8;
  for (let at = 0; at < length; at += 1) {
    if (next !== 0) next = (last + bits.signed() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

function readOrder(bits: Bits): void {
  const type = bits.unsigned();
  if (type === 0) bits.unsigned();
  if (type !== 1) return;
  bits.take(1);
  bits.signed();
  bits.signed();
  const count = bits.unsigned();
  if (count > 255) throw new RangeError("too many offsets");
  for (let at = 0; at < count; at += 1) bits.signed();
}

/** Bits of a NAL unit, the bytes that only keep start codes away left out. */
class Bits {
  readonly #bytes: number[] = [];
  #at = 0;

  constructor(unit: Uint8Array) {
    for (const [index, byte] of unit.entries()) {
      const guards = byte === 3 && index >= 2 && unit[index - 1] === 0 && unit[index - 2] === 0;
      if (!guards) this.#bytes.push(byte);
    }
  }

  take(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) throw new RangeError("the bits ran out");
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at += 1;
    }
    return value;
  }

  /** An Exp-Golomb number (§9.1). */
  unsigned(): number {
    let zeros = 0;
    while (this.take(1) === 0) zeros += 1;
    if (zeros > 32) throw new RangeError("no number");
    return 2 ** zeros - 1 + this.take(zeros);
  }

  signed(): number {
    const code = this.unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
