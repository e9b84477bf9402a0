// FLV as ffmpeg writes it to stdout: read incrementally into H.264 parameter sets and access
// units with millisecond stamps. Not a general FLV reader: audio and metadata are passed over.
// Chosen because every tag carries its length, so an access unit is known whole the moment it is
// written. Layout: Adobe Flash Video File Format 10.1, annex E; ISO 14496-15 §5.2.4.1 (avcC).
//
//   header  "FLV" version 1, flags 1, header length 4; then the length of no previous tag: 4
//   tag     type 1 (9 video), length 3, stamp 3 + high byte 1, stream 3, body, 11 + length: 4
//   video   frame type:4 codec:4 (7 AVC), packet 1 (0 avcC, 1 units, 2 end), composition time 3
//   avcC    version 1, profile, compatibility, level, ..:6 length size - 1:2,
//           ..:3 SPS count:5 {length 2, SPS}, PPS count 1 {length 2, PPS}

/** What a decoder must have before the first access unit. */
export interface ParameterSets {
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
}

/** One coded picture. */
export interface AccessUnit {
  /** NAL units without start codes or lengths. */
  readonly units: readonly Uint8Array[];
  /** Presentation time, ms, as fed to ffmpeg. */
  readonly stampMs: number;
  /** It is an IDR picture. */
  readonly key: boolean;
}

export interface FlvSink {
  readonly parameterSets: (sets: ParameterSets) => void;
  readonly accessUnit: (unit: AccessUnit) => void;
}

/** The bytes are not FLV with H.264 in it. */
export class FlvError extends Error {
  override readonly name = "FlvError";
}

/** No picture this bridge makes is longer; more is a broken length. */
const maxTagBytes = 8 * 1024 * 1024;
const headerBytes = 9;
const tagHeadBytes = 11;
const trailerBytes = 4;
/** ffmpeg writes 31 bits: a stream watched for 25 days passes the end. */
const stampRange = 2 ** 31;
const videoTag = 9;
const avc = 7;

export class FlvReader {
  readonly #sink: FlvSink;
  #pending: Buffer = Buffer.alloc(0);
  #inTags = false;
  #lengthBytes: number | undefined;
  #lastStamp = 0;
  #wrapped = 0;

  constructor(sink: FlvSink) {
    this.#sink = sink;
  }

  /** Takes any bytes; calls the sink for what became whole, in order. @throws FlvError */
  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    if (!this.#inTags && !this.#readHeader()) return;
    let at = 0;
    for (;;) {
      const next = this.#readTag(at);
      if (next === undefined) break;
      at = next;
    }
    this.#pending = this.#pending.subarray(at);
  }

  #readHeader(): boolean {
    if (this.#pending.length < headerBytes + trailerBytes) return false;
    if (this.#pending.toString("latin1", 0, 3) !== "FLV") throw new FlvError("no FLV signature");
    if (this.#pending.readUInt32BE(5) !== headerBytes) throw new FlvError("an FLV header of an unknown length");
    this.#pending = this.#pending.subarray(headerBytes + trailerBytes);
    this.#inTags = true;
    return true;
  }

  /** Where the next tag begins, or undefined while this one is not whole. */
  #readTag(at: number): number | undefined {
    const bytes = this.#pending;
    if (bytes.length < at + tagHeadBytes) return undefined;
    const length = bytes.readUIntBE(at + 1, 3);
    if (length > maxTagBytes) throw new FlvError(`a tag of ${length} bytes`);
    const end = at + tagHeadBytes + length;
    if (bytes.length < end + trailerBytes) return undefined;
    if (bytes.readUInt32BE(end) !== tagHeadBytes + length) throw new FlvError("a tag whose two lengths differ");
    if ((bytes[at] ?? 0) === videoTag) {
      const stamp = bytes.readUIntBE(at + 4, 3) + (bytes[at + 7] ?? 0) * 2 ** 24;
      this.#video(bytes.subarray(at + tagHeadBytes, end), this.#unwrap(stamp));
    }
    return end + trailerBytes;
  }

  #unwrap(stamp: number): number {
    if (stamp < this.#lastStamp - stampRange / 2) this.#wrapped += stampRange;
    this.#lastStamp = stamp;
    return stamp + this.#wrapped;
  }

  #video(body: Buffer, stampMs: number): void {
    if (body.length < 5) throw new FlvError("a video tag without a header");
    const first = body[0] ?? 0;
    if ((first & 15) !== avc) throw new FlvError(`video of codec ${first & 15}, not H.264`);
    const packet = body[1];
    if (packet === 0) this.#configure(body.subarray(5));
    else if (packet === 1) this.#picture(body.subarray(5), stampMs + body.readIntBE(2, 3), first >> 4 === 1);
  }

  #configure(record: Buffer): void {
    if (record.length < 7 || record[0] !== 1) throw new FlvError("an unknown decoder configuration");
    const count = (record[5] ?? 0) & 31;
    const [sps, afterSps] = parameterSet(record, 6, count);
    const [pps] = parameterSet(record, afterSps + 1, record[afterSps] ?? 0);
    this.#lengthBytes = ((record[4] ?? 0) & 3) + 1;
    this.#sink.parameterSets({ sps, pps });
  }

  #picture(body: Buffer, stampMs: number, key: boolean): void {
    const width = this.#lengthBytes;
    if (width === undefined) throw new FlvError("a picture before its parameter sets");
    const units: Uint8Array[] = [];
    let at = 0;
    while (at < body.length) {
      if (at + width > body.length) throw new FlvError("a cut NAL unit length");
      const end = at + width + body.readUIntBE(at, width);
      if (end > body.length || end === at + width) throw new FlvError("a NAL unit that does not fit its tag");
      units.push(copy(body.subarray(at + width, end)));
      at = end;
    }
    this.#sink.accessUnit({ units, stampMs, key });
  }
}

/** One parameter set of `count`, and where the record goes on. Encoders of this bridge write exactly one. */
function parameterSet(record: Buffer, at: number, count: number): [Uint8Array, number] {
  if (count !== 1) throw new FlvError(`${count} parameter sets of a kind instead of one`);
  if (at + 2 > record.length) throw new FlvError("a cut decoder configuration");
  const end = at + 2 + record.readUInt16BE(at);
  if (end > record.length || end < at + 6) throw new FlvError("a parameter set that does not fit");
  return [copy(record.subarray(at + 2, end)), end];
}

/** What leaves this file must not pin or alias the read buffer. */
function copy(bytes: Buffer): Uint8Array {
  return Uint8Array.from(bytes);
}
