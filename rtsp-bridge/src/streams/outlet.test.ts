import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import type { AccessUnit } from "../ffmpeg/flv.ts";
import type { Publisher } from "../rtsp/publisher.ts";
import { Outlet } from "./outlet.ts";

interface Table {
  readonly clock: FakeClock;
  readonly outlet: Outlet;
  readonly publisher: Publisher;
  readonly sent: number[];
  readonly asked: number[];
}

function table(): Table {
  const clock = new FakeClock();
  const sent: number[] = [];
  const asked: number[] = [];
  const outlet = new Outlet({
    clock,
    signal: new AbortController().signal,
    onKeyNeeded: () => asked.push(clock.monotonic()),
    onSent: () => undefined,
  });
  const publisher: Publisher = {
    closed: new Promise(() => undefined),
    send: (unit) => {
      sent.push(unit.stampMs);
      return 1;
    },
  };
  return { clock, outlet, publisher, sent, asked };
}

const unit = (stampMs: number, key = false): AccessUnit => ({ units: [], stampMs, key });

test("the first pictures wait for the reader and are then sent in order", () => {
  const { outlet, publisher, sent, asked } = table();
  outlet.offer(unit(0, true), 0);
  outlet.attach(publisher);
  outlet.offer(unit(66), 66);
  assert.deepEqual(sent, []);
  outlet.joined();
  outlet.offer(unit(132), 132);
  assert.deepEqual(sent, [0, 66, 132]);
  assert.deepEqual(asked, []);
});

test("without word of a reader they are sent after a moment", async () => {
  const { clock, outlet, publisher, sent } = table();
  outlet.offer(unit(0, true), 0);
  outlet.attach(publisher);
  await clock.advance(59);
  assert.deepEqual(sent, []);
  await clock.advance(1);
  assert.deepEqual(sent, [0]);
});

test("a reader who is there before the first picture gets that one, and none is made for him", async () => {
  const { clock, outlet, publisher, sent, asked } = table();
  outlet.attach(publisher);
  outlet.joined();
  outlet.joined();
  await clock.advance(100);
  outlet.offer(unit(0, true), 100);
  assert.deepEqual([sent, asked], [[0], []]);
});

test("a session that opens between two key pictures asks for one", () => {
  const { outlet, publisher, asked } = table();
  outlet.offer(unit(66), 66);
  outlet.attach(publisher);
  outlet.joined();
  assert.equal(asked.length, 1);
});

test("a later reader asks for a key picture of its own", () => {
  const { outlet, publisher, asked } = table();
  outlet.offer(unit(0, true), 0);
  outlet.attach(publisher);
  outlet.joined();
  outlet.joined();
  assert.equal(asked.length, 1);
});

test("a session that opens long after the last key picture asks for a new one", async () => {
  const { clock, outlet, publisher, sent, asked } = table();
  outlet.offer(unit(0, true), 0);
  await clock.advance(900);
  outlet.attach(publisher);
  outlet.joined();
  assert.deepEqual(sent, []);
  assert.deepEqual(asked, [900]);
});

test("what waits is bounded and always begins with a key picture", () => {
  const { outlet, publisher, sent } = table();
  outlet.offer(unit(2), 2);
  outlet.offer(unit(5, true), 5);
  for (let index = 0; index < 30; index += 1) outlet.offer(unit(6 + 2 * index), 6);
  outlet.offer(unit(101, true), 101);
  outlet.attach(publisher);
  outlet.joined();
  assert.deepEqual(sent, [101]);
});

test("nothing is sent into a session that is gone", async () => {
  const { clock, outlet, publisher, sent } = table();
  outlet.attach(publisher);
  outlet.offer(unit(0, true), 0);
  outlet.detach();
  await clock.advance(1000);
  outlet.offer(unit(66), 66);
  outlet.joined();
  assert.deepEqual(sent, []);
  assert.equal(outlet.isOpen, false);
});
