// RTP packets into H.264 access units. A unit with a gap in it is left out, and so is all that leans on
// it: what comes out can be decoded. Layout: RFC 3550 §5.1 (RTP), RFC 6184 §5.6–5.8 (H.264); its mirror
// is ../rtsp/packetizer.ts.

const unitType = { slice: 1, idr: 5, sps: 7, pps: 8, stapA: 24, fuA: 28 } as const;
const headBytes = 12;
/** No camera's picture is longer; more is a lost end. */
const maxUnitBytes = 8 * 1024 * 1024;

/** One coded picture as the camera sent it. */
export interface CodedPicture {
  readonly units: readonly Uint8Array[];
  readonly key: boolean;
  /** RTP stamp, 90 kHz, 32 bits. */
  readonly stamp: number;
}

export class Depacketizer {
  readonly #payloadType: number;
  readonly #onPicture: (picture: CodedPicture) => void;
  #units: Uint8Array[] = [];
  #fragments: Uint8Array[] | undefined;
  #bytes = 0;
  #stamp: number | undefined;
  #sequence: number | undefined;
  #broken = false;
  /** Nothing before the next key picture can be decoded. */
  #awaitsKey = true;

  constructor(payloadType: number, onPicture: (picture: CodedPicture) => void) {
    this.#payloadType = payloadType;
    this.#onPicture = onPicture;
  }

  /** Takes one packet; anything that is no packet of the track is passed over. */
  push(packet: Uint8Array): void {
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
    const payload = payloadOf(bytes);
    if (payload === undefined || (bytes.readUInt8(1) & 0x7f) !== this.#payloadType) return;
    const sequence = bytes.readUInt16BE(2);
    if (this.#sequence !== undefined && sequence !== ((this.#sequence + 1) & 0xffff)) this.#lost();
    this.#sequence = sequence;
    const stamp = bytes.readUInt32BE(4);
    if (this.#stamp !== undefined && stamp !== this.#stamp) this.#finish();
    this.#stamp = stamp;
    this.#take(payload);
    if ((bytes.readUInt8(1) & 0x80) !== 0) this.#finish();
  }

  #lost(): void {
    this.#broken = true;
    this.#fragments = undefined;
  }

  #take(payload: Buffer): void {
    this.#bytes += payload.length;
    if (this.#bytes > maxUnitBytes) return this.#lost();
    const type = payload.readUInt8(0) & 31;
    if (type > 0 && type < unitType.stapA) this.#units.push(Buffer.from(payload));
    else if (type === unitType.stapA) this.#takeSeveral(payload);
    else if (type === unitType.fuA && payload.length > 2) this.#takeFragment(payload);
  }

  #takeSeveral(payload: Buffer): void {
    for (let at = 1; at + 2 < payload.length;) {
      const end = at + 2 + payload.readUInt16BE(at);
      if (end > payload.length) return this.#lost();
      if (end > at + 2) this.#units.push(Buffer.from(payload.subarray(at + 2, end)));
      at = end;
    }
  }

  #takeFragment(payload: Buffer): void {
    const head = payload.readUInt8(1);
    const isFirst = (head & 0x80) !== 0;
    if (isFirst) this.#fragments = [Buffer.of((payload.readUInt8(0) & 0xe0) | (head & 31))];
    if (this.#fragments === undefined) return this.#lost();
    this.#fragments.push(Buffer.from(payload.subarray(2)));
    if ((head & 0x40) === 0) return;
    this.#units.push(Buffer.concat(this.#fragments));
    this.#fragments = undefined;
  }

  #finish(): void {
    const units = this.#units;
    const stamp = this.#stamp ?? 0;
    const types = new Set(units.map((unit) => (unit[0] ?? 0) & 31));
    const hasPicture = [...types].some((type) => type >= unitType.slice && type <= unitType.idr);
    // Some cameras end the parameter sets with a marker of their own: they belong to the picture after.
    if (!hasPicture && !this.#broken && units.length > 0) return;
    const key = types.has(unitType.idr);
    if (this.#broken) this.#awaitsKey = true;
    const isWhole = hasPicture && !this.#broken && this.#fragments === undefined;
    this.#units = [];
    this.#fragments = undefined;
    this.#bytes = 0;
    this.#broken = false;
    if (!isWhole) return;
    if (key) this.#awaitsKey = false;
    if (!this.#awaitsKey) this.#onPicture({ units, key, stamp });
  }
}

/** What the packet carries, without padding and extension; undefined where it is no RTP. */
function payloadOf(bytes: Buffer): Buffer | undefined {
  if (bytes.length <= headBytes || bytes.readUInt8(0) >> 6 !== 2) return undefined;
  const first = bytes.readUInt8(0);
  let start = headBytes + 4 * (first & 15);
  if ((first & 0x10) !== 0) {
    if (start + 4 > bytes.length) return undefined;
    start += 4 + 4 * bytes.readUInt16BE(start + 2);
  }
  const end = bytes.length - ((first & 0x20) === 0 ? 0 : bytes.readUInt8(bytes.length - 1));
  return start < end ? bytes.subarray(start, end) : undefined;
}
