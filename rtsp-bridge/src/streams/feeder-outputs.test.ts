import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import { FakeEncoder } from "./fake-encoder.ts";
import { Feeder } from "./feeder.ts";
import { Lane } from "./lane.ts";
import type { Picture } from "./source.ts";

const slate = Uint8Array.of(0);

function picture(what: number, arrivedMs: number): Picture {
  return { jpeg: Uint8Array.of(what), size: { width: 64, height: 48 }, arrivedMs };
}

interface Pair {
  readonly clock: FakeClock;
  readonly feeder: Feeder;
  readonly encoder: FakeEncoder;
  readonly main: Lane;
  readonly sub: Lane;
  readonly show: (what: number) => void;
  /** Everything that was fed comes out. */
  readonly answer: (encoder?: FakeEncoder) => void;
  readonly dropped: string[];
}

/** Two outputs, the second of at most five pictures a second. */
function pair(): Pair {
  const clock = new FakeClock();
  const dropped: string[] = [];
  const [main, sub] = [new Lane("main"), new Lane("sub")];
  sub.maxFramesPerSecond = 5;
  const feeder = new Feeder({
    clock,
    signal: new AbortController().signal,
    lastPicture: undefined,
    intervalMs: 66,
    slate: () => slate,
    onDropped: ({ name }) => dropped.push(name),
    onHeld: () => undefined,
    onAgain: () => undefined,
  });
  const encoder = new FakeEncoder(clock);
  const answer = (from = encoder): void => {
    for (const [index, { stampMs }] of from.fed.entries()) {
      for (const [output, lane] of [main, sub].entries()) {
        const take = from.takes[index]?.[output];
        if (take !== undefined && take !== "none") feeder.came(lane, { units: [], stampMs, key: take === "key" });
      }
    }
  };
  const show = (what: number): void => feeder.picture(picture(what, clock.monotonic()));
  return { clock, feeder, encoder, main, sub, show, answer, dropped };
}

test("a slower output takes its own rate of the same pictures, each with a key picture a second", async () => {
  const { clock, feeder, encoder, main, sub, show, answer, dropped } = pair();
  feeder.attach(encoder, [main, sub], { patienceMs: 100 });
  for (let frame = 0; frame < 75; frame += 1) {
    show(frame % 2);
    answer();
    await clock.advance(1000 / 15);
  }
  const taken = (output: number): number => encoder.takes.filter((takes) => takes[output] !== "none").length;
  const keys = (output: number): number => encoder.takes.filter((takes) => takes[output] === "key").length;
  assert.equal(taken(0), 75);
  assert.ok(taken(1) >= 24 && taken(1) <= 26, `${taken(1)}`);
  assert.equal(keys(0), 5);
  assert.ok(keys(1) >= 5 && keys(1) <= 6, `${keys(1)}`);
  assert.equal(dropped.filter((name) => name === "sub").length, 75 - taken(1));
  assert.ok(!dropped.includes("main"));
});

test("a viewer who joins one output costs the other nothing", async () => {
  const { clock, feeder, encoder, main, sub, show, answer } = pair();
  feeder.attach(encoder, [main, sub], { patienceMs: 100 });
  for (let frame = 0; frame < 5; frame += 1) {
    show(frame);
    answer();
    await clock.advance(66);
  }
  await clock.advance(20);
  feeder.requestKey(sub);
  assert.deepEqual(encoder.takes.at(-1), ["none", "key"]);
});

test("an encoder takes over in time: what goes on begins with a key picture, what is new at once", async () => {
  const { clock, feeder, encoder, main, sub, show, answer } = pair();
  feeder.attach(encoder, [main], { patienceMs: 100 });
  show(1);
  const settled = feeder.settled();
  await clock.advance(30);
  show(2);
  assert.deepEqual(encoder.whats, [1]);
  answer();
  await settled;
  const next = new FakeEncoder(clock);
  feeder.attach(next, [main, sub], { patienceMs: 0, primedMs: 0, goesOn: [main] });
  assert.deepEqual(next.whats, [2]);
  assert.deepEqual(next.takes, [["key", "key"]]);
  await clock.advance(66);
  show(3);
  assert.equal(next.takes.at(-1)?.[0], "plain");
});

test("a held output that goes on is repeated in its own time, and a new one is shown at once", async () => {
  const { clock, feeder, encoder, main, sub, show, answer } = pair();
  feeder.attach(encoder, [main], { patienceMs: 100 });
  show(1);
  answer();
  await clock.advance(6000);
  answer();
  await clock.advance(400);
  const next = new FakeEncoder(clock);
  feeder.attach(next, [main, sub], { patienceMs: 0, primedMs: 0, goesOn: [main] });
  assert.deepEqual(next.takes, [["none", "key"]]);
  await clock.advance(1000);
  assert.ok(next.takes.some(([first]) => first === "key"));
});
