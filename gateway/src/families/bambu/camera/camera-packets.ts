// The bytes of the JPEG camera: the log-in that goes out, the frames that come back, in whatever
// pieces TLS brings them. No sockets, no clock. Numbers are little-endian. Source: the README.
//
//   log-in, 80 bytes: 0 u32 64 · 4 u32 0x3000 · 8 u64 0 · 16 user, 32 bytes · 48 access code, 32 bytes
//   frame header, 16: 0 u32 size of the JPEG, all four bytes · 4 u32 track · 8 u32 flags · 12 u32 0

import { PrinterError } from "../../../model/errors.ts";

const headerBytes = 16;
const smallestBytes = 1024;
const largestBytes = 10 * 1024 * 1024;

/** @param accessCode at most 32 ASCII characters */
export function loginPacket(accessCode: string): Buffer {
  const packet = Buffer.alloc(80);
  packet.writeUInt32LE(64, 0);
  packet.writeUInt32LE(0x3000, 4);
  packet.write("bblp", 16, 32, "ascii");
  packet.write(accessCode, 48, 32, "ascii");
  return packet;
}

/** Puts frames together. */
export class FrameReader {
  readonly #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** Of the frame that is under way, once its header is read. */
  #frameBytes: number | undefined;

  /**
   * The pictures that these bytes complete.
   * @throws PrinterError `protocol` for a size that no picture has, or bytes that are none
   */
  *push(bytes: Buffer): Generator<Uint8Array> {
    this.#chunks.push(bytes);
    this.#heldBytes += bytes.length;
    for (;;) {
      if (this.#frameBytes === undefined) {
        if (this.#heldBytes < headerBytes) return;
        this.#frameBytes = sizeOf(this.#take(headerBytes));
      }
      if (this.#heldBytes < this.#frameBytes) return;
      const jpeg = this.#take(this.#frameBytes);
      this.#frameBytes = undefined;
      if (!isJpeg(jpeg)) throw new PrinterError("protocol", "the camera sends something that is no picture");
      yield jpeg;
    }
  }

  #take(count: number): Buffer {
    const all =
      this.#chunks.length === 1 && this.#chunks[0] !== undefined ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks.length = 0;
    this.#heldBytes = all.length - count;
    if (this.#heldBytes > 0) this.#chunks.push(all.subarray(count));
    return all.subarray(0, count);
  }
}

function sizeOf(header: Buffer): number {
  const size = header.readUInt32LE(0);
  if (size <= smallestBytes || size >= largestBytes) {
    throw new PrinterError("protocol", `the camera announces a picture of ${size} bytes, which none has`);
  }
  return size;
}

function isJpeg(bytes: Buffer): boolean {
  return bytes.readUInt16BE(0) === 0xffd8 && bytes.readUInt16BE(bytes.length - 2) === 0xffd9;
}
