// RTP packets of one H.264 track into access units. It decodes nothing and keeps no clock.
// Layout: RFC 3550 §5.1 (RTP), RFC 6184 §5.6–5.8 (single unit, STAP-A, FU-A).

export interface AccessUnit {
  /** RTP stamp, 90 kHz, 32 bits. */
  readonly stamp: number;
  /** NAL units without start codes. */
  readonly units: readonly Buffer[];
  readonly bytes: number;
  /** It holds an IDR slice. */
  readonly key: boolean;
}

const headBytes = 12;
const idr = 5;
const stapA = 24;
const fuA = 28;

export class AccessUnitReader {
  #units: Buffer[] = [];
  /** Parts of the NAL unit that is being put together. */
  #parts: Buffer[] = [];

  /** The access unit that this packet ends, if it ends one. */
  push(packet: Buffer): AccessUnit | undefined {
    this.#take(packet.subarray(headBytes));
    if (((packet[1] ?? 0) & 0x80) === 0) return undefined;
    const units = this.#units;
    this.#units = [];
    const bytes = units.reduce((sum, { length }) => sum + length, 0);
    return { stamp: packet.readUInt32BE(4), units, bytes, key: units.some((unit) => typeOf(unit) === idr) };
  }

  #take(payload: Buffer): void {
    const type = typeOf(payload);
    if (type === stapA) this.#units.push(...aggregated(payload));
    else if (type === fuA) this.#fragment(payload);
    else this.#units.push(payload);
  }

  #fragment(payload: Buffer): void {
    const [indicator = 0, head = 0] = payload;
    if ((head & 0x80) !== 0) this.#parts = [Buffer.from([(indicator & 0xe0) | (head & 31)])];
    this.#parts.push(payload.subarray(2));
    if ((head & 0x40) === 0) return;
    this.#units.push(Buffer.concat(this.#parts));
    this.#parts = [];
  }
}

function typeOf(unit: Buffer): number {
  return (unit[0] ?? 0) & 31;
}

function aggregated(payload: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let at = 1; at + 2 <= payload.length;) {
    const end = at + 2 + payload.readUInt16BE(at);
    units.push(payload.subarray(at + 2, end));
    at = end;
  }
  return units;
}
