// The simulated daemon's WebSocket, looked at with a bare client.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { once } from "node:events";
import { WebSocket } from "ws";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { fault, type Json, RawClient, startPrinter } from "./raw-client.ts";

/** Status and body of an upgrade that is refused. */
async function refusal({ host, ports }: LaunchedSimulator, path: string): Promise<{ status: number; body: string }> {
  const socket = new WebSocket(`ws://${host}:${ports["main"]}${path}`);
  socket.on("error", () => {});
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, NodeJS.ReadableStream];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: (response as unknown as { statusCode: number }).statusCode, body };
}

function lightOf(status: Json): unknown {
  return (status["LightStatus"] as Json)["SecondLight"];
}

async function isRefused(host: string, port: number | undefined): Promise<boolean> {
  const socket = connect({ host, port: port ?? 0 });
  return new Promise((resolve) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", () => resolve(true));
  });
}

describe("the simulated CC1's WebSocket", { timeout: 120_000 }, () => {
  test("answers the text ping with the text pong", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    client.webSocket.send("ping");
    await until("pong", () => client.texts.includes("pong"));
    assert.equal(printer.control.counters()["pings"], 1);
  });

  test("upgrades on its one path only and offers neither compression nor a subprotocol", async () => {
    await using printer = await startPrinter();
    assert.equal((await refusal(printer, "/ws")).status, 404);
    assert.equal((await refusal(printer, "//")).status, 404, "a path that is no URL harms nobody");
    const url = `ws://${printer.host}:${printer.ports["main"]}/websocket`;
    const socket = new WebSocket(url, { perMessageDeflate: true });
    await once(socket, "open");
    assert.deepEqual([socket.extensions, socket.protocol], ["", ""]);
    socket.terminate();
  });

  test("refuses the sixth socket with HTTP 500 and frees a slot on close", async () => {
    await using printer = await startPrinter();
    const clients = await Promise.all([1, 2, 3, 4, 5].map(async () => RawClient.connect(printer)));
    assert.deepEqual(await refusal(printer, "/websocket"), { status: 500, body: "too many client" });
    clients[0]?.webSocket.close();
    await until("the socket closed", () => clients[0]?.closed);
    await using again = await RawClient.connect(printer);
    assert.equal(again.closed, undefined);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  test("answers command 0 with an Ack, then a status at top level without RequestID", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    await client.status();
    const [greeting = {}, answer = {}, push = {}] = client.frames;
    assert.ok(greeting["Attributes"]);
    assert.deepEqual((answer["Data"] as Json)["Data"], { Ack: 0 });
    assert.equal(answer["Topic"], `sdcp/response/${printer.facts["serial"]}`);
    assert.deepEqual(Object.keys(push), ["Status", "MainboardID", "TimeStamp", "Topic"]);
    assert.deepEqual((push["Status"] as Json)["CurrentStatus"], [0]);
  });

  test("takes keys of the envelope in any letter case, and foreign ids", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    const envelope = { cmd: 129, DATA: {}, RequestId: "abcdefghijklmnopqrst", MainboardId: "somebody else" };
    client.webSocket.send(JSON.stringify({ data: envelope }));
    const answer = await until("an answer", () => client.answerTo("abcdefghijklmnopqrst"));
    assert.deepEqual(answer, { Ack: 1 });
  });

  test("pushes attributes on connect while idle and printing, not while paused, stopped, failed or busy", async () => {
    for (const [scenario, expected] of Object.entries({
      finished: 1,
      printing: 1,
      paused: 0,
      stopped: 0,
      failed: 0,
      busy: 0,
    })) {
      await using printer = await startPrinter({ scenario });
      await using client = await RawClient.connect(printer);
      await client.status();
      assert.equal(client.attributes.length, expected, scenario);
    }
  });

  test("pushes status to a subscriber at its period, and to everybody on a change", async () => {
    await using printer = await startPrinter();
    await using subscriber = await RawClient.connect(printer);
    await using other = await RawClient.connect(printer);
    assert.equal(await subscriber.ack(512, { TimePeriod: 100 }), 0);
    await until("five pushes", () => subscriber.statuses.length >= 5);
    assert.equal(await subscriber.ack(403, { LightStatus: { SecondLight: 0, RgbLight: [0, 0, 0] } }), 0);
    await until("the change", () => other.statuses.some((status) => lightOf(status) === 0));
  });

  test("profile oc-0.3 acknowledges a subscription and pushes nothing while idle", async () => {
    await using printer = await startPrinter({ settings: { profile: "oc-0.3" } });
    await using client = await RawClient.connect(printer);
    assert.equal(await client.ack(512, { TimePeriod: 100 }), 0);
    await client.ack(403, { TempTargetBox: 0, TargetFanSpeed: { ModelFan: 33 } });
    const status = await client.status();
    assert.equal((status["CurrentFanSpeed"] as Json)["ModelFan"], 33);
    assert.equal(client.statuses.length, 1, "only the one that was asked for");
    assert.equal(await client.ack(128, { Filename: "/local/cube.gcode" }), 0);
    await until("pushes during a job", () => client.statuses.length > 3);
  });

  test("closes a silent socket with code 1000, and WebSocket pings do not count", async () => {
    await using printer = await startPrinter();
    await fault(printer, "idle-timeout", { milliseconds: 400 });
    await using client = await RawClient.connect(printer);
    let pongs = 0;
    client.webSocket.on("pong", () => (pongs += 1));
    const pinging = setInterval(() => client.webSocket.ping(), 50);
    const closed = await until("it is closed", () => client.closed);
    clearInterval(pinging);
    assert.equal(closed.code, 1000);
    assert.ok(pongs > 0);
  });

  test("drops the first two frames it does not know and dies of the third", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.connect(printer);
    await using bystander = await RawClient.connect(printer);
    client.send(1043);
    client.webSocket.send('{"Data":{"Cmd":258,"Data":{},"RequestID":"1"}}');
    assert.equal((await client.status())["TempOfNozzle"] !== undefined, true);
    assert.deepEqual(printer.control.counters()["crashes"], 0);
    client.send(0, { unexpected: 1 });
    await until("both sockets are reset", () => client.closed && bystander.closed);
    assert.equal(bystander.closed?.code, 1006);
    for (const name of ["main", "http", "camera"]) {
      assert.equal(await isRefused(printer.host, printer.ports[name]), true, name);
    }
    const counters = printer.control.counters();
    assert.deepEqual([counters["crashes"], counters["unknownFrames"]], [1, 3]);
  });

  test("comes back on the same ports after a power cycle, with the interrupted job waiting", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await fault(printer, "crash");
    assert.equal((await fetch(`${printer.admin}/power-cycle`, { method: "POST" })).status, 200);
    await using client = await RawClient.connect(printer);
    assert.deepEqual(await client.codes(), [[0], 0]);
    assert.equal(await client.ack(134), 1);
    assert.equal(await client.ack(135, { action: 1 }), 0);
    assert.equal(await client.ack(134), 0);
    const info = (await client.status())["PrintInfo"] as Json;
    assert.equal(info["Filename"], "/local/spiral vase.gcode");
  });

  test("shows its framing oddities and old spellings when asked to", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    await until("the greeting", () => client.texts.length > 0);
    await fault(printer, "length-prefix");
    client.send(129);
    const prefixed = await until("a prefixed frame", () => client.texts.find((text) => /^\d+\{/.test(text)));
    const [, length, rest] = /^(\d+)(\{.*)$/s.exec(prefixed) ?? [];
    assert.equal(Number(length), Buffer.byteLength(rest ?? ""));
    await fault(printer, "length-prefix", { clear: true });
    await fault(printer, "two-objects");
    client.send(129);
    await until("two objects", () => client.texts.find((text) => text.includes('}{"Status"')));
    await fault(printer, "two-objects", { clear: true });
    await fault(printer, "schema-b");
    await fault(printer, "curren-status");
    const status = await client.status();
    assert.deepEqual(status["CurrenStatus"], [0]);
    assert.equal((status["TempOfNozzle"] as unknown[])[0], 0);
    assert.equal("TempTargetNozzle" in status, false);
  });

  test("obeys a command whose answer is lost, late or refused as the fault says", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    await fault(printer, "lost-answer", { command: 403 });
    const lost = client.send(403, { TargetFanSpeed: { BoxFan: 40 } });
    assert.equal(((await client.status())["CurrentFanSpeed"] as Json)["BoxFan"], 40);
    assert.equal(client.answerTo(lost), undefined);
    await fault(printer, "delayed-answer", { command: 258, milliseconds: 200, times: 1 });
    const late = client.send(258, { Url: "/local" });
    await client.status();
    assert.equal(client.answerTo(late), undefined);
    await until("the late answer", () => client.answerTo(late));
    await fault(printer, "refuse-command", { command: 128, ack: 6 });
    assert.equal(await client.ack(128, { Filename: "cube.gcode" }), 6);
    assert.deepEqual(await client.codes(), [[0], 0]);
  });

  test("silence keeps sockets open and answers nothing; slots-full refuses newcomers", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    await until("the greeting", () => client.texts.length === 1);
    await fault(printer, "silence");
    client.webSocket.send("ping");
    client.send(0);
    await until("both arrived", () => printer.control.counters()["pings"] === 1);
    await fault(printer, "slots-full");
    assert.equal((await refusal(printer, "/websocket")).status, 500);
    assert.equal(client.texts.length, 1);
    assert.equal(client.closed, undefined);
  });
});
