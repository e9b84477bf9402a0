import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import type { StreamSet, StreamState } from "../streams/streams.ts";
import { Demand } from "./demand.ts";
import { MediamtxError } from "./errors.ts";

interface Bench {
  readonly demand: Demand;
  readonly clock: FakeClock;
  /** What the streams were told, without counts of viewers. */
  readonly told: string[];
  readonly viewers: Map<string, number>;
  readonly states: Map<string, StreamState>;
  readonly hangs: { count: number };
  readonly server: { answers: boolean };
}

function bench(): Bench {
  const told: string[] = [];
  const viewers = new Map<string, number>([["cc1", 0]]);
  const states = new Map<string, StreamState>([["cc1", "idle"]]);
  const hangs = { count: 0 };
  const server = { answers: true };
  const clock = new FakeClock();
  const streams = {
    list: () => [...states].map(([id, state]) => ({ id, state })),
    demanded: (id: string) => {
      told.push(`demanded ${id}`);
      states.set(id, "live");
    },
    released: (id: string) => {
      told.push(`released ${id}`);
      states.set(id, "idle");
    },
    viewerJoined: (id: string) => void told.push(`joined ${id}`),
    viewers: () => undefined,
  } as unknown as StreamSet;
  const demand = new Demand({
    streams,
    clock,
    log: silentLog,
    lingerMs: () => 15_000,
    dismiss: async (id) => void told.push(`dismissed ${id}`),
    onHang: () => void (hangs.count += 1),
  });
  demand.attach({
    viewers: async () => {
      await Promise.resolve();
      if (!server.answers) throw new MediamtxError("unreachable", "silence");
      return new Map(viewers);
    },
  });
  return { demand, clock, told, viewers, states, hangs, server };
}

void test("a demand starts the stream, the end of it stops the stream", async () => {
  const { demand, clock, told } = bench();
  await demand.hook({ name: "demand", path: "cc1" });
  await clock.advance(20_000);
  await demand.hook({ name: "undemand", path: "cc1" });
  assert.deepEqual(told, ["demanded cc1", "released cc1"]);
});

void test("a viewer who joined in the last moment keeps the stream", async () => {
  const { demand, clock, told, viewers } = bench();
  await demand.hook({ name: "demand", path: "cc1" });
  await clock.advance(20_000);
  viewers.set("cc1", 1);
  await demand.hook({ name: "undemand", path: "cc1" });
  assert.deepEqual(told, ["demanded cc1"]);
});

void test("that viewer's leaving, of which no hook tells, is seen by counting", async () => {
  const { demand, clock, told, viewers } = bench();
  await demand.hook({ name: "demand", path: "cc1" });
  await clock.advance(20_000);
  viewers.set("cc1", 1);
  await demand.hook({ name: "undemand", path: "cc1" });
  await demand.count();
  viewers.set("cc1", 0);
  await demand.count();
  await clock.advance(23_000);
  await demand.count();
  assert.deepEqual(told, ["demanded cc1"]);
  await clock.advance(1000);
  await demand.count();
  assert.deepEqual(told, ["demanded cc1", "released cc1"]);
});

void test("an end that overtook the demand it belongs before is old", async () => {
  const { demand, clock, told } = bench();
  await demand.hook({ name: "demand", path: "cc1" });
  await clock.advance(5);
  await demand.hook({ name: "undemand", path: "cc1" });
  assert.deepEqual(told, ["demanded cc1"]);
});

void test("a demand that comes while the viewers are counted keeps the stream", async () => {
  const { demand, clock, told } = bench();
  await demand.hook({ name: "demand", path: "cc1" });
  await clock.advance(20_000);
  const ending = demand.hook({ name: "undemand", path: "cc1" });
  await demand.hook({ name: "demand", path: "cc1" });
  await ending;
  assert.deepEqual(told, ["demanded cc1", "demanded cc1"]);
});

void test("viewers on an idle stream are a demand that was lost", async () => {
  const { demand, told, viewers } = bench();
  viewers.set("cc1", 2);
  await demand.count();
  await demand.count();
  assert.deepEqual(told, ["demanded cc1"]);
});

void test("a stream that waits for its first viewer is not ended by counting", async () => {
  const { demand, clock, told } = bench();
  await demand.hook({ name: "demand", path: "cc1" });
  for (let turn = 0; turn < 4; turn += 1) {
    await clock.advance(5000);
    await demand.count();
  }
  assert.deepEqual(told, ["demanded cc1"]);
});

void test("a viewer's joining is told at once", async () => {
  const { demand, told } = bench();
  await demand.hook({ name: "read", path: "cc1" });
  assert.deepEqual(told, ["joined cc1"]);
});

void test("viewers of a stream that may not run are sent away, and the next one is a demand again", async () => {
  const { demand, clock, told, states } = bench();
  await demand.hook({ name: "demand", path: "cc1" });
  await clock.advance(250);
  await demand.refused("cc1");
  states.set("cc1", "failed");
  // That MediaMTX reports the end of what it was told to end changes nothing, and the list neither.
  await demand.hook({ name: "undemand", path: "cc1" });
  for (let turn = 0; turn < 6; turn += 1) {
    await clock.advance(5000);
    await demand.count();
  }
  await demand.hook({ name: "demand", path: "cc1" });
  assert.deepEqual(told, ["demanded cc1", "released cc1", "dismissed cc1", "demanded cc1"]);
});

void test("a path that is no stream is left alone", async () => {
  const { demand, told } = bench();
  await demand.hook({ name: "demand", path: "stranger" });
  await demand.hook({ name: "undemand", path: "stranger" });
  assert.deepEqual(told, []);
});

void test("a MediaMTX that does not answer three times in a row hangs", async () => {
  const { demand, hangs, server } = bench();
  server.answers = false;
  await demand.count();
  await demand.count();
  server.answers = true;
  await demand.count();
  server.answers = false;
  for (let turn = 0; turn < 2; turn += 1) await demand.count();
  assert.equal(hangs.count, 0);
  await demand.count();
  assert.equal(hangs.count, 1);
});

void test("the end of a demand counts when MediaMTX cannot be asked", async () => {
  const { demand, clock, told, server } = bench();
  await demand.hook({ name: "demand", path: "cc1" });
  await clock.advance(20_000);
  server.answers = false;
  await demand.hook({ name: "undemand", path: "cc1" });
  assert.deepEqual(told, ["demanded cc1", "released cc1"]);
});
