// Reads H.264 out of FLV as ffmpeg writes it to a pipe: whole access units with their lengths, and the
// parameter sets before them. Only video tags of AVC; Adobe FLV specification 10.1, annex E.

export interface ParameterSets {
  readonly sps: Buffer;
  readonly pps: Buffer;
}

/** One picture: its NAL units without start codes, without parameter sets, SEI and delimiters. */
export interface AccessUnit {
  readonly nals: readonly Buffer[];
  readonly isKey: boolean;
}

export interface FlvListener {
  parameterSets(sets: ParameterSets): void;
  accessUnit(unit: AccessUnit): void;
}

const fileHeaderBytes = 13;
const tagHeaderBytes = 11;
const tagTrailerBytes = 4;
const videoTag = 9;
/** SEI, SPS, PPS, delimiter. */
const leftOut = new Set([6, 7, 8, 9]);

export class FlvReader {
  readonly #listener: FlvListener;
  #unread: Buffer = Buffer.alloc(0);
  #begun = false;

  constructor(listener: FlvListener) {
    this.#listener = listener;
  }

  push(piece: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, piece]);
    if (!this.#begun) {
      if (this.#unread.length < fileHeaderBytes) return;
      this.#unread = this.#unread.subarray(fileHeaderBytes);
      this.#begun = true;
    }
    for (;;) {
      if (this.#unread.length < tagHeaderBytes) return;
      const size = this.#unread.readUIntBE(1, 3);
      const end = tagHeaderBytes + size + tagTrailerBytes;
      if (this.#unread.length < end) return;
      const content = this.#unread.subarray(tagHeaderBytes, tagHeaderBytes + size);
      if (this.#unread[0] === videoTag && size > 5) this.#readVideo(content);
      this.#unread = this.#unread.subarray(end);
    }
  }

  #readVideo(content: Buffer): void {
    const body = content.subarray(5);
    if (content[1] === 0) this.#listener.parameterSets(readParameterSets(body));
    if (content[1] !== 1) return;
    const nals = readNals(body).filter((nal) => !leftOut.has((nal[0] ?? 0) & 0x1f));
    if (nals.length > 0) this.#listener.accessUnit({ nals, isKey: (content[0] ?? 0) >> 4 === 1 });
  }
}

/** From an AVCDecoderConfigurationRecord with one of each. */
function readParameterSets(record: Buffer): ParameterSets {
  const spsEnd = 8 + record.readUInt16BE(6);
  const ppsStart = spsEnd + 3;
  const sps = Buffer.from(record.subarray(8, spsEnd));
  const pps = Buffer.from(record.subarray(ppsStart, ppsStart + record.readUInt16BE(spsEnd + 1)));
  return { sps, pps };
}

function readNals(body: Buffer): readonly Buffer[] {
  const nals: Buffer[] = [];
  for (let at = 0; at + 4 < body.length;) {
    const end = at + 4 + body.readUInt32BE(at);
    nals.push(Buffer.from(body.subarray(at + 4, end)));
    at = end;
  }
  return nals;
}
