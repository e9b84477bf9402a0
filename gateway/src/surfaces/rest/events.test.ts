// The event stream on the wire.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { startTestGateway, textReader } from "../test-gateway.ts";

const timeout = 30_000;

async function open(url: string, query = "", headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/api/v1/events${query}`, { headers });
  return { response, until: textReader(response) };
}

function ids(text: string): string[] {
  return [...text.matchAll(/^id: (.+)$/gmu)].map(([, id]) => id ?? "");
}

test("opens with the retry time and everything as it is, then tells changes", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), fakePrinter("b"));
  await using gateway = await startTestGateway(fleet);
  const { response, until } = await open(gateway.url);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(response.headers.get("cache-control"), "no-cache, no-transform");
  assert.equal(response.headers.get("x-accel-buffering"), "no");
  await until("event: snapshot");
  fleet.put(fakePrinter("a", {}, { stage: "second layer" }));
  await until("second layer");
  const event = {
    printer: "a",
    type: "print_paused",
    at: "2026-01-01T00:00:00.000Z",
    file: "x",
    reason: null,
    command: null,
  } as const;
  fleet.emit({ type: "event", event });
  const text = await until("print_paused");
  assert.match(text, /^retry: 3000\n\nid: \d+-0\nevent: snapshot\ndata: \{"items":\[/u);
  assert.match(text, /event: state\ndata: \{"id":"a",/u);
  assert.match(text, /event: event\ndata: \{"printer":"a","type":"print_paused"/u);
  assert.deepEqual(
    ids(text).map((id) => id.split("-")[1]),
    ["0", "1", "2"],
  );
});

test("tells a command in its steps, by the name that asks it, and replays them", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  const { until } = await open(gateway.url);
  const [epoch] = (ids(await until("event: snapshot").then(async () => until("data:")))[0] ?? "").split("-");
  const steps = ["command_sent", "command_acknowledged", "command_confirmed", "command_unconfirmed"] as const;
  for (const type of steps) {
    const reason = type === "command_unconfirmed" ? "the printer did not answer" : null;
    const at = "2026-01-01T00:00:00.000Z";
    fleet.emit({ type: "event", event: { printer: "a", type, at, file: null, reason, command: "setHeaterTarget" } });
  }
  const again = await open(gateway.url, `?last_event_id=${epoch}-0`);
  for (const told of [await until("command_unconfirmed"), await again.until("command_unconfirmed")]) {
    const events = [...told.matchAll(/^event: event\ndata: (.+)$/gmu)].map(
      ([, data]) => JSON.parse(data ?? "") as { type: string; command: string; reason: string | null },
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      steps,
    );
    assert.ok(events.every(({ command }) => command === "set-heater-target"));
    assert.equal(events.at(-1)?.reason, "the printer did not answer");
  }
});

test("tells only of the printers that are asked for", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), fakePrinter("b"), fakePrinter("c"));
  await using gateway = await startTestGateway(fleet);
  const { until } = await open(gateway.url, "?printers=b,c");
  await until("event: snapshot");
  fleet.put(fakePrinter("a", {}, { stage: "hidden" }));
  fleet.put(fakePrinter("c", {}, { stage: "shown" }));
  const text = await until("shown");
  assert.doesNotMatch(text, /hidden|"id":"a"/u);
});

test("replays what a returning client missed, by header and by query", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  const first = await open(gateway.url);
  const [epoch] = (ids(await first.until("\n\nid:").then(async () => first.until("data:")))[0] ?? "").split("-");
  for (const stage of ["one", "two", "three"]) fleet.put(fakePrinter("a", {}, { stage }));
  await first.until("three");
  const byHeader = await open(gateway.url, "", { "Last-Event-ID": `${epoch}-1` });
  const byQuery = await open(gateway.url, `?last_event_id=${epoch}-1`);
  for (const { until } of [byHeader, byQuery]) {
    const text = await until("three");
    assert.deepEqual(ids(text), [`${epoch}-2`, `${epoch}-3`]);
    assert.doesNotMatch(text, /event: snapshot|event: reset/u);
  }
});

test("resets a client whose id is too old, foreign or none", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  for (const id of ["1-1", "nonsense"]) {
    const { until } = await open(gateway.url, "", { "Last-Event-ID": id });
    const text = await until("event: snapshot");
    assert.match(text, /event: reset\ndata: \{\}\n\n/u);
  }
});

test("a new inventory resets everyone", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  const { until } = await open(gateway.url);
  await until("event: snapshot");
  fleet.replace(fakePrinter("new"));
  const text = await until('"id":"new"');
  assert.ok(text.indexOf("event: reset") > text.indexOf("event: snapshot"));
  assert.ok(text.lastIndexOf("event: snapshot") > text.indexOf("event: reset"));
});

test("a quiet stream beats every fifteen seconds", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const { until } = await open(gateway.url);
  await until("event: snapshot");
  await gateway.clock.advance(45_000);
  const text = await until(": hb\n\n: hb\n\n: hb\n\n");
  assert.equal(text.match(/: hb/gu)?.length, 3);
});

test("says bye at the end, and counts who listens", { timeout }, async () => {
  const gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const { response, until } = await open(gateway.url);
  await until("event: snapshot");
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  assert.match(metrics, /^gantry_sse_clients 1$/mu);
  await gateway[Symbol.asyncDispose]();
  await until("event: bye\ndata: {}\n\n");
  assert.equal(response.ok, true);
  assert.equal(gateway.clock.pending, 0);
});
