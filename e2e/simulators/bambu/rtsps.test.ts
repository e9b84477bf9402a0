// The simulated RTSPS camera: to ffmpeg, which decodes it, and to a client by hand for what ffmpeg
// would never send.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { before, describe, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { Journal } from "../admin/journal.ts";
import { readPictureCode } from "../picture/code.ts";
import { FrameSource } from "../picture/frame-source.ts";
import { createIdentity, type Identity, serverTls } from "./certificates.ts";
import { RtspsCamera } from "./rtsps.ts";

const host = "127.0.0.1";
const serial = "00M00A000000001";
const accessCode = "12345678";
const scene = { headX: 0.5, headY: 0.5, grown: 0.4, bedDrop: 0.4, lightOn: true, nozzleHeat: 1 };
const size = { width: 320, height: 180 };
const run = promisify(execFile);

let identity: Identity;
before(async () => {
  identity = await createIdentity(serial);
});

interface Rig extends RtspsCamera {
  readonly journal: Journal;
}

async function startCamera({ width, height } = size): Promise<Rig> {
  const source = new FrameSource({ width, height, framesPerSecond: 15, look: () => scene });
  const tls = serverTls(identity, { allowTls13: false });
  const journal = new Journal();
  const camera = new RtspsCamera({ host, port: 0, tls, source, accessCode: () => accessCode, journal });
  await camera.open();
  return Object.assign(camera, { journal });
}

/** `count` pictures as ffmpeg decodes them, in grey. */
async function play(camera: RtspsCamera, count: number, more: readonly string[] = []): Promise<Buffer> {
  const input = ["-rtsp_transport", "tcp", ...more, "-i", url(camera)];
  const output = ["-frames:v", String(count), "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-"];
  const { stdout } = await run("ffmpeg", ["-v", "error", "-nostdin", ...input, ...output], {
    encoding: "buffer",
    maxBuffer: 200 * 1024 * 1024,
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  return stdout;
}

function url(camera: RtspsCamera, code = accessCode): string {
  return `rtsps://bblp:${code}@${host}:${camera.port}/streaming/live/1`;
}

class BareClient implements Disposable {
  readonly socket: TLSSocket;
  ended = false;
  /** RTP that has come, without its frame. */
  readonly packets: Buffer[] = [];
  #unread = Buffer.alloc(0);
  #cseq = 0;
  readonly #replies: string[] = [];
  readonly #target: string;

  constructor(camera: RtspsCamera) {
    this.#target = `rtsp://${host}:${camera.port}/streaming/live/1`;
    this.socket = connectTls({ host, port: camera.port, servername: serial, ca: identity.ca });
    this.socket.on("error", () => {});
    this.socket.on("data", (piece: Buffer) => this.#read(piece));
    this.socket.once("close", () => {
      this.ended = true;
    });
  }

  async ask(method: string, headers: Readonly<Record<string, string>> = {}, path = ""): Promise<string> {
    this.#cseq += 1;
    const lines = Object.entries({ CSeq: String(this.#cseq), ...headers }).map(([name, value]) => `${name}: ${value}`);
    this.socket.write(`${method} ${this.#target}${path} RTSP/1.0\r\n${lines.join("\r\n")}\r\n\r\n`);
    await until(`the answer to ${method}`, () => this.#replies.length > 0);
    const reply = this.#replies.shift() ?? "";
    assert.match(reply, new RegExp(`\r\nCSeq: ${this.#cseq}\r\n`));
    return reply;
  }

  async playing(): Promise<this> {
    const setup = { Transport: "RTP/AVP/TCP;unicast;interleaved=4-5", Authorization: basic(accessCode) };
    assert.match(await this.ask("SETUP", setup, "/track1"), /200 OK.*interleaved=4-5/s);
    assert.match(await this.ask("PLAY"), / 200 OK/);
    return this;
  }

  #read(piece: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, piece]);
    for (;;) {
      const end = this.#unread[0] === 0x24 ? this.#interleavedEnd() : this.#replyEnd();
      if (end === undefined || end > this.#unread.length) return;
      if (this.#unread[0] === 0x24) this.packets.push(this.#unread.subarray(4, end));
      else this.#replies.push(this.#unread.toString("utf8", 0, end));
      this.#unread = this.#unread.subarray(end);
    }
  }

  #interleavedEnd(): number | undefined {
    return this.#unread.length < 4 ? undefined : 4 + this.#unread.readUInt16BE(2);
  }

  #replyEnd(): number | undefined {
    const head = this.#unread.indexOf("\r\n\r\n");
    if (head < 0) return undefined;
    const length = /Content-Length: (\d+)/.exec(this.#unread.toString("utf8", 0, head))?.[1] ?? "0";
    return head + 4 + Number(length);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

function basic(code: string): string {
  return `Basic ${Buffer.from(`bblp:${code}`).toString("base64")}`;
}

function digest(challenge: string, code: string): string {
  const [, realm, nonce] = /Digest realm="([^"]+)", nonce="([^"]+)"/.exec(challenge) ?? [];
  const response = md5(`${md5(`bblp:${realm}:${code}`)}:${nonce}:${md5("DESCRIBE:rtsp://any/uri")}`);
  return `Digest username="bblp", realm="${realm}", nonce="${nonce}", uri="rtsp://any/uri", response="${response}"`;
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

describe("the simulated RTSPS camera, to ffmpeg", { timeout: 240_000 }, () => {
  test("plays the moving picture, whose code is read after decoding, to two viewers of one encoder", async () => {
    await using camera = await startCamera({ width: 1280, height: 720 });
    const [first, second] = await Promise.all([play(camera, 30), play(camera, 20)]);
    for (const [pictures, count] of [
      [first, 30],
      [second, 20],
    ] as const) {
      const bytes = 1280 * 720;
      assert.equal(pictures.length, count * bytes);
      const numbers = Array.from({ length: count }, (_, index) => {
        const picture = pictures.subarray(index * bytes, (index + 1) * bytes);
        return readPictureCode(picture, 1280, 720)?.frameNumber ?? -1;
      });
      assert.ok(
        numbers.every((number, index) => number > (numbers[index - 1] ?? 0)),
        numbers.join(" "),
      );
    }
    await until("rest", () => camera.counters.encoders === 0);
    assert.deepEqual(camera.counters.viewers, { current: 0, peak: 2, total: 2 });
    assert.ok(!JSON.stringify(camera.journal.items()).includes(accessCode));
  });

  test("has an IDR picture each second, and stamps that increase", async () => {
    await using camera = await startCamera();
    const args = ["-v", "error", "-rtsp_transport", "tcp", "-read_intervals", "%+#50"];
    const { stdout } = await run(
      "ffprobe",
      [...args, "-show_entries", "packet=pts,flags", "-of", "csv=p=0", url(camera)],
      { timeout: 60_000, killSignal: "SIGKILL" },
    );
    const packets = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    assert.equal(packets.length, 50);
    const keys = packets.flatMap(([, flags], index) => (flags?.startsWith("K") === true ? [index] : []));
    assert.deepEqual(keys, [0, 15, 30, 45]);
    const stamps = packets.map(([pts]) => Number(pts)).filter((pts) => !Number.isNaN(pts));
    assert.ok(stamps.length >= 49);
    assert.ok(stamps.every((stamp, index) => index === 0 || stamp > (stamps[index - 1] ?? 0)));
  });

  test("refuses a wrong code", async () => {
    await using camera = await startCamera();
    const args = ["-v", "error", "-rtsp_transport", "tcp", url(camera, "87654321")];
    await assert.rejects(run("ffprobe", args, { timeout: 60_000, killSignal: "SIGKILL" }), /401 Unauthorized/);
    assert.ok(camera.counters.wrongLogins > 0);
    assert.equal(camera.counters.encoders, 0);
  });
});

describe("the simulated RTSPS camera, to a bare client", { timeout: 240_000 }, () => {
  test("takes Basic and Digest, and nothing without", async () => {
    await using camera = await startCamera();
    using client = new BareClient(camera);
    assert.match(await client.ask("OPTIONS"), /200 OK.*Public: .*DESCRIBE/s);
    const challenge = await client.ask("DESCRIBE");
    assert.match(challenge, /401 Unauthorized.*\r\nWWW-Authenticate: Digest .*\r\nWWW-Authenticate: Basic /s);
    assert.match(await client.ask("DESCRIBE", { Authorization: digest(challenge, "87654321") }), / 401 /);
    const description = await client.ask("DESCRIBE", { Authorization: digest(challenge, accessCode) });
    assert.match(description, /200 OK.*m=video 0 RTP\/AVP 96.*sprop-parameter-sets=[\w+/=]+,[\w+/=]+/s);
    using other = new BareClient(camera);
    assert.match(await other.ask("DESCRIBE", { Authorization: basic("no") }), / 401 /);
    assert.match(await other.ask("DESCRIBE", { Authorization: basic(accessCode) }), / 200 OK/);
    assert.equal(camera.counters.wrongLogins, 2);
    assert.equal(camera.counters.encoders, 1);
  });

  test("sends media in its own connection only, from an IDR picture on, until it is told to stop", async () => {
    await using camera = await startCamera();
    using client = new BareClient(camera);
    const udp = { Transport: "RTP/AVP;unicast;client_port=5000-5001", Authorization: basic(accessCode) };
    assert.match(await client.ask("SETUP", udp, "/track1"), / 461 /);
    assert.match(await client.ask("PLAY"), / 455 /);
    assert.match(await client.ask("DESCRIBE", {}, "/nothing"), / 404 /);
    assert.match(await client.ask("RECORD"), / 405 /);
    await client.playing();
    await until("packets", () => client.packets.length > 30);
    const types = client.packets.slice(0, 3).map((packet) => (packet[12] ?? 0) & 0x1f);
    assert.deepEqual(types.slice(0, 2), [7, 8]);
    assert.ok(types[2] === 5 || types[2] === 28);
    const sequences = client.packets.map((packet) => packet.readUInt16BE(2));
    assert.ok(sequences.every((number, index) => index === 0 || number === ((sequences[index - 1] ?? 0) + 1) % 65_536));
    assert.ok(client.packets.every((packet) => packet.length <= 1412));
    client.socket.write(Buffer.from("2405000401020304", "hex"));
    assert.match(await client.ask("GET_PARAMETER"), / 200 OK/);
    assert.match(await client.ask("TEARDOWN"), / 200 OK/);
    await until("rest", () => camera.counters.encoders === 0 && camera.counters.viewers.current === 0);
  });

  test("closes at once while it is off", async () => {
    await using camera = await startCamera();
    using client = await new BareClient(camera).playing();
    camera.knobs.enabled = false;
    camera.drop();
    await until("the end", () => client.ended);
    const socket = connectTcp(camera.port, host);
    socket.on("error", () => {}).resume();
    await once(socket, "close", { signal: AbortSignal.timeout(20_000) });
    camera.knobs.enabled = true;
    using again = await new BareClient(camera).playing();
    await until("packets", () => again.packets.length > 0);
  });

  test("cuts plays, stalls, and lets its clock stand still, when told so", async () => {
    await using camera = await startCamera();
    camera.knobs.dropAfterMs = 200;
    using cut = await new BareClient(camera).playing();
    await until("the cut", () => cut.ended);
    assert.equal(camera.counters.dropped, 1);
    camera.knobs.dropAfterMs = undefined;
    camera.knobs.frozenClock = true;
    using frozen = await new BareClient(camera).playing();
    await until("packets", () => frozen.packets.length > 10);
    assert.equal(new Set(frozen.packets.map((packet) => packet.readUInt32BE(4))).size, 1);
    camera.knobs.stalled = true;
    const { length } = frozen.packets;
    assert.match(await frozen.ask("GET_PARAMETER"), / 200 OK/);
    assert.ok(frozen.packets.length <= length + 10);
    assert.equal(frozen.ended, false);
  });

  test("drops what is no RTSP, and ends its encoder when it is closed", async () => {
    await using camera = await startCamera();
    for (const bytes of [
      "GET / HTTP/1.1\r\n\r\n",
      "x".repeat(20_000),
      "OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n",
    ]) {
      using client = new BareClient(camera);
      client.socket.write(bytes);
      await until("the end", () => client.ended);
    }
    using client = await new BareClient(camera).playing();
    await until("packets", () => client.packets.length > 0);
    await camera.close("reset");
    assert.equal(camera.counters.encoders, 0);
    await until("the end", () => client.ended);
    assert.equal(camera.counters.viewers.current, 0);
  });
});

async function until(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
