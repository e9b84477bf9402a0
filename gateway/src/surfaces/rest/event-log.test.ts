// Ids, the ring and what can still be replayed.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { EventLog, type Entry } from "./event-log.ts";

function idOf(text: string): string {
  return /^id: (.+)$/mu.exec(text)?.[1] ?? "";
}

function start(): { fleet: FakeFleet; log: EventLog; entries: Entry[] } {
  const fleet = new FakeFleet(fakePrinter("a"), fakePrinter("b"));
  const entries: Entry[] = [];
  return { fleet, entries, log: new EventLog(fleet, 5, (entry) => void entries.push(entry)) };
}

test("ids rise strictly within their epoch", () => {
  const { fleet, entries } = start();
  fleet.put(fakePrinter("a"));
  fleet.put(fakePrinter("b"));
  assert.deepEqual(
    entries.map((entry) => idOf(entry.text())),
    ["5-1", "5-2"],
  );
});

test("an entry keeps the state it was made for", () => {
  const { fleet, entries } = start();
  fleet.put(fakePrinter("a", {}, { stage: "one" }));
  fleet.put(fakePrinter("a", {}, { stage: "two" }));
  assert.match(entries[0]?.text() ?? "", /"stage":"one"/u);
});

test("a snapshot bears the id of the last entry and only the wanted printers", () => {
  const { fleet, log } = start();
  fleet.put(fakePrinter("a"));
  const text = log.snapshot((id) => id === "b");
  assert.equal(idOf(text), "5-1");
  const { items } = JSON.parse(/^data: (.+)$/mu.exec(text)?.[1] ?? "") as { items: { id: string }[] };
  assert.deepEqual(
    items.map(({ id }) => id),
    ["b"],
  );
});

test("replays what came after an id, and nothing for the newest", () => {
  const { fleet, log, entries } = start();
  for (let count = 0; count < 3; count += 1) fleet.put(fakePrinter("a"));
  assert.deepEqual(log.since("5-1"), entries.slice(1));
  assert.deepEqual(log.since("5-3"), []);
  assert.deepEqual(log.since("5-0"), entries);
});

test("knows no id of another epoch, of the future, or that is none", () => {
  const { fleet, log } = start();
  fleet.put(fakePrinter("a"));
  for (const id of ["4-1", "5-2", "5", "", "5-", "x-1", "5-1x", `5-${"9".repeat(40)}`]) {
    assert.equal(log.since(id), undefined, id);
  }
});

test("keeps a thousand entries", () => {
  const { fleet, log } = start();
  for (let count = 0; count < 1002; count += 1) fleet.put(fakePrinter("a"));
  assert.equal(log.since("5-1"), undefined);
  assert.equal(log.since("5-2")?.length, 1000);
});

test("a new inventory makes older ids unknown and is told as a reset", () => {
  const { fleet, log, entries } = start();
  fleet.put(fakePrinter("a"));
  fleet.replace(fakePrinter("c"));
  assert.deepEqual(
    entries.map(({ key }) => key),
    ["state a", "reset"],
  );
  assert.equal(log.since("5-1"), undefined);
  assert.equal(idOf(log.snapshot(() => true)), "5-2");
  assert.deepEqual(log.since("5-2"), []);
});

test("hears nothing once disposed", () => {
  const { fleet, log, entries } = start();
  log[Symbol.dispose]();
  fleet.put(fakePrinter("a"));
  assert.deepEqual(entries, []);
});
