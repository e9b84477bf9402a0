import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import type { AccessUnit } from "../ffmpeg/flv.ts";
import { FakeEncoder } from "./fake-encoder.ts";
import { Feeder, type Fed } from "./feeder.ts";
import { Lane } from "./lane.ts";
import type { Picture } from "./source.ts";

const size = { width: 64, height: 48 };
const slate = Uint8Array.of(0);

interface Table {
  readonly clock: FakeClock;
  readonly feeder: Feeder;
  readonly lane: Lane;
  readonly encoder: FakeEncoder;
  readonly counts: { dropped: number; held: number };
  readonly show: (what: number) => void;
  readonly answer: () => Fed | undefined;
  /** Stamps of units shown once more, and when. */
  readonly again: { readonly stampMs: number; readonly atMs: number }[];
}

function picture(what: number, arrivedMs: number): Picture {
  return { jpeg: Uint8Array.of(what), size, arrivedMs };
}

function table(options: { lastPictureAgeMs?: number; slateDrawn?: boolean; intervalMs?: number } = {}): Table {
  const clock = new FakeClock();
  const counts = { dropped: 0, held: 0 };
  const again: Table["again"] = [];
  const { lastPictureAgeMs } = options;
  const lane = new Lane("main");
  const feeder = new Feeder({
    clock,
    signal: new AbortController().signal,
    lastPicture: lastPictureAgeMs === undefined ? undefined : picture(99, clock.monotonic() - lastPictureAgeMs),
    intervalMs: options.intervalMs ?? 0,
    slate: () => (options.slateDrawn === false ? undefined : slate),
    onDropped: () => (counts.dropped += 1),
    onHeld: () => (counts.held += 1),
    onAgain: (_, { stampMs }, { capturedMs }) => again.push({ stampMs, atMs: capturedMs }),
  });
  const encoder = new FakeEncoder(clock);
  return {
    clock,
    feeder,
    lane,
    encoder,
    counts,
    again,
    show: (what) => feeder.picture(picture(what, clock.monotonic())),
    answer: () => {
      const stampMs = encoder.fed.at(-1)?.stampMs ?? -1;
      const unit: AccessUnit = { units: [], stampMs, key: encoder.takes.at(-1)?.[0] === "key" };
      return feeder.came(lane, unit);
    },
  };
}

test("a picture that comes within the moment is the first, and what was cached is not shown", async () => {
  const { clock, feeder, lane, encoder, show } = table({ lastPictureAgeMs: 5000 });
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  await clock.advance(60);
  show(1);
  assert.deepEqual(encoder.fed, [{ stampMs: 0, what: 1, atMs: 60 }]);
});

test("after the moment the last picture is shown, if it is younger than 30 s", async () => {
  const young = table({ lastPictureAgeMs: 5000 });
  young.feeder.attach(young.encoder, [young.lane], { patienceMs: 100 });
  await young.clock.advance(100);
  assert.deepEqual(young.encoder.whats, [99]);
  assert.equal(young.answer()?.shown, "held");
  const old = table({ lastPictureAgeMs: 31_000 });
  old.feeder.attach(old.encoder, [old.lane], { patienceMs: 100 });
  await old.clock.advance(100);
  assert.deepEqual(old.encoder.whats, [0]);
  assert.equal(old.answer()?.shown, "slate");
});

test("a slate that is still being drawn is fed as soon as it is there", async () => {
  const options = { slateDrawn: false };
  const { clock, feeder, lane, encoder } = table(options);
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  await clock.advance(500);
  assert.deepEqual(encoder.whats, []);
  options.slateDrawn = true;
  feeder.turn();
  assert.deepEqual(encoder.whats, [0]);
});

test("a camera that goes silent is held at one picture a second, then a slate takes its place", async () => {
  const { clock, feeder, lane, encoder, show, answer } = table();
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  for (let frame = 0; frame < 30; frame += 1) {
    show(1);
    assert.equal(answer()?.shown, "live");
    await clock.advance(100);
  }
  const before = encoder.fed.length;
  await clock.advance(10_000);
  assert.ok(encoder.fed.length - before >= 9 && encoder.fed.length - before <= 11);
  assert.ok(encoder.fed.slice(before).every(({ what }) => what === 1));
  assert.equal(answer()?.shown, "held");
  await clock.advance(25_000);
  assert.equal(encoder.whats.at(-1), 0);
  assert.equal(answer()?.shown, "slate");
  show(2);
  assert.equal(encoder.whats.at(-1), 2);
  assert.equal(answer()?.shown, "live");
  const gaps = encoder.fed.slice(1).map(({ atMs }, index) => atMs - (encoder.fed[index]?.atMs ?? 0));
  assert.ok(Math.max(...gaps) <= 1000);
});

test("a slow camera is live between its pictures", async () => {
  const { clock, feeder, lane, encoder, show, answer } = table();
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  for (let frame = 0; frame < 5; frame += 1) {
    show(1);
    await clock.advance(1900);
    assert.equal(answer()?.shown, frame === 0 ? "held" : "live");
  }
});

test("a viewer that joins is given a key picture at once, of the newest picture", async () => {
  const { clock, feeder, lane, encoder, show } = table();
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  show(1);
  await clock.advance(300);
  show(2);
  await clock.advance(40);
  feeder.requestKey(lane);
  const last = encoder.fed.at(-1);
  assert.deepEqual([last?.what, last?.atMs, encoder.takes.at(-1)], [2, 340, ["key"]]);
});

test("a viewer of a silent camera gets the thirty pictures that players look at first within three seconds", async () => {
  const { clock, feeder, lane, encoder } = table();
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  await clock.advance(3100);
  assert.ok(encoder.fed.length >= 30 && encoder.fed.length <= 45);
  await clock.advance(10_000);
  const before = encoder.fed.length;
  feeder.requestKey(lane);
  await clock.advance(3000);
  assert.ok(encoder.fed.length - before >= 30);
  await clock.advance(10_000);
  assert.ok(encoder.fed.length - before <= 60);
});

for (const [rate, intervals] of [
  [15, [57, 77]],
  [10, [80, 120]],
  [5, [150, 250]],
] as const) {
  test(`a camera of ${rate} a second is never filled up with repeats`, async () => {
    const { clock, feeder, lane, encoder, counts, show } = table({ intervalMs: 1000 / rate });
    feeder.attach(encoder, [lane], { patienceMs: 100 });
    for (let frame = 0; frame < 5 * rate; frame += 1) {
      show(1);
      await clock.advance(intervals[frame % 2] ?? 0);
    }
    assert.equal(counts.held, 0);
  });

  test(`a viewer of a camera of ${rate} a second costs one repeat`, async () => {
    const { clock, feeder, lane, encoder, counts, show } = table({ intervalMs: 1000 / rate });
    feeder.attach(encoder, [lane], { patienceMs: 100 });
    for (let frame = 0; frame < 5 * rate; frame += 1) {
      show(1);
      await clock.advance(1000 / rate / 2);
      if (frame === 2 * rate) feeder.requestKey(lane);
      await clock.advance(1000 / rate / 2);
    }
    assert.equal(counts.held, 1);
  });
}

test("a camera whose rate is not known yet is waited for before anything is repeated", async () => {
  const { clock, feeder, lane, encoder, counts, show } = table();
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  for (let frame = 0; frame < 10; frame += 1) {
    show(1);
    await clock.advance(200);
  }
  assert.equal(counts.held, 0);
});

test("a primed encoder goes on after its stamp, with a key picture, at the picture's own time", async () => {
  const { clock, feeder, lane, encoder, show, answer } = table();
  await clock.advance(5000);
  feeder.attach(encoder, [lane], { patienceMs: 100, primedMs: 0 });
  show(1);
  const [first] = encoder.fed;
  assert.ok(first !== undefined && first.stampMs >= 1 && encoder.keys.includes(first));
  const captured = answer()?.capturedMs ?? 0;
  assert.ok(Math.abs(captured - 5000) <= 1);
  await clock.advance(66);
  show(2);
  assert.ok(Math.abs((answer()?.capturedMs ?? 0) - 5066) <= 1);
});

test("a key picture asked for right after another is put off, not forgotten", async () => {
  const { clock, feeder, lane, encoder, show } = table();
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  show(1);
  await clock.advance(300);
  feeder.requestKey(lane);
  await clock.advance(20);
  feeder.requestKey(lane);
  assert.equal(encoder.keys.length, 2);
  await clock.advance(41);
  assert.deepEqual(
    encoder.keys.map(({ atMs }) => atMs),
    [0, 300, 360],
  );
});

test("while the encoder is busy only the newest picture is kept", async () => {
  const { clock, feeder, lane, encoder, counts, show } = table();
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  show(1);
  encoder.busy = true;
  for (const what of [2, 3, 4]) {
    await clock.advance(60);
    show(what);
  }
  assert.deepEqual(encoder.whats, [1]);
  encoder.busy = false;
  feeder.turn();
  assert.deepEqual(encoder.whats, [1, 4]);
  assert.equal(counts.dropped, 2);
});

test("the next encoder begins at 0 with the last picture that came out, at its own time", async () => {
  const { clock, feeder, lane, encoder, show, answer } = table();
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  show(1);
  await clock.advance(100);
  answer();
  show(2);
  feeder.detach();
  const next = new FakeEncoder(clock);
  await clock.advance(50);
  feeder.attach(next, [lane], { patienceMs: 0 });
  assert.deepEqual(next.fed, [{ stampMs: 0, what: 1, atMs: 150 }]);
  assert.equal(feeder.came(lane, { units: [], stampMs: 0, key: true })?.capturedMs, 150);
});

test("pictures that cannot be decoded give way to a slate every second", async () => {
  const { clock, feeder, lane, encoder, show } = table();
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  for (let frame = 0; frame < 40; frame += 1) {
    show(7);
    encoder.undecodable += 1;
    await clock.advance(100);
  }
  const slates = encoder.fed.filter(({ what }) => what === 0);
  assert.ok(slates.length >= 3 && slates.length <= 4);
  assert.equal(feeder.lastPicture, undefined);
});

test("a unit that answers nothing that was fed is ignored", () => {
  const { feeder, lane, encoder } = table();
  assert.equal(feeder.came(lane, { units: [], stampMs: 0, key: true }), undefined);
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  assert.equal(feeder.came(lane, { units: [], stampMs: 12, key: true }), undefined);
});

test("a picture that stands still is encoded twice, then shown in turns without the encoder", async () => {
  const { clock, feeder, lane, encoder, again, show, answer } = table({ intervalMs: 66 });
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  for (let frame = 0; frame < 60; frame += 1) {
    show(1);
    answer();
    await clock.advance(66);
  }
  const before = encoder.fed.length;
  for (let second = 0; second < 10; second += 1) {
    await clock.advance(1000);
    if (encoder.fed.length > before + again.length) answer();
  }
  const [older, newer] = encoder.fed.slice(before).map(({ stampMs }) => stampMs);
  assert.equal(encoder.fed.length, before + 2);
  assert.ok(again.length >= 7);
  assert.deepEqual(
    again.map(({ stampMs }) => stampMs),
    again.map((_, index) => (index % 2 === 0 ? older : newer)),
  );
  const count = again.length;
  feeder.requestKey(lane);
  assert.equal(again.length, count + 1);
  assert.equal(encoder.fed.length, before + 2);
});

test("the first picture after a standing one is a key picture with another id than the one shown last", async () => {
  const { clock, feeder, lane, encoder, again, show, answer } = table({ intervalMs: 66 });
  feeder.attach(encoder, [lane], { patienceMs: 100 });
  show(1);
  answer();
  await clock.advance(5000);
  while (again.length === 0) {
    answer();
    await clock.advance(1000);
  }
  const older = again[0]?.stampMs;
  while (again.at(-1)?.stampMs !== older) await clock.advance(1000);
  const before = encoder.fed.length;
  show(2);
  const added = encoder.fed.slice(before);
  assert.deepEqual(
    added.map((one) => [one.what, encoder.keys.includes(one)]),
    [
      [2, true],
      [2, true],
    ],
  );
  assert.equal(feeder.came(lane, { units: [], stampMs: added[0]?.stampMs ?? -1, key: true }), undefined);
  assert.equal(answer()?.shown, "live");
  show(3);
  assert.equal(encoder.fed.length, before + 3);
});
