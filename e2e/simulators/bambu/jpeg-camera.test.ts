// The simulated JPEG camera, to a viewer that builds its own login and reads its own frames.

import assert from "node:assert/strict";
import { once } from "node:events";
import { before, describe, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import sharp from "sharp";
import { Journal } from "../admin/journal.ts";
import { readPictureCode } from "../picture/code.ts";
import { FrameSource } from "../picture/frame-source.ts";
import { createIdentity, type Identity, serverTls } from "./certificates.ts";
import { JpegCamera } from "./jpeg-camera.ts";

const host = "127.0.0.1";
const serial = "01P00A000000001";
const accessCode = "12345678";
const scene = { headX: 0.5, headY: 0.5, grown: 0.4, bedDrop: 0.4, lightOn: true, nozzleHeat: 1 };

let identity: Identity;
before(async () => {
  identity = await createIdentity(serial);
});

/** With one byte changed, where `wrongAt` says so. */
function loginPacket(code = accessCode, wrongAt?: number): Buffer {
  const packet = Buffer.concat([
    Buffer.from("40000000003000000000000000000000", "hex"),
    Buffer.from("bblp".padEnd(32, "\0")),
    Buffer.from(code.padEnd(32, "\0")),
  ]);
  if (wrongAt !== undefined) packet[wrongAt] = (packet[wrongAt] ?? 0) ^ 1;
  return packet;
}

class Viewer implements Disposable {
  readonly socket: TLSSocket;
  bytes = Buffer.alloc(0);
  longestPiece = 0;
  ended = false;

  constructor(camera: JpegCamera, login: Buffer) {
    this.socket = connect({ host, port: camera.port, servername: serial, ca: identity.ca });
    this.socket.on("error", () => {});
    this.socket.on("data", (piece: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, piece]);
      this.longestPiece = Math.max(this.longestPiece, piece.length);
    });
    this.socket.once("close", () => {
      this.ended = true;
    });
    // In two pieces, as a network may bring it.
    this.socket.write(login.subarray(0, 20));
    setImmediate(() => this.socket.write(login.subarray(20)));
  }

  /** Whole frames: header and picture. */
  get frames(): readonly (readonly [Buffer, Buffer])[] {
    const found: (readonly [Buffer, Buffer])[] = [];
    for (let at = 0; at + 16 <= this.bytes.length;) {
      const next = at + 16 + this.bytes.readUInt32LE(at);
      if (next > this.bytes.length) break;
      found.push([this.bytes.subarray(at, at + 16), this.bytes.subarray(at + 16, next)]);
      at = next;
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

async function startCamera(): Promise<JpegCamera & { readonly source: FrameSource }> {
  const source = new FrameSource({ width: 1280, height: 720, framesPerSecond: 5, look: () => scene });
  const tls = serverTls(identity, { allowTls13: false });
  const camera = new JpegCamera({ host, port: 0, tls, source, accessCode: () => accessCode, journal: new Journal() });
  await camera.open();
  return Object.assign(camera, { source });
}

describe("the simulated JPEG camera", { timeout: 120_000 }, () => {
  test("sends frames with their header, in pieces of 4096 bytes, whose picture goes on", async () => {
    await using camera = await startCamera();
    using viewer = new Viewer(camera, loginPacket());
    await until("three frames", () => viewer.frames.length >= 3);
    const numbers: number[] = [];
    for (const [header, jpeg] of viewer.frames) {
      assert.equal(header.toString("hex", 4), "000000000100000000000000");
      assert.equal(jpeg.readUInt16BE(0), 0xffd8);
      assert.equal(jpeg.readUInt16BE(jpeg.length - 2), 0xffd9);
      const { data, info } = await sharp(jpeg).greyscale().raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height], [1280, 720]);
      numbers.push(readPictureCode(data, info.width, info.height)?.frameNumber ?? -1);
    }
    assert.ok(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)));
    assert.ok(viewer.longestPiece <= 4096);
    assert.deepEqual(camera.counters.viewers, { current: 1, peak: 1, total: 1 });
  });

  test("closes without a byte on a login that is wrong in any part", async () => {
    await using camera = await startCamera();
    const logins = [
      loginPacket("87654321"),
      loginPacket(""),
      ...[0, 4, 8, 12, 16, 20, 47, 48, 56, 79].map((at) => loginPacket(accessCode, at)),
    ];
    for (const login of logins) {
      using viewer = new Viewer(camera, login);
      await until("the end", () => viewer.ended);
      assert.equal(viewer.bytes.length, 0);
    }
    assert.equal(camera.counters.wrongLogins, logins.length);
    assert.equal(camera.counters.viewers.total, 0);
  });

  test("gives its pictures to one viewer: the second displaces the first, or gets nothing", async () => {
    await using camera = await startCamera();
    using first = new Viewer(camera, loginPacket());
    await until("a frame", () => first.frames.length > 0);
    using second = new Viewer(camera, loginPacket());
    await until("a frame for the second", () => second.frames.length > 0);
    await until("the first one's end", () => first.ended);
    camera.knobs.secondViewer = "starves";
    using third = new Viewer(camera, loginPacket());
    await until("the third", () => camera.counters.starved === 1);
    const { length } = second.frames;
    await until("more for the second", () => second.frames.length > length + 1);
    assert.equal(third.bytes.length, 0);
    assert.equal(third.ended, false);
    assert.deepEqual(camera.counters.viewers, { current: 1, peak: 1, total: 2 });
  });

  test("stalls, refuses when closed, comes back on its port, and lets its sensor rest", async () => {
    await using camera = await startCamera();
    const { port } = camera;
    camera.knobs.stalled = true;
    using stalled = new Viewer(camera, loginPacket());
    await until("the viewer", () => camera.counters.viewers.current === 1);
    await camera.source.next();
    assert.equal(stalled.bytes.length, 0);
    await camera.close("reset");
    await until("the end", () => stalled.ended);
    const [error] = (await once(connect({ host, port, servername: serial, ca: identity.ca }), "error")) as [Error];
    assert.match(error.message, /ECONNREFUSED/);
    camera.knobs.stalled = false;
    await camera.open();
    using viewer = new Viewer(camera, loginPacket());
    await until("a frame", () => viewer.frames.length > 0);
    assert.equal(camera.port, port);
    camera.drop();
    await until("nobody", () => camera.counters.viewers.current === 0);
  });
});

async function until(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
