// H.264 access units into RTP packets, framed for RTSP over TCP. It keeps sequence numbers and
// stamps, and sends nothing. Layout: RFC 3550 §5.1 (RTP), RFC 6184 §5.6–5.8 (H.264), RFC 2326
// §10.12 (interleaved binary data).
//
//   $ channel:8 length:16 | V=2:2 P:1 X:1 CC:4 M:1 PT:7 sequence:16 stamp:32 SSRC:32 | payload
//   single  the NAL unit itself
//   STAP-A  F:1 NRI:2 24:5 {length:16 NAL unit}…
//   FU-A    F:1 NRI:2 28:5 | S:1 E:1 R:1 type:5 | a part of a NAL unit without its first byte

import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";

export interface PacketizerOptions {
  readonly parameterSets: ParameterSets;
  readonly ssrc: number;
  /** First sequence number, 0…65535. */
  readonly sequence: number;
  /** Added to every stamp, 0…2^32-1: where the clock of the session begins. */
  readonly stampOffset: number;
  /** Units and stamps go out as they come: the source's own, which may have pictures that refer to later ones. */
  readonly verbatim?: boolean;
}

export const payloadType = 96;
const clockRate = 90;
/** Below every usual MTU, so that a server need not cut packets again for UDP readers. */
const maxPayloadBytes = 1400;
const rtpHeadBytes = 12;
const interleavedHeadBytes = 4;

const unitType = { sei: 6, sps: 7, pps: 8, delimiter: 9, stapA: 24, fuA: 28 } as const;

/** Parameter sets travel in front of each key picture; SEI and delimiters tell a reader nothing it needs. */
const leftOut: ReadonlySet<number> = new Set([unitType.sei, unitType.sps, unitType.pps, unitType.delimiter]);

export class Packetizer {
  readonly #options: PacketizerOptions;
  readonly #stap: readonly Uint8Array[];
  #sequence: number;
  /** Of the last picture, not yet wrapped. */
  #ticks = -Infinity;

  constructor(options: PacketizerOptions) {
    this.#options = options;
    this.#sequence = options.sequence;
    this.#stap = [stapA([options.parameterSets.sps, options.parameterSets.pps])];
  }

  /**
   * All packets of one picture taken at `capturedMs` on a monotonic clock, as one block of bytes;
   * empty when nothing in it is worth sending. Stamps always rise, by at least a millisecond.
   */
  pack(unit: AccessUnit, capturedMs: number): Buffer {
    if (this.#options.verbatim === true) return this.#packVerbatim(unit, capturedMs);
    const slices = unit.units.filter((nal) => nal.length > 0 && !leftOut.has((nal[0] ?? 0) & 31));
    if (slices.length === 0) return Buffer.alloc(0);
    this.#ticks = Math.max(Math.round(capturedMs * clockRate), this.#ticks + clockRate);
    return this.#blocks([...(unit.key ? this.#stap : []), ...slices.flatMap((nal) => fragments(nal))]);
  }

  /** Parameter sets are added only to a key picture that brings none. */
  #packVerbatim(unit: AccessUnit, capturedMs: number): Buffer {
    this.#ticks = Math.round(capturedMs * clockRate);
    const bringsSets = unit.units.some((nal) => ((nal[0] ?? 0) & 31) === unitType.sps);
    return this.#blocks([
      ...(unit.key && !bringsSets ? this.#stap : []),
      ...unit.units.filter((nal) => nal.length > 0).flatMap((nal) => fragments(nal)),
    ]);
  }

  #blocks(payloads: readonly Uint8Array[]): Buffer {
    return Buffer.concat(
      payloads.flatMap((payload, index) => [this.#head(payload, index === payloads.length - 1), payload]),
    );
  }

  #head(payload: Uint8Array, last: boolean): Buffer {
    const head = Buffer.alloc(interleavedHeadBytes + rtpHeadBytes);
    head[0] = 0x24;
    head.writeUInt16BE(rtpHeadBytes + payload.length, 2);
    head[4] = 0x80;
    head[5] = payloadType | (last ? 0x80 : 0);
    head.writeUInt16BE(this.#sequence, 6);
    head.writeUInt32BE(modulo32(this.#ticks + this.#options.stampOffset), 8);
    head.writeUInt32BE(this.#options.ssrc, 12);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return head;
  }
}

/** The NAL unit itself where it fits, else its parts. */
function fragments(nal: Uint8Array): Uint8Array[] {
  if (nal.length <= maxPayloadBytes) return [nal];
  const first = nal[0] ?? 0;
  const indicator = (first & 0xe0) | unitType.fuA;
  const parts: Uint8Array[] = [];
  for (let at = 1; at < nal.length; at += maxPayloadBytes - 2) {
    const body = nal.subarray(at, at + maxPayloadBytes - 2);
    const start = at === 1 ? 0x80 : 0;
    const end = at + body.length === nal.length ? 0x40 : 0;
    parts.push(Buffer.concat([Buffer.from([indicator, start | end | (first & 31)]), body]));
  }
  return parts;
}

function stapA(nals: readonly Uint8Array[]): Uint8Array {
  const importance = Math.max(...nals.map((nal) => (nal[0] ?? 0) & 0x60));
  const parts = nals.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 0xff]), nal]);
  return Buffer.concat([Buffer.from([importance | unitType.stapA]), ...parts]);
}

function modulo32(value: number): number {
  return ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
}
