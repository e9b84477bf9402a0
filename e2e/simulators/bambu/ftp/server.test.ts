// The simulated file server with foreign clients: basic-ftp, and curl where it is installed; and with
// a bare TLS socket for what neither would ever send.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm, stat, writeFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { after, before, describe, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { Client, FTPError } from "basic-ftp";
import { Journal } from "../../admin/journal.ts";
import { createIdentity, type Identity, serverTls } from "../certificates.ts";
import { Card } from "../storage.ts";
import { FtpServer } from "./server.ts";

const host = "127.0.0.1";
const serial = "01P00A000000001";
const accessCode = "12345678";
const megabyte = 1024 * 1024;
const run = promisify(execFile);

let identity: Identity;
let folder: string;

class Rig implements AsyncDisposable {
  readonly card: Card;
  readonly server: FtpServer;
  readonly journal = new Journal();
  accessCode = accessCode;

  private constructor(card: Card, allowTls13: boolean) {
    this.card = card;
    const tls = serverTls(identity, { allowTls13 });
    this.server = new FtpServer({
      host,
      port: 0,
      tls,
      card,
      accessCode: () => this.accessCode,
      journal: this.journal,
    });
  }

  static async start({ allowTls13 = false } = {}): Promise<Rig> {
    const rig = new Rig(await Card.create(), allowTls13);
    await rig.server.open();
    return rig;
  }

  async client(timeoutMs = 30_000): Promise<Client & Disposable> {
    const client = new Client(timeoutMs);
    await client.access({
      host,
      port: this.server.port,
      user: "bblp",
      password: accessCode,
      secure: "implicit",
      secureOptions: { ca: identity.ca, servername: serial },
    });
    return Object.assign(client, { [Symbol.dispose]: () => client.close() });
  }

  /** Arguments for curl, which resolves the serial to the loopback address. */
  curl(path: string, ...more: readonly string[]): readonly string[] {
    const { port } = this.server;
    const trust = ["--cacert", join(folder, "ca.pem"), "--resolve", `${serial}:${port}:${host}`];
    const url = `ftps://${serial}:${port}${path}`;
    return ["-sS", "--max-time", "100", "--ssl-reqd", "--user", `bblp:${accessCode}`, ...trust, ...more, url];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.card[Symbol.asyncDispose]();
  }
}

/** Says lines by hand and reads whole replies. */
class BareClient implements AsyncDisposable {
  readonly socket: TLSSocket;
  #lines: AsyncIterator<string>;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on("error", () => {});
    this.#lines = linesOf(socket);
  }

  static async open({ server }: Rig, login = true): Promise<BareClient> {
    const socket = connectTls({ host, port: server.port, servername: serial, ca: identity.ca });
    const client = new BareClient(socket);
    assert.match(await client.reply(), /^220 /);
    if (login) {
      assert.match(await client.say("USER bblp"), /^331 /);
      assert.match(await client.say(`PASS ${accessCode}`), /^230 /);
      await client.say("PBSZ 0");
    }
    return client;
  }

  async say(line: string): Promise<string> {
    this.socket.write(`${line}\r\n`);
    return this.reply();
  }

  async reply(): Promise<string> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) return "closed";
      if (/^\d{3} /.test(value)) return value;
    }
  }

  async passive(): Promise<Socket> {
    const numbers =
      /\(([\d,]+)\)/
        .exec(await this.say("PASV"))?.[1]
        ?.split(",")
        .map(Number) ?? [];
    assert.deepEqual(numbers.slice(0, 4), [127, 0, 0, 1]);
    const socket = connectTcp((numbers[4] ?? 0) * 256 + (numbers[5] ?? 0), host);
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
  }
}

async function* linesOf(socket: TLSSocket): AsyncGenerator<string> {
  let unread = "";
  try {
    for await (const piece of socket) {
      const lines = (unread + String(piece)).split("\r\n");
      unread = lines.pop() ?? "";
      yield* lines;
    }
  } catch {
    // Cut off, which is an end too.
  }
}

async function upload(client: Client, content: Buffer, path: string): Promise<number> {
  return client.uploadFrom(Readable.from(pieces(content)), path).then(
    ({ code }) => code,
    (error: unknown) => {
      if (error instanceof FTPError) return error.code;
      throw error;
    },
  );
}

function* pieces(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += 16_384) yield content.subarray(at, at + 16_384);
}

async function download(client: Client, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  await client.downloadTo(sink, path);
  return Buffer.concat(chunks);
}

async function md5(path: string): Promise<string> {
  const hash = createHash("md5");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Bytes that no TLS compression or sparse file could shorten, and that differ everywhere. */
async function writeBigFile(path: string, megabytes: number): Promise<void> {
  const file = await open(path, "w");
  for (let index = 0; index < megabytes; index++) {
    await file.writeFile(
      createHash("sha512")
        .update(String(index))
        .digest("hex")
        .repeat(megabyte / 128),
    );
  }
  await file.close();
}

before(async () => {
  identity = await createIdentity(serial);
  folder = await mkdtemp(join(tmpdir(), "gantry-ftp-test-"));
  await writeFile(join(folder, "ca.pem"), identity.ca);
});
after(async () => rm(folder, { recursive: true, force: true }));

describe("the simulated file server, to basic-ftp", { timeout: 240_000 }, () => {
  for (const allowTls13 of [false, true]) {
    test(`takes, lists, gives and deletes a file over TLS ${allowTls13 ? "1.3" : "1.2"}`, async () => {
      await using rig = await Rig.start({ allowTls13 });
      using client = await rig.client();
      const content = Buffer.from("solid cube ".repeat(50_000));
      assert.equal(await upload(client, content, "/cache/cube with spaces ü.3mf"), 226);
      assert.equal(await client.size("/cache/cube with spaces ü.3mf"), content.length);
      const listed = await client.list("/cache");
      assert.deepEqual(
        listed.map(({ name, size, isFile }) => ({ name, size, isFile })),
        [{ name: "cube with spaces ü.3mf", size: content.length, isFile: true }],
      );
      assert.ok((await download(client, "/cache/cube with spaces ü.3mf")).equals(content));
      await client.rename("/cache/cube with spaces ü.3mf", "/cube.3mf");
      assert.ok(Math.abs((await client.lastMod("/cube.3mf")).getTime() - Date.now()) < 3_600_000);
      await client.remove("/cube.3mf");
      await assert.rejects(client.size("/cube.3mf"), FTPError);
      const folders = (await client.list("/")).filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
      assert.deepEqual(folders, ["cache", "logs", "model", "timelapse"]);
      const { counters } = rig.server;
      assert.equal(counters.refusedDataChannels, 0);
      assert.deepEqual([counters.uploads, counters.downloads, counters.logins], [1, 1, 1]);
      assert.equal(counters.bytesUp, content.length);
      assert.deepEqual(counters.transfers, { current: 0, peak: 1 });
    });
  }

  test("refuses a wrong access code with 530, and the old one once it has changed", async () => {
    await using rig = await Rig.start();
    rig.accessCode = "other";
    await assert.rejects(rig.client(), (error: FTPError) => error.code === 530);
    assert.equal(rig.server.counters.wrongLogins, 1);
    assert.ok(!JSON.stringify(rig.journal.items()).includes(accessCode));
  });

  test("leaves a partial file when an upload is cut", async () => {
    await using rig = await Rig.start();
    rig.server.knobs.bytesPerSecond = megabyte;
    using client = await rig.client();
    const sent = upload(client, Buffer.alloc(8 * megabyte, 1), "/cut.3mf").catch((error: unknown) => error);
    await until("some bytes", () => rig.server.counters.bytesUp > 100_000);
    client.close();
    await sent;
    await until("the end", () => rig.server.counters.transfers.current === 0);
    const size = (await rig.card.entry("/cut.3mf"))?.sizeBytes ?? 0;
    assert.ok(size > 0 && size < 8 * megabyte, `${size} bytes`);
  });

  test("plays the faults of an upload", async () => {
    await using rig = await Rig.start();
    const { knobs } = rig.server;
    const content = Buffer.alloc(300_000, 7);
    using client = await rig.client();
    const attempt = async (): Promise<readonly [number, number | undefined]> => {
      await rig.card.remove("/a.3mf");
      const code = await upload(client, content, "/a.3mf");
      return [code, (await rig.card.entry("/a.3mf"))?.sizeBytes];
    };
    knobs.uploadFault = "426-complete";
    assert.deepEqual(await attempt(), [426, content.length]);
    knobs.uploadFault = "426-truncated";
    assert.deepEqual(await attempt(), [426, 65_536]);
    knobs.uploadFault = "553";
    assert.deepEqual(await attempt(), [553, undefined]);
    knobs.uploadFault = undefined;
    knobs.lateReplyMs = 300;
    assert.deepEqual(await attempt(), [226, content.length]);
    knobs.dataRefused = true;
    assert.deepEqual(await attempt(), [425, 0]);
    knobs.dataRefused = false;
    rig.card.state = "full";
    assert.deepEqual(await attempt(), [552, undefined]);
    rig.card.state = "present";
    rig.card.capacityBytes = 100_000;
    assert.deepEqual(await attempt(), [552, 100_000]);
    rig.card.state = "removed";
    assert.deepEqual(await attempt(), [553, undefined]);
    assert.deepEqual(await client.list("/"), []);
  });

  test("never sends a 226, or never answers a handshake, when told so", async () => {
    await using rig = await Rig.start();
    const { knobs } = rig.server;
    for (const turn of [
      () => {
        knobs.uploadFault = "no-226";
      },
      () => {
        knobs.protectedDataHangs = true;
      },
    ]) {
      turn();
      using client = await rig.client(1500);
      await assert.rejects(upload(client, Buffer.alloc(1000), "/silent.3mf"), /Timeout/);
    }
    assert.equal(
      (await rig.card.entry("/silent.3mf"))?.sizeBytes,
      0,
      "the second upload has begun and brought nothing",
    );
    await until("the end", () => rig.server.counters.transfers.current === 0);
  });

  test("opens extended passive ports when it is told to know them", async () => {
    await using rig = await Rig.start();
    rig.server.knobs.epsv = true;
    using client = await rig.client();
    assert.equal((await client.list("/")).length, 4);
    assert.ok(rig.journal.items().some((item) => item["command"] === "EPSV"));
    assert.ok(rig.journal.items().every((item) => item["command"] !== "PASV"));
  });
});

describe("the simulated file server, to curl", { timeout: 400_000 }, () => {
  test("moves 200 MB up and down unharmed", async (context) => {
    if (!(await hasCurl())) {
      context.skip("curl is not installed");
      return;
    }
    await using rig = await Rig.start();
    const [up, down] = [join(folder, "up.3mf"), join(folder, "down.3mf")];
    await writeBigFile(up, 200);
    await run("curl", [...rig.curl("/cache/big.3mf", "--upload-file", up)]);
    assert.equal((await rig.card.entry("/cache/big.3mf"))?.sizeBytes, (await stat(up)).size);
    await run("curl", [...rig.curl("/cache/big.3mf", "--output", down)]);
    assert.equal(await md5(down), await md5(up));
    const { stdout } = await run("curl", [...rig.curl("/cache/")]);
    assert.match(stdout, /^-rw-r--r-- {4}1 0 +0 +209715200 \w{3} \d\d \d\d:\d\d big\.3mf\r?\n$/);
  });

  test("names files bare or with their paths, as the model does", async (context) => {
    if (!(await hasCurl())) {
      context.skip("curl is not installed");
      return;
    }
    await using rig = await Rig.start();
    await rig.card.put("/cache/a.3mf", "a");
    const names = async (): Promise<string> => (await run("curl", [...rig.curl("/cache/", "--list-only")])).stdout;
    assert.equal(await names(), "a.3mf\n");
    rig.server.knobs.nlst = "full";
    assert.equal(await names(), "/cache/a.3mf\n");
  });
});

describe("the simulated file server, to a bare client", { timeout: 120_000 }, () => {
  test("knows neither EPSV nor MLSD, and tells what is free", async () => {
    await using rig = await Rig.start();
    rig.card.capacityBytes = 5000;
    await using client = await BareClient.open(rig);
    assert.match(await client.say("EPSV"), /^500 /);
    assert.match(await client.say("MLSD /"), /^500 /);
    assert.match(await client.say("PORT 127,0,0,1,9,9"), /^500 /);
    assert.equal(await client.say("AVBL"), "213 5000");
    assert.match(await client.say("__proto__"), /^500 /);
    assert.match(await client.say("LIST"), /^425 /);
    assert.match(await client.say("RNTO /x"), /^503 /);
    assert.match(await client.say("DELE /"), /^550 /);
    assert.match(await client.say("RMD /timelapse"), /^550 /);
    assert.match(await client.say("MKD /new"), /^257 "\/new"/);
    assert.match(await client.say("CWD /new/../timelapse"), /^250 /);
    assert.match(await client.say("PWD"), /^257 "\/timelapse"/);
    assert.match(await client.say("SIZE ../../../etc/passwd"), /^550 /);
    assert.match(await client.say("QUIT"), /^221 /);
  });

  test("wants a login before everything else, and closes after three wrong ones", async () => {
    await using rig = await Rig.start();
    await using client = await BareClient.open(rig, false);
    assert.match(await client.say("LIST"), /^530 /);
    assert.match(await client.say("PASS x"), /^503 /);
    for (let attempt = 0; attempt < 3; attempt++) {
      assert.match(await client.say("USER bblp"), /^331 /);
      assert.match(await client.say("PASS wrong"), /^530 /);
    }
    while ((await client.reply()) !== "closed");
    assert.equal(rig.server.counters.wrongLogins, 3);
  });

  test("refuses data in clear, unless it is told to allow it", async () => {
    await using rig = await Rig.start();
    await rig.card.put("/a.txt", "in clear");
    await using client = await BareClient.open(rig);
    await client.say("PROT C");
    await client.passive();
    assert.match(await client.say("RETR /a.txt"), /^522 /);
    rig.server.knobs.clearData = true;
    const socket = await client.passive();
    assert.match(await client.say("RETR /a.txt"), /^150 /);
    assert.equal(await text(socket), "in clear");
    assert.match(await client.reply(), /^226 /);
  });

  test("refuses a data channel that resumes no session, unless it is told not to mind", async () => {
    await using rig = await Rig.start();
    await rig.card.put("/a.txt", "secret");
    await using client = await BareClient.open(rig);
    await client.say("PROT P");
    const attempt = async (): Promise<string> => {
      const socket = await client.passive();
      const opening = client.say("RETR /a.txt");
      const secured = connectTls({ socket, servername: serial, ca: identity.ca });
      secured.on("error", () => {}).resume();
      assert.match(await opening, /^150 /);
      return client.reply();
    };
    assert.equal(await attempt(), "522 SSL connection failed; session reuse required");
    assert.equal(rig.server.counters.refusedDataChannels, 1);
    rig.server.knobs.sessionReuse = false;
    assert.match(await attempt(), /^226 /);
  });

  test("ends a transfer on ABOR, and a session on a line without end", async () => {
    await using rig = await Rig.start();
    rig.server.knobs.clearData = true;
    await using client = await BareClient.open(rig);
    const socket = await client.passive();
    assert.match(await client.say("STOR /a.3mf"), /^150 /);
    socket.write(Buffer.alloc(1000));
    await until("the bytes", () => rig.server.counters.bytesUp === 1000);
    assert.match(await client.say("ABOR"), /^426 /);
    assert.match(await client.reply(), /^226 /);
    assert.equal((await rig.card.entry("/a.3mf"))?.sizeBytes, 1000);
    assert.match(await client.say("x".repeat(10_000)), /^500 /);
    while ((await client.reply()) !== "closed");
  });

  test("ends sessions and refuses new ones when it is closed, and opens again on its port", async () => {
    await using rig = await Rig.start();
    const { port } = rig.server;
    await using client = await BareClient.open(rig);
    await client.passive();
    await rig.server.close("reset");
    assert.equal(await client.reply(), "closed");
    await assert.rejects(BareClient.open(rig));
    await rig.server.open();
    assert.equal(rig.server.port, port);
    await using again = await BareClient.open(rig);
    assert.equal(rig.server.counters.sessions.current, 1);
    assert.match(await again.say("NOOP"), /^200 /);
  });
});

async function hasCurl(): Promise<boolean> {
  return run("curl", ["--version"]).then(
    ({ stdout }) => /^Protocols:.* ftps/m.test(stdout),
    () => false,
  );
}

async function until(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
