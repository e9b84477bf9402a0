// The camera of P1 and A1: one login of 80 bytes, then JPEGs for ever, over TLS, to one viewer.
//
// Login, all integers little-endian:
//   0  u32 0x40 (bytes of what follows the header)   4  u32 0x3000   8  u32 0   12 u32 0
//   16 32 bytes user, NUL padded                     48 32 bytes access code, NUL padded
// Frame: u32 bytes of the JPEG, u32 0, u32 1, u32 0, the JPEG.

import { createServer, type TLSSocket } from "node:tls";
import type { FrameSource } from "../picture/frame-source.ts";
import { type ServiceOptions, userName } from "./service.ts";
import { TcpService } from "./tcp-service.ts";

export interface JpegCameraKnobs {
  /** What a second viewer does to the first: takes its place, or waits in vain. */
  secondViewer: "displaces" | "starves";
  /** Connections stay open and bring no frame. */
  stalled: boolean;
}

export interface JpegCameraCounters {
  readonly viewers: { current: number; peak: number; total: number };
  wrongLogins: number;
  displaced: number;
  starved: number;
  frames: number;
}

const loginBytes = 80;
const loginMs = 10_000;
/** As large as the printer's TLS records are. */
const pieceBytes = 4096;
/** More than this waiting for a slow viewer, and it misses frames. */
const backlogBytes = 1024 * 1024;

/** APP0: JFIF 1.1, square pixels, no thumbnail. */
const jfif = Buffer.from("ffe000104a46494600010100000100010000", "hex");

export class JpegCamera extends TcpService<TLSSocket> {
  readonly knobs: JpegCameraKnobs = { secondViewer: "displaces", stalled: false };
  readonly counters: JpegCameraCounters = {
    viewers: { current: 0, peak: 0, total: 0 },
    wrongLogins: 0,
    displaced: 0,
    starved: 0,
    frames: 0,
  };
  readonly #options: ServiceOptions & { readonly source: FrameSource };
  readonly #connections = new Set<TLSSocket>();
  #viewer: TLSSocket | undefined;

  /** Does not listen yet. Frames are sent as `source` makes them: 1280x720, 1 a second. */
  constructor(options: ServiceOptions & { readonly source: FrameSource }) {
    super(options, (serve) => createServer(options.tls, serve));
    this.#options = options;
  }

  /** Ends the streams that run. */
  drop(): void {
    for (const socket of this.#connections) socket.destroy();
  }

  protected override serve(socket: TLSSocket): void {
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
    socket.on("error", () => {});
    socket.setNoDelay(true);
    socket.setMaxSendFragment(pieceBytes);
    const late = setTimeout(() => socket.destroy(), loginMs);
    socket.once("close", () => clearTimeout(late));
    let login = Buffer.alloc(0);
    socket.on("data", (piece: Buffer) => {
      if (login.length >= loginBytes) return;
      login = Buffer.concat([login, piece]);
      if (login.length < loginBytes) return;
      clearTimeout(late);
      this.#judge(socket, login.subarray(0, loginBytes));
    });
  }

  #judge(socket: TLSSocket, login: Buffer): void {
    const accepted = login.equals(loginFor(this.#options.accessCode()));
    this.#options.journal.add("camera", { login: userName, accepted });
    if (!accepted) {
      this.counters.wrongLogins += 1;
      socket.destroy();
      return;
    }
    if (this.#viewer !== undefined && this.knobs.secondViewer === "starves") {
      this.counters.starved += 1;
      return;
    }
    if (this.#viewer !== undefined) this.counters.displaced += 1;
    this.#leave();
    this.#show(socket);
  }

  #show(socket: TLSSocket): void {
    const { viewers } = this.counters;
    this.#viewer = socket;
    viewers.total += 1;
    viewers.current += 1;
    viewers.peak = Math.max(viewers.peak, viewers.current);
    const watch = this.#options.source.watch(({ jpeg }) => this.#send(socket, jpeg));
    socket.once("close", () => {
      watch[Symbol.dispose]();
      if (this.#viewer === socket) this.#leave();
    });
  }

  /** The viewer there is, if any, is one no more. */
  #leave(): void {
    if (this.#viewer === undefined) return;
    this.counters.viewers.current -= 1;
    const viewer = this.#viewer;
    this.#viewer = undefined;
    viewer.destroy();
  }

  #send(socket: TLSSocket, picture: Buffer): void {
    if (this.knobs.stalled || !socket.writable || socket.writableLength > backlogBytes) return;
    const jpeg = withJfif(picture);
    const header = Buffer.alloc(16);
    header.writeUInt32LE(jpeg.length, 0);
    header.writeUInt32LE(1, 8);
    // In a TLS record of its own, as pybambu expects it.
    socket.write(header);
    for (let at = 0; at < jpeg.length; at += pieceBytes) socket.write(jpeg.subarray(at, at + pieceBytes));
    this.counters.frames += 1;
  }
}

function loginFor(accessCode: string): Buffer {
  const login = Buffer.alloc(loginBytes);
  login.writeUInt32LE(0x40, 0);
  login.writeUInt32LE(0x3000, 4);
  login.write(userName, 16, 32, "latin1");
  login.write(accessCode, 48, 32, "latin1");
  return login;
}

/** The printer's JPEGs begin with the JFIF segment, and pybambu takes no others; the encoder here leaves it out. */
function withJfif(jpeg: Buffer): Buffer {
  return jpeg[3] === 0xe0 ? jpeg : Buffer.concat([jpeg.subarray(0, 2), jfif, jpeg.subarray(2)]);
}
