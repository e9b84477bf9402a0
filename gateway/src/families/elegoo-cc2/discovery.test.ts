import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { broadcastAddresses, findPrinter, probeHost, readReply } from "./discovery.ts";
import { Bench } from "./test-bench.ts";
import { serial } from "./test-printer.ts";

const timeout = 60_000;

/** Something that answers on UDP; null keeps silent. */
async function listen(
  answer: (question: string) => string | null,
  host = "127.0.0.1",
  port = 0,
): Promise<AsyncDisposable & { port: number; questions: string[] }> {
  const socket = createSocket("udp4");
  const questions: string[] = [];
  socket.on("message", (datagram, from) => {
    questions.push(datagram.toString());
    const text = answer(datagram.toString());
    if (text !== null) socket.send(text, from.port, from.address);
  });
  socket.bind(port, host);
  await once(socket, "listening");
  return {
    port: socket.address().port,
    questions,
    [Symbol.asyncDispose]: async () => new Promise<void>((resolve) => void socket.close(() => resolve())),
  };
}

function reply(more: Record<string, unknown> = {}): string {
  const about = { host_name: "Attic", machine_model: "Centauri Carbon 2", sn: serial, token_status: 1, lan_status: 1 };
  return JSON.stringify({ id: 0, result: { ...about, ...more } }, null, 2);
}

function options(port: number): Parameters<typeof probeHost>[1] {
  return { port, clock: systemClock, signal: AbortSignal.timeout(20_000) };
}

function read(text: string): ReturnType<typeof readReply> {
  return readReply(Buffer.from(text), "192.0.2.7");
}

describe("a reply", () => {
  test("tells serial, model, mode and whether a code is set, as numbers or as booleans", () => {
    const expected = {
      address: "192.0.2.7",
      serial,
      model: "Centauri Carbon 2",
      lanOnly: true,
      accessCodeSet: true,
    };
    assert.deepEqual(read(reply()), expected);
    assert.deepEqual(read(reply({ token_status: true, lan_status: true })), expected);
  });

  test("that is something else is none", () => {
    for (const text of ["", "M99999", "[]", '{"Data":{}}', '{"result":1}']) assert.equal(read(text), null, text);
  });

  test("with a serial that would reach other topics tells none", () => {
    for (const sn of ["#", "a/b", "+", "", 7]) assert.equal(read(reply({ sn }))?.serial, null);
  });
});

describe("discovery", { timeout }, () => {
  test("asks one host in JSON and takes its answer", async () => {
    await using printer = await listen(() => reply());
    assert.equal((await probeHost("127.0.0.1", options(printer.port)))?.serial, serial);
    assert.deepEqual(JSON.parse(printer.questions[0] ?? ""), { id: 0, method: 7000 });
  });

  test("is over at once where nobody listens", async () => {
    const printer = await listen(() => null);
    await printer[Symbol.asyncDispose]();
    assert.equal(await probeHost("127.0.0.1", options(printer.port)), null);
  });

  test("ends when the caller's signal aborts", async () => {
    await using printer = await listen(() => null);
    const signal = AbortSignal.timeout(50);
    await assert.rejects(probeHost("127.0.0.1", { ...options(printer.port), signal }), { name: "TimeoutError" });
  });

  test("finds a serial among several printers", async () => {
    await using other = await listen(() => reply({ sn: "CC2OTHER" }), "127.0.0.3");
    await using printer = await listen(() => reply(), "127.0.0.4", other.port);
    const found = await findPrinter(serial, ["127.0.0.3", "127.0.0.4", "127.0.0.5"], options(printer.port));
    assert.equal(found?.address, "127.0.0.4");
  });

  test("never looks beyond loopback for a printer on loopback", () => {
    for (const host of ["127.0.0.1", "127.8.0.1", "localhost", "::1"]) assert.deepEqual(broadcastAddresses(host), []);
    assert.ok(broadcastAddresses("192.0.2.7").includes("255.255.255.255"));
  });
});

describe("before the first packet", { timeout }, () => {
  const without = { serial: undefined };

  test("the serial number is had from discovery", async () => {
    await using bench = new Bench();
    await using udp = await listen(() => reply());
    await bench.open({ ...without, discovery_port: udp.port });
    assert.equal(bench.identities[0]?.serial, serial);
  });

  test("else from HTTP, the code in query and header", async () => {
    await using bench = new Bench();
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url, request.headers["x-token"]);
      response.end(JSON.stringify({ error_code: 0, system_info: { sn: serial } }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await bench.open({ ...without, http_port: (server.address() as AddressInfo).port });
    assert.deepEqual(seen, ["/system/info?X-Token=Ab12Cd", "Ab12Cd"]);
    server.closeAllConnections();
    server.close();
  });

  for (const [status, code, message] of [
    [404, "unreachable", /discovery.*\/system\/info.*connection\.serial/su],
    [401, "printer_auth", /access_code/u],
  ] as const) {
    test(`HTTP ${status} is ${code}, and nothing is connected`, async () => {
      await using bench = new Bench();
      let requests = 0;
      const server = createServer((_request, response) => {
        requests += 1;
        response.writeHead(status).end();
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const more = { ...without, http_port: (server.address() as AddressInfo).port };
      await assert.rejects(bench.open(more), { code, message });
      if (status === 401) await assert.rejects(bench.open(more), { code });
      assert.equal(requests, 1);
      assert.deepEqual(bench.printer.log, []);
      server.closeAllConnections();
      server.close();
    });
  }

  test("a printer that is not in LAN Only mode is told so in words", async () => {
    await using bench = new Bench();
    await using udp = await listen(() => reply({ lan_status: 0 }));
    await assert.rejects(bench.open({ discovery_port: udp.port }), {
      code: "unreachable",
      message: /LAN Only mode is off/u,
      retryAfterMs: 30_000,
    });
    assert.deepEqual(bench.printer.log, []);
  });

  test("a printer that wants a code gets no guess", async () => {
    await using bench = new Bench();
    await using udp = await listen(() => reply());
    await assert.rejects(bench.open({ discovery_port: udp.port, access_code: undefined }), {
      code: "printer_auth",
      message: /access_code/u,
    });
    assert.deepEqual(bench.printer.log, []);
  });

  test("a printer without a code gets the firmware's own", async () => {
    await using bench = new Bench();
    await using udp = await listen(() => reply({ token_status: 0 }));
    await bench.open({ discovery_port: udp.port, access_code: undefined });
    assert.equal(bench.printer.log[0], "CONNECT 123456");
  });

  test("another printer at the address is not spoken to", async () => {
    await using bench = new Bench();
    await using udp = await listen(() => reply({ sn: "CC2OTHER" }));
    await assert.rejects(bench.open({ discovery_port: udp.port, search: [] }), {
      code: "printer_refused",
      message: /CC2OTHER/u,
    });
    assert.deepEqual(bench.printer.log, []);
  });

  test("a printer with a new address is found by its serial, and stays found", async () => {
    await using bench = new Bench();
    await using udp = await listen(() => reply());
    // Nobody answers at 127.0.0.9; the printer, on 127.0.0.1, is found by asking there.
    const more = { host: "127.0.0.9", discovery_port: udp.port, search: ["127.0.0.9", "127.0.0.1"] };
    const session = await bench.open(more);
    assert.equal(session.options.host, "127.0.0.1");
    await session[Symbol.asyncDispose]();
    const again = await bench.open(more);
    assert.equal(again.options.host, "127.0.0.1");
  });
});
