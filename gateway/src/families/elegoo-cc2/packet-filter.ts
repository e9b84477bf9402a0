// Lets MQTT packets through and drops those that are too long, so that a printer gone wrong cannot
// fill the memory. It reads only the fixed header of each packet (MQTT 3.1.1, 2.2): one byte of
// type, then one to four bytes of length, seven bits each, the lowest first.

import { Duplex } from "node:stream";
import type { Socket } from "node:net";

const maxLengthBytes = 4;

/** Cuts a stream of bytes into packets, as far as is needed to leave some out. */
export class PacketFilter {
  readonly #maxBytes: number;
  readonly #onDrop: (sizeBytes: number) => void;
  #header: number[] = [];
  #leftBytes = 0;
  #dropping = false;
  /** A length of five bytes is no MQTT: whoever reads it must find that out. */
  #lost = false;

  constructor(maxBytes: number, onDrop: (sizeBytes: number) => void) {
    this.#maxBytes = maxBytes;
    this.#onDrop = onDrop;
  }

  /** The bytes of `chunk` that go on. */
  take(chunk: Buffer): Buffer[] {
    if (this.#lost) return [chunk];
    const kept: Buffer[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#leftBytes > 0) {
        const end = Math.min(chunk.length, at + this.#leftBytes);
        if (!this.#dropping) kept.push(chunk.subarray(at, end));
        this.#leftBytes -= end - at;
        at = end;
      } else {
        const header = this.#read(chunk[at] ?? 0);
        at += 1;
        if (header !== undefined) kept.push(header);
        if (this.#lost) return [...kept, chunk.subarray(at)];
      }
    }
    return kept;
  }

  /** Takes one byte of a header; gives the whole header when it is complete and its packet goes on. */
  #read(byte: number): Buffer | undefined {
    this.#header.push(byte);
    const lengthBytes = this.#header.length - 1;
    if (lengthBytes === 0) return undefined;
    const more = (byte & 0x80) !== 0;
    if (more && lengthBytes < maxLengthBytes) return undefined;
    const header = Buffer.from(this.#header);
    this.#header = [];
    this.#lost = more;
    if (more) return header;
    this.#leftBytes = header.subarray(1).reduceRight((length, part) => length * 128 + (part & 0x7f), 0);
    this.#dropping = this.#leftBytes > this.#maxBytes;
    if (!this.#dropping) return header;
    this.#onDrop(this.#leftBytes);
    return undefined;
  }
}

/** The socket as MQTT reads it: everything out, filtered packets in. */
export class FilteredSocket extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket, filter: PacketFilter) {
    super();
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      for (const part of filter.take(chunk)) if (!this.push(part)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
