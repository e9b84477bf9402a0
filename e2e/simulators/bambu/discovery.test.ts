// How the simulated printer makes itself known: datagrams and the bind port, by hand-made clients.

import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket as TcpSocket } from "node:net";
import { describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { Journal } from "../admin/journal.ts";
import { BindDetect } from "./bind-detect.ts";
import { createIdentity, serverTls } from "./certificates.ts";
import { Discovery, type Introduction } from "./discovery.ts";

const host = "127.0.0.1";
const printer: Introduction = {
  serial: "01P00A000000001",
  modelCode: "C12",
  name: "Workshop P1S",
  firmware: "01.08.02.00",
  connect: "lan",
  bind: "free",
  address: "192.168.1.50",
  signal: "-57",
};
const search = (target: string): string =>
  `M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:2021\r\nMAN: "ssdp:discover"\r\nMX: 3\r\nST: ${target}\r\n\r\n`;
const deviceType = "urn:bambulab-com:device:3dprinter:1";

async function listener(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, host);
  await once(socket, "listening");
  return socket;
}

async function heard(socket: Socket): Promise<string> {
  const [datagram] = (await once(socket, "message", { signal: AbortSignal.timeout(20_000) })) as [Buffer];
  return String(datagram);
}

const base = { host, port: 0, everyMs: 60_000, introduce: () => printer };

describe("the simulated printer's discovery", { timeout: 60_000 }, () => {
  test("announces itself word for word", async () => {
    using socket = disposable(await listener());
    const announceTo = { host, port: socket.address().port };
    const first = heard(socket);
    await using discovery = new Discovery({ ...base, everyMs: 50, announceTo, journal: new Journal() });
    await discovery.open();
    const expected = [
      "NOTIFY * HTTP/1.1",
      "Host: 239.255.255.250:1990",
      "Server: UPnP/1.0",
      "Location: 192.168.1.50",
      `NT: ${deviceType}`,
      "NTS: ssdp:alive",
      "USN: 01P00A000000001",
      "Cache-Control: max-age=1800",
      "DevModel.bambu.com: C12",
      "DevName.bambu.com: Workshop P1S",
      "DevSignal.bambu.com: -57",
      "DevConnect.bambu.com: lan",
      "DevBind.bambu.com: free",
      "Devseclink.bambu.com: secure",
      "DevInf.bambu.com: wlan0",
      "DevVersion.bambu.com: 01.08.02.00",
      "DevCap.bambu.com: 1",
      "",
      "",
    ];
    assert.deepEqual((await first).split("\r\n"), expected);
    assert.match(await heard(socket), /^NOTIFY /);
  });

  test("answers a search for printers to its sender, and nothing else", async () => {
    await using discovery = new Discovery({ ...base, announceTo: undefined, journal: new Journal() });
    await discovery.open();
    using socket = disposable(await listener());
    for (const text of [search("upnp:rootdevice"), "rubbish", "", "NOTIFY * HTTP/1.1\r\n\r\n", search(deviceType)]) {
      socket.send(text, discovery.port, host);
    }
    const reply = await heard(socket);
    assert.match(reply, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(reply, /\r\nST: urn:bambulab-com:device:3dprinter:1\r\n/);
    assert.doesNotMatch(reply, /\r\nNTS?:/);
    assert.deepEqual(discovery.counters, { announced: 0, answered: 1 });
    const { port } = discovery;
    await discovery.close();
    await discovery.open();
    assert.equal(discovery.port, port);
  });
});

describe("the simulated printer's bind port", { timeout: 60_000 }, () => {
  const detect = '{"login":{"command":"detect","sequence_id":"20000"}}';

  for (const secured of [false, true]) {
    test(`introduces the printer in one frame and closes, ${secured ? "in TLS" : "in clear"}`, async () => {
      const identity = await createIdentity(printer.serial);
      const tls = secured ? serverTls(identity, { allowTls13: false }) : undefined;
      await using bind = new BindDetect({ ...base, tls, journal: new Journal() });
      await bind.open();
      const at = { host, port: bind.port };
      const socket = secured ? connectTls({ ...at, servername: printer.serial, ca: identity.ca }) : connect(at);
      const reply = await exchange(socket, frame(detect));
      assert.equal(reply.readUInt16BE(0), 0xa5a5);
      assert.equal(reply.readUInt16LE(2), reply.length);
      assert.equal(reply.readUInt16BE(reply.length - 2), 0xa7a7);
      assert.deepEqual(JSON.parse(String(reply.subarray(4, -2))), {
        login: {
          bind: "free",
          command: "detect",
          connect: "lan",
          dev_cap: 1,
          id: "01P00A000000001",
          model: "C12",
          name: "Workshop P1S",
          sequence_id: 3021,
          version: "01.08.02.00",
        },
      });
    });
  }

  test("drops a frame with a wrong beginning, length, trailer or content", async () => {
    await using bind = new BindDetect({ ...base, tls: undefined, journal: new Journal() });
    await bind.open();
    const good = frame(detect);
    const changed = (at: number, value: number): Buffer => {
      const copy = Buffer.from(good);
      copy[at < 0 ? copy.length + at : at] = value;
      return copy;
    };
    const bad = [
      changed(0, 0),
      changed(-1, 0),
      changed(2, good.length - 1),
      changed(2, 3),
      Buffer.concat([good, Buffer.from("x")]),
      frame("{"),
      frame("null"),
      frame('{"login":{"command":"bind"}}'),
    ];
    for (const bytes of bad) assert.equal((await exchange(connect(bind.port, host), bytes)).length, 0);
    assert.deepEqual(bind.counters, { detected: 0, malformed: bad.length });
    assert.ok((await exchange(connect(bind.port, host), good)).length > 0);
  });

  test("waits for a frame that comes in pieces", async () => {
    await using bind = new BindDetect({ ...base, tls: undefined, journal: new Journal() });
    await bind.open();
    const socket = connect(bind.port, host);
    socket.setNoDelay(true);
    const good = frame(detect);
    const reply = exchange(socket, good.subarray(0, 3));
    setTimeout(() => socket.write(good.subarray(3)), 50);
    assert.ok((await reply).length > 0);
  });
});

function frame(content: string): Buffer {
  const length = Buffer.byteLength(content) + 6;
  const head = Buffer.from([0xa5, 0xa5, length & 0xff, length >> 8]);
  return Buffer.concat([head, Buffer.from(content), Buffer.from([0xa7, 0xa7])]);
}

/** All that comes until the other side ends. */
async function exchange(socket: TcpSocket, bytes: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on("error", () => {});
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  socket.write(bytes);
  await once(socket, "close", { signal: AbortSignal.timeout(20_000) });
  return Buffer.concat(pieces);
}

function disposable(socket: Socket): Socket & Disposable {
  return Object.assign(socket, { [Symbol.dispose]: () => socket.close() });
}
