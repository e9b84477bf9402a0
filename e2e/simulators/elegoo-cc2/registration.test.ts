// Getting in: discovery, registration and its slots, PING, silence, and what a printer in cloud mode does.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { closing, fault, type Json, RawClient, startPrinter } from "./raw-client.ts";

/** @returns undefined when no datagram came within a moment. */
async function discover(
  { host, ports }: LaunchedSimulator,
  text: string,
  patienceMs = 10_000,
): Promise<Json | undefined> {
  const socket = createSocket("udp4");
  try {
    socket.send(text, ports["discovery"] ?? 0, host);
    const [datagram] = (await once(socket, "message", { signal: AbortSignal.timeout(patienceMs) })) as [Buffer];
    return JSON.parse(datagram.toString("utf8")) as Json;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}

function counter({ control }: LaunchedSimulator, name: string): unknown {
  return control.counters()[name];
}

describe("the simulated CC2's discovery", { timeout: 60_000 }, () => {
  test("answers any JSON with method 7000, and nothing else", async () => {
    await using printer = await startPrinter({ settings: { name: "Attic CC2" } });
    const result = {
      host_name: "Attic CC2",
      machine_model: "Centauri Carbon 2",
      sn: printer.facts["serial"],
      token_status: 0,
      lan_status: 1,
    };
    assert.deepEqual(await discover(printer, '{\n  "id" : 4,\n\t"method": 7000 }\n'), { id: 4, result });
    for (const text of ["M99999", '{"id":0,"method":7001}', "[7000]", ""]) {
      assert.equal(await discover(printer, text, 200), undefined, text);
    }
  });

  test("says whether there is an access code, as numbers or as booleans, or stays silent", async () => {
    await using printer = await startPrinter({ settings: { "access-code": "4242" } });
    await fault(printer, "discovery-booleans");
    const { result } = (await discover(printer, '{"id":0,"method":7000}')) as { result: Json };
    assert.deepEqual([result["token_status"], result["lan_status"]], [true, true]);
    await fault(printer, "discovery-silent");
    assert.equal(await discover(printer, '{"id":0,"method":7000}', 200), undefined);
  });
});

describe("the simulated CC2's registration", { timeout: 120_000 }, () => {
  test("answers ok on the requested topic, and then requests", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    await client.send(1001);
    assert.equal(await client.register(), "ok");
    const attributes = await client.ask(1001);
    assert.equal(attributes["sn"], printer.facts["serial"]);
    assert.equal((attributes["software_version"] as Json)["ota_version"], "02.01.00.00");
    assert.equal(client.responses.filter(({ method }) => method === 1001).length, 1, "only the second was answered");
    assert.equal(counter(printer, "unregisteredRequests"), 1);
  });

  test("can answer error 1000 to a client that is not registered", async () => {
    await using printer = await startPrinter();
    await fault(printer, "unregistered-error");
    await using client = await RawClient.connect(printer);
    assert.deepEqual(await client.ask(1001), { error_code: 1000 });
  });

  test("holds four clients; the fifth gets in when one says goodbye, not when one is just gone", async () => {
    await using printer = await startPrinter();
    const clients = await Promise.all([1, 2, 3, 4].map(async (n) => RawClient.registered(printer, `1_PC_100${n}`)));
    await using fifth = await RawClient.connect(printer, "1_PC_1005");
    assert.equal(await fifth.register(), "too many clients");
    assert.equal(await clients[0]?.register(), "ok", "the same client again takes no second slot");
    clients[1]?.mqtt.stream.destroy();
    await until("the loss", () => (counter(printer, "mqtt") as { lost: number }).lost === 1);
    assert.equal(await fifth.register(), "too many clients");
    await clients[2]?.mqtt.endAsync();
    await until("the goodbye", () => (counter(printer, "mqtt") as { cleanLeaves: number }).cleanLeaves === 1);
    assert.equal(await fifth.register(), "ok");
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  test("others can hold the slots, and a registration can fail", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    await fault(printer, "slots-full");
    assert.equal(await client.register(), "too many clients");
    await fault(printer, "slots-full", { free: 1 });
    assert.equal(await client.register(), "ok");
    await fault(printer, "registration-fails");
    assert.equal(await client.register(), "fail");
  });

  test("a registration does not outlive its connection", async () => {
    await using printer = await startPrinter();
    const before = await RawClient.registered(printer);
    before.mqtt.stream.destroy();
    await closing(before.mqtt);
    await using client = await RawClient.connect(printer);
    await client.send(1001);
    await until("the request", () => counter(printer, "unregisteredRequests") === 1);
    assert.equal(await client.register(), "ok");
    assert.equal(await client.code(1001), 0);
  });

  test("PING is answered on the client's own topic and keeps the registration alive", async () => {
    await using printer = await startPrinter();
    await fault(printer, "registration-expiry", { milliseconds: 400 });
    await using quiet = await RawClient.registered(printer, "1_PC_2000");
    await using client = await RawClient.registered(printer);
    for (let count = 1; count <= 12; count += 1) {
      await client.ping();
      await until("a PONG", () => client.pongs === count);
      await sleep(50);
    }
    assert.equal(quiet.pongs, 0);
    await quiet.send(1001);
    assert.equal(await client.code(1001), 0);
    await until("the request of the forgotten", () => counter(printer, "unregisteredRequests") === 1);
    assert.equal(quiet.mqtt.connected, true);
  });

  test("silence answers nothing and keeps connections; pongless answers requests only", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    await fault(printer, "pongless");
    await client.ping();
    assert.equal(await client.code(1001), 0);
    assert.equal(client.pongs, 0);
    await fault(printer, "silence");
    const id = await client.send(1001);
    await until("the request", () => (counter(printer, "requestsByMethod") as Json)["1001"] === 1);
    await sleep(100);
    assert.equal(client.answerTo(id), undefined);
    assert.equal(client.mqtt.connected, true);
  });

  test("fw-0103 stops answering for a while after three requests in a burst, but still answers PINGs", async () => {
    await using printer = await startPrinter({ settings: { profile: "fw-0103" } });
    await using client = await RawClient.registered(printer);
    const ids = [await client.send(1001), await client.send(1001), await client.send(1029, { power: 0 })];
    await client.ping();
    await until("a PONG", () => client.pongs === 1);
    assert.deepEqual(
      ids.map((id) => client.answerTo(id) !== undefined),
      [true, true, false],
    );
    assert.equal(counter(printer, "mutedRequests"), 1);
    const { led } = (printer.control.state() as { status: Json }).status;
    assert.deepEqual(led, { status: 0 }, "it was obeyed all the same");
    await using calm = await RawClient.registered(printer, "1_PC_2000");
    assert.equal(await calm.code(1001), 0);
  });

  test("fw-0103 never answers 1042, 1044 and 1047, and fw-0201 does", async () => {
    await using old = await startPrinter({ settings: { profile: "fw-0103" } });
    await using client = await RawClient.registered(old);
    const id = await client.send(1044);
    assert.equal(await client.code(1001), 0);
    assert.equal(client.answerTo(id), undefined);
    await using printer = await startPrinter();
    await using newer = await RawClient.registered(printer);
    assert.deepEqual([await newer.code(1042), await newer.code(1044)], [0, 0]);
  });

  test("in cloud mode port 80 is closed, discovery says so, and MQTT accepts and serves nothing", async () => {
    await using printer = await startPrinter({ scenario: "cloud-mode" });
    const { result } = (await discover(printer, '{"id":0,"method":7000}')) as { result: Json };
    assert.equal(result["lan_status"], 0);
    await assert.rejects(fetch(`http://${printer.host}:${printer.ports["http"]}/system/info`));
    await using client = await RawClient.connect(printer);
    await client.publish("api_register", { client_id: client.id, request_id: `${client.id}_req` });
    await sleep(200);
    assert.deepEqual(client.messages, []);
    await fault(printer, "cloud-mode");
    await fault(printer, "cloud-mode", { clear: true });
    assert.equal(await client.register(), "ok");
    assert.equal((await fetch(`http://${printer.host}:${printer.ports["http"]}/system/info`)).status, 401);
  });

  test("bad input on its topics changes nothing and harms nobody", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const bad = [
      "",
      "{",
      "null",
      "[]",
      '"PING"',
      '{"type":"PONG"}',
      '{"id":1}',
      '{"method":1001}',
      '{"id":"x","method":1001}',
    ];
    for (const text of bad) {
      await client.publish(`${client.id}/api_request`, text);
      await client.publish("api_register", text);
    }
    await client.publish("api_register", { client_id: "a/b", request_id: "r" });
    await client.publish("api_register", { client_id: "a", request_id: "r/#" });
    await client.publish("1_PC_9999/api_request", { id: 1, method: 1022, params: {} });
    assert.deepEqual(await client.ask(1001, []), { error_code: 1003 });
    assert.deepEqual(await client.ask(4711), { error_code: 1001 });
    assert.deepEqual(await client.ask(0.5), { error_code: 1001 });
    assert.deepEqual((printer.control.state() as { registered: unknown }).registered, [client.id]);
  });
});
