// The printer's TLS and MQTT side, seen by a foreign client: who gets in, what may be listened to,
// acknowledgements, and sessions that die in odd ways.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import type { IClientOptions } from "mqtt";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { connectMqtt, fault, type Json, RawClient, startPrinter } from "./raw-client.ts";

async function refusalOf(printer: LaunchedSimulator, options: IClientOptions): Promise<unknown> {
  return connectMqtt(printer, options).then(
    async (client) => client.endAsync(true),
    (error: unknown) => (error as { readonly code?: unknown }).code ?? "closed",
  );
}

function mqttCounters(printer: LaunchedSimulator): Record<string, number> {
  return printer.control.counters()["mqtt"] as Record<string, number>;
}

async function closing(client: RawClient): Promise<void> {
  await until("the connection has ended", () => !client.mqtt.connected);
}

describe("the simulated Bambu printer's transport", { timeout: 240_000, concurrency: false }, () => {
  test("shows a leaf of its own root whose CN is the serial, in TLS 1.2 only unless told otherwise", async () => {
    for (const tls of ["1.2", "1.3"]) {
      await using printer = await startPrinter("p1s", { settings: { tls } });
      const { serial = "", ca = "" } = printer.facts;
      const options = { host: printer.host, port: printer.ports["main"] ?? 0, servername: serial };
      const socket = connectTls({ ...options, ca: readFileSync(ca) });
      await once(socket, "secureConnect");
      const { subject, subjectaltname } = socket.getPeerCertificate();
      assert.deepEqual([subject.CN, subjectaltname], [serial, undefined]);
      assert.equal(socket.getProtocol(), `TLSv${tls}`);
      socket.destroy();
      const stranger = connectTls({ ...options, ca: readFileSync(ca), servername: "01P00A000000000" });
      const [error] = (await once(stranger, "error")) as [{ code: string }];
      assert.equal(error.code, "ERR_TLS_CERT_ALTNAME_INVALID");
    }
  });

  test("lets in bblp with the access code only, with CONNACK 4, or 5 when told", async () => {
    await using printer = await startPrinter("p1s");
    for (const login of [{ password: "" }, { password: "00000000" }, { username: "admin" }]) {
      assert.equal(await refusalOf(printer, login), 4, JSON.stringify(login));
    }
    assert.equal(await refusalOf(printer, {}), undefined);
    assert.deepEqual([mqttCounters(printer)["refused"], mqttCounters(printer)["logins"]], [3, 1]);
    await fault(printer, "access-code-changed", { code: "87654321", connack: 5 });
    assert.equal(await refusalOf(printer, {}), 5);
    assert.equal(await refusalOf(printer, { password: "87654321" }), undefined);
    assert.equal(JSON.stringify(await (await fetch(`${printer.admin}/log`)).json()).includes("87654321"), false);
  });

  test("ends every session when the access code changes", async () => {
    await using printer = await startPrinter("x1c");
    await using client = await RawClient.connect(printer);
    await fault(printer, "access-code-changed");
    await closing(client);
    assert.equal(mqttCounters(printer)["open"], 0);
  });

  test("is silent on another serial's topic, and throws out who listens to requests on P1 and A1", async () => {
    for (const model of ["p1s", "a1mini"]) {
      await using printer = await startPrinter(model);
      await using client = await RawClient.connect(printer);
      await client.mqtt.subscribeAsync("device/01P00A000000000/report");
      await client.pushAll();
      client.mqtt.subscribe(`device/${client.serial}/request`, () => {});
      await closing(client);
      assert.equal(mqttCounters(printer)["requestSubscribers"], 1);
    }
    await using printer = await startPrinter("h2d");
    await using client = await RawClient.connect(printer);
    await client.mqtt.subscribeAsync(`device/${client.serial}/request`);
    await client.pushAll();
  });

  test("ignores other topics and what is no request, and takes a trailing NUL", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    const request = JSON.stringify({ info: { sequence_id: "1", command: "get_version" } });
    await client.mqtt.publishAsync("device/01P00A000000000/request", request);
    for (const text of ["", "{", "[]", "{}", '{"print":1}', '{"print":{}}', '{"toaster":{"command":"x"}}', "\u0000"]) {
      await client.publish(text);
    }
    await client.publish(`${request.replace('"1"', '"2"')}\0\0`);
    await until("the reply", () => client.reply("info", "get_version", "2"));
    assert.equal(client.reply("info", "get_version", "1"), undefined);
    assert.equal(printer.control.counters()["malformed"], 9);
  });

  test("acknowledges quality 1, late or never when told, and works all the same", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await client.publish('{"pushing":{"sequence_id":"1","command":"pushall"}}', 1);
    await fault(printer, "puback", { withheld: true });
    let acknowledged = false;
    const sent = client.publish('{"info":{"sequence_id":"2","command":"get_version"}}', 1);
    void sent.then(
      () => (acknowledged = true),
      () => {},
    );
    await until("the reply", () => client.reply("info", "get_version", "2"));
    assert.equal(acknowledged, false);
    await fault(printer, "puback", { milliseconds: 300 });
    await client.publish('{"info":{"sequence_id":"3","command":"get_version"}}', 1);
    assert.equal(acknowledged, false);
    const { items } = (await (await fetch(`${printer.admin}/log`)).json()) as { items: Json[] };
    const received = items.filter(({ command }) => command === "get_version");
    assert.deepEqual(
      received.map(({ qos }) => qos),
      [1, 1],
    );
    assert.ok(received.every(({ at }) => typeof at === "string"));
  });

  test("has few sessions: the next is refused, or the oldest goes", async () => {
    await using printer = await startPrinter("p1s");
    const clients = [];
    for (let count = 0; count < 4; count += 1) clients.push(await RawClient.connect(printer));
    assert.equal(await refusalOf(printer, {}), 3);
    await fault(printer, "session-limit", { count: 4, how: "drop-oldest" });
    const [oldest, ...others] = clients;
    clients.push(await RawClient.connect(printer));
    if (oldest !== undefined) await closing(oldest);
    assert.ok(others.every(({ mqtt }) => mqtt.connected));
    assert.equal(mqttCounters(printer)["peak"], 5);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  test("plays dead to the sessions there are until pushing.start or a new connection", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer);
    await client.pushAll();
    await fault(printer, "zombie");
    client.forget();
    await client.send("pushing", "pushall");
    await using other = await RawClient.connect(printer);
    await other.pushAll();
    assert.equal(client.texts.length, 0);
    assert.equal(client.mqtt.connected, true);
    await client.send("pushing", "start");
    await client.pushAll();
  });

  test("answers pings while silent, and cuts sockets when told", async () => {
    await using printer = await startPrinter("p1s");
    await using client = await RawClient.connect(printer, { keepalive: 1 });
    await fault(printer, "silence");
    await client.send("pushing", "pushall");
    await wait(2500);
    assert.equal(client.mqtt.connected, true);
    assert.equal(client.texts.length, 0);
    await fault(printer, "drop-sockets", { how: "reset" });
    await closing(client);
  });
});
