// The printer's broker as MQTT 3.1.1 has it, seen by foreign clients and by bare sockets.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import type { MqttClient } from "mqtt";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { closing, connectMqtt, fault, RawClient, startPrinter } from "./raw-client.ts";

async function refusalOf(printer: LaunchedSimulator, options: Parameters<typeof connectMqtt>[1]): Promise<unknown> {
  return connectMqtt(printer, options).then(
    async (client) => client.endAsync(true),
    (error: unknown) => (error as { readonly code?: unknown }).code ?? "closed",
  );
}

/** Everything a client gets, as `topic text`. */
function collect(client: MqttClient): readonly string[] {
  const got: string[] = [];
  client.on("message", (topic, payload) => got.push(`${topic} ${payload.toString("utf8")}`));
  return got;
}

async function openSocket({ host, ports }: LaunchedSimulator): Promise<Socket> {
  const socket = connect(ports["main"] ?? 0, host);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

function text(value: string): Buffer {
  return Buffer.from([0, value.length, ...Buffer.from(value)]);
}

/** CONNECT with the protocol level and flags given, client id `a`, login as the printer has it. */
function connectPacket(level: number, flags: number, login: readonly string[] = []): Buffer {
  const body = Buffer.concat([
    text("MQTT"),
    Buffer.from([level, flags, 0, 60]),
    text(login.length === 0 ? "" : "a"),
    ...login.map(text),
  ]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

describe("the simulated CC2's broker", { timeout: 120_000 }, () => {
  test("takes the access code, 123456 when none is set, and refuses others with CONNACK 5", async () => {
    await using open = await startPrinter();
    assert.equal(open.facts["access_code"], "123456");
    assert.equal(await refusalOf(open, {}), undefined);
    await using printer = await startPrinter({ settings: { "access-code": "4242" } });
    assert.equal(await refusalOf(printer, {}), undefined);
    for (const login of [{ password: "123456" }, { password: "" }, { username: "bblp" }]) {
      assert.equal(await refusalOf(printer, login), 5, JSON.stringify(login));
    }
    assert.equal((printer.control.counters()["mqtt"] as { refused: number }).refused, 3);
    assert.equal(JSON.stringify(await (await fetch(`${printer.admin}/log`)).json()).includes("4242"), false);
  });

  test("a changed access code ends connections and is refused with the code asked for", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const closed = closing(client.mqtt);
    await fault(printer, "access-code-changed", { connack: 4 });
    await closed;
    assert.equal(await refusalOf(printer, {}), 4);
    assert.equal(await refusalOf(printer, { password: "860213" }), undefined);
    await fault(printer, "access-code-changed", { clear: true });
    assert.equal(await refusalOf(printer, {}), undefined);
  });

  test("a full broker refuses with CONNACK 3 or closes", async () => {
    await using printer = await startPrinter();
    await fault(printer, "broker-full");
    assert.equal(await refusalOf(printer, {}), 3);
    await fault(printer, "broker-full", { how: "close" });
    assert.equal(await refusalOf(printer, {}), "closed");
  });

  test("whoever listens to everything of the printer sees all traffic, each message once", async () => {
    await using printer = await startPrinter();
    const watcher = await connectMqtt(printer, { clientId: "watcher" });
    const got = collect(watcher);
    const root = `elegoo/${printer.facts["serial"]}`;
    await watcher.subscribeAsync([`${root}/#`, `${root}/+/api_response`, `${root}/api_status`], { qos: 1 });
    await using client = await RawClient.registered(printer);
    for (let count = 0; count < 20; count += 1) {
      await client.ping();
      await client.send(1001);
    }
    await client.ask(1020, { filename: "none.gcode" });
    await until("all pings, answers and requests", () => got.length >= 84);
    const texts = got.map((line) => line.slice(root.length + 1));
    assert.equal(texts.filter((text) => text.includes("PING")).length, 20);
    assert.equal(texts.filter((text) => text.includes("PONG")).length, 20);
    assert.equal(texts.filter((text) => text.includes('"hostname"')).length, 20);
    assert.equal(new Set(texts.filter((text) => text.includes('"id"'))).size, 42);
    assert.equal(got.length, 84, "a copy for each subscription would be more");
    await watcher.endAsync(true);
  });

  test("keeps QoS 1 and 2, retained messages, wills and lasting sessions", async () => {
    await using printer = await startPrinter();
    const options = { clientId: "lasting", clean: false };
    const first = await connectMqtt(printer, options);
    assert.deepEqual(
      (await first.subscribeAsync(["note/a", "note/will"], { qos: 2 })).map(({ qos }) => qos),
      [2, 2],
    );
    await first.endAsync();
    const other = await connectMqtt(printer, {
      clientId: "other",
      will: { topic: "note/will", payload: Buffer.from("gone"), qos: 1, retain: false },
    });
    await other.publishAsync("note/a", "one", { qos: 1 });
    await other.publishAsync("note/a", "two", { qos: 2 });
    await other.publishAsync("note/kept", "kept", { qos: 1, retain: true });
    other.stream.destroy();
    const again = await connectMqtt(printer, options);
    const got = collect(again);
    await again.subscribeAsync("note/kept", { qos: 1 });
    await until("what was kept", () => got.length >= 4);
    assert.deepEqual([...got].toSorted(), ["note/a one", "note/a two", "note/kept kept", "note/will gone"]);
    await again.endAsync(true);
  });

  test("a second connection of the same client id takes over from the first", async () => {
    await using printer = await startPrinter();
    const first = await connectMqtt(printer, { clientId: "twice" });
    const closed = closing(first);
    const second = await connectMqtt(printer, { clientId: "twice" });
    await closed;
    assert.equal(second.connected, true);
    await second.endAsync(true);
  });

  test("speaks MQTT over WebSocket too", async () => {
    await using printer = await startPrinter();
    const url = `ws://${printer.host}:${printer.ports["websocket"]}/mqtt`;
    const client = await connectMqtt(printer, { clientId: "page" }, url);
    const got = collect(client);
    await client.subscribeAsync(`elegoo/${printer.facts["serial"]}/page/register_response`);
    const register = JSON.stringify({ client_id: "page", request_id: "page" });
    await client.publishAsync(`elegoo/${printer.facts["serial"]}/api_register`, register);
    await until("the answer", () => got.length === 1);
    assert.match(got[0] ?? "", /"error":"ok"/);
    await client.endAsync(true);
  });

  test("answers an unknown protocol level with CONNACK 1, and cuts whoever breaks the protocol", async () => {
    await using printer = await startPrinter();
    const newer = await openSocket(printer);
    newer.write(connectPacket(9, 0x02));
    const [answer] = (await once(newer, "data")) as [Buffer];
    assert.deepEqual([...answer], [0x20, 2, 0, 1]);
    newer.destroy();
    const nameless = await openSocket(printer);
    nameless.write(connectPacket(4, 0x00));
    const [refused] = (await once(nameless, "data")) as [Buffer];
    assert.deepEqual([...refused], [0x20, 2, 0, 2], "a lasting session needs a client id");
    nameless.destroy();
    const login = ["elegoo", "123456"];
    const broken: Readonly<Record<string, Buffer>> = {
      "a PINGREQ before CONNECT": Buffer.from([0xc0, 0]),
      "no MQTT at all": Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      "a second CONNECT": Buffer.concat([connectPacket(4, 0xc2, login), connectPacket(4, 0xc2, login)]),
      "a reserved packet type": Buffer.concat([connectPacket(4, 0xc2, login), Buffer.from([0x00, 0])]),
      "a wildcard in PUBLISH": Buffer.concat([connectPacket(4, 0xc2, login), Buffer.from([0x30, 3, 0, 1, 0x23])]),
    };
    for (const [what, bytes] of Object.entries(broken)) {
      const socket = await openSocket(printer);
      const closed = once(socket, "close");
      socket.resume().write(bytes);
      await closed;
      assert.equal(socket.destroyed, true, what);
    }
    assert.equal(await refusalOf(printer, {}), undefined, "others go on");
  });

  test("cuts a client whose keep-alive has run out one and a half times", async () => {
    await using printer = await startPrinter();
    const socket = await openSocket(printer);
    const packet = connectPacket(4, 0xc2, ["elegoo", "123456"]);
    packet.writeUInt16BE(1, 10);
    const closed = once(socket, "close");
    socket.resume().write(packet);
    await closed;
  });

  test("cuts connections by FIN and by RST, and takes new ones at once", async () => {
    await using printer = await startPrinter();
    for (const how of ["end", "reset"]) {
      await using client = await RawClient.registered(printer);
      const closed = closing(client.mqtt);
      await fault(printer, "drop-sockets", { how });
      await closed;
    }
    assert.equal(await refusalOf(printer, {}), undefined);
    await until("a right count", () => (printer.control.counters()["mqtt"] as { open: number }).open === 0);
  });
});
