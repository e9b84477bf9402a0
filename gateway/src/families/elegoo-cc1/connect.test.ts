import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { describe, test } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import { broadcastAddresses, broadcastOf, discover, readReply } from "./discovery.ts";
import { Bench, StubPrinter } from "./stub-printer.ts";

/** Answers probes at an address of loopback, as told; counts them. */
class Beacon implements AsyncDisposable {
  readonly #socket: Socket;
  probes: string[] = [];
  port = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(address: string, port: number, answer: (probe: number) => string | undefined): Promise<Beacon> {
    const beacon = new Beacon(createSocket("udp4"));
    const socket = beacon.#socket;
    socket.on("message", (datagram, sender) => {
      beacon.probes.push(datagram.toString("latin1"));
      const reply = answer(beacon.probes.length);
      if (reply !== undefined) socket.send(reply, sender.port, sender.address);
    });
    socket.bind(port, address);
    await once(socket, "listening");
    beacon.port = socket.address().port;
    return beacon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => void this.#socket.close(resolve));
  }
}

const reply = (mainboardId: string): string =>
  JSON.stringify({
    Id: "x",
    Data: { Name: "a\nb", MachineName: "Centauri Carbon", MainboardIP: "192.0.2.99", MainboardID: mainboardId },
  });

/** Closes the stub's own port, so that nothing listens at 127.0.0.1 any more. */
async function gone(stub: StubPrinter): Promise<void> {
  await stub[Symbol.asyncDispose]();
}

describe("discovery", () => {
  test("asks three times within three seconds, and takes the datagram's own address", async () => {
    await using beacon = await Beacon.open("127.0.0.1", 0, (probe) => (probe === 3 ? reply("0a1b") : undefined));
    const bench = new Bench();
    const { clock, signal } = bench;
    const found = await bench.passing(discover({ targets: ["127.0.0.1"], port: beacon.port, clock, signal }));
    assert.deepEqual(found, [{ address: "127.0.0.1", mainboardId: "0a1b", model: "Centauri Carbon" }]);
    assert.deepEqual(beacon.probes, ["M99999", "M99999", "M99999"]);
  });

  test("collects every printer once, and passes over what is no reply", async () => {
    await using first = await Beacon.open("127.0.0.1", 0, () => reply("0a1b"));
    await using _second = await Beacon.open("127.0.0.2", first.port, () => reply("ffff"));
    await using _noise = await Beacon.open("127.0.0.3", first.port, () => "hello");
    const bench = new Bench();
    const { clock, signal } = bench;
    const targets = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "no-such-name.invalid"];
    const found = await bench.passing(discover({ targets, port: first.port, clock, signal }));
    assert.deepEqual(new Set(found.map(({ mainboardId }) => mainboardId)), new Set(["0a1b", "ffff"]));
    assert.equal(found.length, 2);
  });

  test("ends with the signal, leaving no wait behind", async () => {
    const clock = new FakeClock();
    const life = new AbortController();
    await using beacon = await Beacon.open("127.0.0.1", 0, () => undefined);
    const searching = discover({ targets: ["127.0.0.1"], port: beacon.port, clock, signal: life.signal });
    life.abort();
    assert.deepEqual(await searching, []);
    assert.equal(clock.pending, 0);
  });

  test("reads replies with control characters, of older printers, and nothing else", () => {
    assert.deepEqual(readReply(Buffer.from(reply("0a1b"))), { mainboardId: "0a1b", model: "Centauri Carbon" });
    assert.deepEqual(readReply(Buffer.from('{"Data":{"Attributes":{"MainboardID":"1"},"Status":{}}}')), {
      mainboardId: "1",
      model: null,
    });
    for (const other of ["", "M99999", "[]", '{"Data":5}']) assert.equal(readReply(Buffer.from(other)), null, other);
  });

  test("knows the broadcast of a network, and always the limited one", () => {
    assert.equal(broadcastOf("192.0.2.7", "255.255.255.0"), "192.0.2.255");
    assert.equal(broadcastOf("10.1.2.3", "255.255.240.0"), "10.1.15.255");
    assert.ok(broadcastAddresses().includes("255.255.255.255"));
  });
});

describe("a printer that does not answer at its host", () => {
  test("is found by its mainboard id and connected to where it is now", async () => {
    const bench = new Bench();
    await bench.stub.listen();
    const moved = new StubPrinter();
    // The same port at another address, as a printer with a new IP has.
    moved.http.listen(bench.stub.port, "127.0.0.2");
    await once(moved.http, "listening");
    const { port } = bench.stub;
    await gone(bench.stub);
    await using beacon = await Beacon.open("127.0.0.2", 0, () => reply("0A1B"));
    moved.attach();
    const more = { port, discovery_port: beacon.port, search: ["127.0.0.2"] };
    const session = await bench.passing(bench.connect(more));
    assert.equal(session.host, "127.0.0.2");
    assert.equal(session.readings.phase, "idle");
    await session[Symbol.asyncDispose]();
    await moved[Symbol.asyncDispose]();
  });

  test("is told as crashed when it still answers discovery", async () => {
    const bench = new Bench();
    const port = await bench.stub.listen();
    await gone(bench.stub);
    await using beacon = await Beacon.open("127.0.0.1", 0, () => reply("0a1b"));
    for (const mainboard of ["0a1b", undefined]) {
      await assert.rejects(
        bench.passing(bench.connect({ port, discovery_port: beacon.port, mainboard_id: mainboard })),
        { code: "unreachable", message: /crashed/u },
      );
    }
  });

  test("is told as unreachable when nobody knows it", async () => {
    const bench = new Bench();
    const port = await bench.stub.listen();
    await gone(bench.stub);
    await using beacon = await Beacon.open("127.0.0.2", 0, () => reply("ffff"));
    const more = { port, discovery_port: beacon.port, search: ["127.0.0.2"] };
    await assert.rejects(bench.passing(bench.connect(more)), { code: "unreachable", message: /nothing listens/u });
    assert.equal(bench.clock.pending, 0);
  });

  test("is not looked for without its id, nor while all its connections are taken", async () => {
    const bench = new Bench();
    await bench.stub.listen();
    await using beacon = await Beacon.open("127.0.0.2", 0, () => reply("0a1b"));
    const more = { discovery_port: beacon.port, search: ["127.0.0.2"] };
    bench.stub.refuse = "too many client";
    await assert.rejects(bench.connect(more), { retryAfterMs: 30_000 });
    const { port } = bench.stub;
    await gone(bench.stub);
    await assert.rejects(bench.passing(bench.connect({ ...more, port, mainboard_id: undefined })), {
      code: "unreachable",
    });
    assert.deepEqual(beacon.probes, []);
  });
});
