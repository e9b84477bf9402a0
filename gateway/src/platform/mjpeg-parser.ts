// Cuts a stream of bytes into JPEG pictures. It follows the markers of each JPEG from FF D8 to
// FF D9 (ITU-T T.81, annex B) and so needs no boundary: cameras announce boundaries they do not
// send, lengths that are wrong, or nothing at all. A part's Content-Length is asked only where
// the markers cannot be followed. It decodes no picture.
//
//   picture   FF D8, segments, scan data, … FF D9
//   segment   FF, code C0…FE, length (2 bytes, big-endian, counts itself), payload; may hold a thumbnail
//   scan data follows a segment FF DA; FF 00 is a data byte FF, FF D0…D7 restart marks, FF FF fills;
//             any other marker ends it: more segments (progressive pictures) or FF D9

export interface MjpegParserOptions {
  /** Longest picture that is taken, bytes. A longer one is skipped and counted. */
  readonly maxFrameBytes: number;
}

/** Bytes of part headers that are kept while the picture behind them is awaited. */
const headerBytes = 4096;
/** Input is taken in pieces of this size, so that a chunk, however long, is never held whole. */
const pieceBytes = 65_536;

const lf = 0x0a;
const cr = 0x0d;
const startOfImage = 0xd8;
const endOfImage = 0xd9;
const startOfScan = 0xda;

/**
 * search: no picture begun. marker: a marker is due. scan: within scan data. opaque: the markers
 * cannot be followed; the part's length, or the first FF D9 where it has none, ends the picture.
 */
type State = "search" | "marker" | "scan" | "opaque";

export class MjpegParser {
  readonly #maxFrameBytes: number;
  /** Holds [0, #end): at first what was skipped last, then the picture begun. */
  #buffer = new Uint8Array(pieceBytes);
  #end = 0;
  #state: State = "search";
  /** Everything before this is understood. Each state moves it on or waits for more bytes. */
  #at = 0;
  /** End of the picture before; what lies between it and the next one is skipped. */
  #from = 0;
  /** Where the picture begun begins. */
  #start = 0;
  /** The picture is sound up to here; the segment after it may have led astray. */
  #sound = 0;
  /** Where an opaque picture ends; undefined: at the first FF D9. */
  #opaqueEnd: number | undefined;
  #skippedBytes = 0;
  #oversizedFrames = 0;

  constructor(options: MjpegParserOptions) {
    this.#maxFrameBytes = options.maxFrameBytes;
  }

  /** Bytes that turned out to belong to no picture: part headers, garbage, broken pictures. */
  get skippedBytes(): number {
    return this.#skippedBytes + this.#pictureOrSearch - this.#from;
  }

  /** Pictures that were longer than `maxFrameBytes`. */
  get oversizedFrames(): number {
    return this.#oversizedFrames;
  }

  /**
   * Takes any bytes, cut anywhere, and gives the pictures that became whole, in order, each in
   * memory of its own. Holds at most one picture and some 70 KiB. Never throws.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (let from = 0; from < chunk.length; from += pieceBytes) {
      this.#append(chunk.subarray(from, from + pieceBytes));
      while (this.#step(frames));
      this.#release();
    }
    return frames;
  }

  #append(piece: Uint8Array): void {
    const needed = this.#end + piece.length;
    if (needed > this.#buffer.length) {
      const most = this.#maxFrameBytes + 2 * headerBytes + pieceBytes;
      const grown = new Uint8Array(Math.max(needed, Math.min(this.#buffer.length * 2, most)));
      grown.set(this.#buffer.subarray(0, this.#end));
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#end);
    this.#end = needed;
  }

  /** Gives up what is behind, in strides, so that many small chunks do not move the rest each time. */
  #release(): void {
    const keepFrom = Math.max(this.#from, this.#pictureOrSearch - headerBytes);
    if (keepFrom < headerBytes && keepFrom < this.#end) return;
    this.#buffer.copyWithin(0, keepFrom, this.#end);
    this.#skippedBytes += keepFrom - this.#from;
    this.#from = 0;
    this.#end -= keepFrom;
    this.#at -= keepFrom;
    this.#start -= keepFrom;
    this.#sound -= keepFrom;
    if (this.#opaqueEnd !== undefined) this.#opaqueEnd -= keepFrom;
  }

  get #pictureOrSearch(): number {
    return this.#state === "search" ? this.#at : this.#start;
  }

  /** Moves on by one find. False when that takes more bytes. */
  #step(frames: Uint8Array[]): boolean {
    if (this.#state === "search") return this.#search();
    const limit = this.#start + this.#maxFrameBytes;
    // Nothing past the limit is looked at, so that the outcome never depends on how chunks are cut.
    if (this.#follow(Math.min(this.#end, limit), frames)) return true;
    if (this.#end < limit) return false;
    this.#oversizedFrames += 1;
    return this.#abandon(limit - 1);
  }

  #follow(end: number, frames: Uint8Array[]): boolean {
    if (this.#state === "marker") return this.#marker(end, frames);
    return this.#state === "scan" ? this.#scan(end, frames) : this.#opaque(end, frames);
  }

  #search(): boolean {
    this.#toMark(this.#end);
    if (this.#at + 1 >= this.#end) return false;
    if (this.#buffer[this.#at + 1] === startOfImage) {
      this.#start = this.#at;
      this.#at += 2;
      this.#sound = this.#at;
      this.#state = "marker";
    } else {
      this.#at += 1;
    }
    return true;
  }

  #marker(end: number, frames: Uint8Array[]): boolean {
    const at = this.#at;
    if (at >= end) return false;
    if (this.#buffer[at] !== 0xff) return this.#astray();
    if (at + 1 >= end) return false;
    const code = this.#byte(at + 1);
    if (code === endOfImage) return this.#emit(at + 2, frames);
    if (code === startOfImage) return this.#abandon(at);
    if (code === 0xff || isRestart(code)) {
      this.#at += code === 0xff ? 1 : 2;
      return true;
    }
    return code < 0xc0 ? this.#astray() : this.#segment(code, end);
  }

  #segment(code: number, end: number): boolean {
    const payload = this.#at + 2;
    if (payload + 2 > end) return false;
    const length = this.#byte(payload) * 256 + this.#byte(payload + 1);
    if (length < 2) return this.#astray();
    if (payload + length > end) return false;
    this.#sound = payload;
    this.#at = payload + length;
    this.#state = code === startOfScan ? "scan" : "marker";
    return true;
  }

  #scan(end: number, frames: Uint8Array[]): boolean {
    for (;;) {
      this.#toMark(end);
      const at = this.#at;
      if (at + 1 >= end) return false;
      const code = this.#byte(at + 1);
      if (code === endOfImage) return this.#emit(at + 2, frames);
      if (code === startOfImage) return this.#abandon(at);
      if (code >= 0xc0 && code !== 0xff && !isRestart(code)) {
        this.#state = "marker";
        return true;
      }
      // Codes 01…BF are reserved: a flipped bit in the data, which decoders survive.
      this.#at += code === 0xff ? 1 : 2;
    }
  }

  #opaque(end: number, frames: Uint8Array[]): boolean {
    const until = Math.min(end, this.#opaqueEnd ?? end);
    for (;;) {
      this.#toMark(until);
      const at = this.#at;
      if (at + 1 >= until) break;
      const code = this.#byte(at + 1);
      if (code === endOfImage && this.#opaqueEnd === undefined) return this.#emit(at + 2, frames);
      if (code === startOfImage) {
        if (at + 2 >= until) break;
        // Another picture begins before this one could end: the length was a lie.
        if (this.#buffer[at + 2] === 0xff) return this.#abandon(at);
      }
      this.#at += 1;
    }
    const stop = this.#opaqueEnd;
    if (stop === undefined || end < stop) return false;
    const whole = this.#byte(stop - 2) === 0xff && this.#byte(stop - 1) === endOfImage;
    return whole ? this.#emit(stop, frames) : this.#abandon(this.#at);
  }

  /** The markers end here. What the part's header says may still save the picture. */
  #astray(): boolean {
    const length = partLength(this.#buffer, Math.max(this.#from, this.#start - headerBytes), this.#start);
    const stop = length === undefined || length === null ? undefined : this.#start + length;
    const usable =
      stop === undefined
        ? length === null && this.#sound === this.#start + 2
        : stop >= this.#sound + 2 && stop <= this.#start + this.#maxFrameBytes;
    if (!usable) return this.#abandon(this.#sound);
    this.#opaqueEnd = stop;
    this.#at = this.#sound;
    this.#state = "opaque";
    return true;
  }

  /** Gives up the picture begun and looks for the next from `at`. */
  #abandon(at: number): true {
    this.#at = at;
    this.#state = "search";
    return true;
  }

  #emit(end: number, frames: Uint8Array[]): true {
    frames.push(this.#buffer.slice(this.#start, end));
    this.#skippedBytes += this.#start - this.#from;
    this.#from = end;
    return this.#abandon(end);
  }

  /** Moves on to the next FF, or to `end`. */
  #toMark(end: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    while (at < end && buffer[at] !== 0xff) at += 1;
    this.#at = at;
  }

  #byte(at: number): number {
    return this.#buffer[at] ?? 0;
  }
}

function isRestart(code: number): boolean {
  return code >= 0xd0 && code <= 0xd7;
}

/**
 * Length that the part header in [low, end) gives for the body at `end`, bytes; null when it gives
 * none, undefined when there is no header: no blank line right before `end`.
 */
function partLength(bytes: Uint8Array, low: number, end: number): number | null | undefined {
  const blank = lineBreakBefore(bytes, end);
  if (blank === undefined || lineBreakBefore(bytes, blank) === undefined) return undefined;
  let from = blank - 1;
  while (from > low && !isBlankLineBefore(bytes, from)) from -= 1;
  const text = String.fromCharCode(...bytes.subarray(Math.max(low, from), end));
  const length = [...text.matchAll(/(?:^|\n)content-length[ \t]*:[ \t]*(\d{1,10})[ \t]*\r?$/gimu)].at(-1)?.[1];
  return length === undefined ? null : Number(length);
}

function isBlankLineBefore(bytes: Uint8Array, at: number): boolean {
  const blank = lineBreakBefore(bytes, at);
  return blank !== undefined && lineBreakBefore(bytes, blank) !== undefined;
}

/** Where the line break (LF or CR LF) that ends at `at` begins; undefined when there is none. */
function lineBreakBefore(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at - 1] !== lf) return undefined;
  return bytes[at - 2] === cr ? at - 2 : at - 1;
}
