import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecordMode } from "@gantry/config";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import type { JobNews } from "../printers/job.ts";
import type { StreamState } from "../streams/streams.ts";
import { Recorder } from "./recorder.ts";

const running: JobNews = { kind: "running", job: { id: "1", file: "a", layer: 1 }, isMoving: true };
const over: JobNews = { kind: "over" };
const unclear: JobNews = { kind: "unclear" };

class Bench {
  readonly clock = new FakeClock();
  readonly kept = new Set<string>();
  recorded: string[] = [];
  news = unclear;
  disk: string | null = null;
  state: StreamState = "live";
  streams = ["cc1"];
  readonly recorder = new Recorder({
    streams: () => this.streams.map((id) => ({ id, state: this.state })),
    keep: { start: (id) => void this.kept.add(id), stop: (id) => void this.kept.delete(id) },
    setRecorded: async (ids) => void (this.recorded = [...ids]),
    news: () => this.news,
    diskTrouble: () => this.disk,
    clock: this.clock,
    log: silentLog,
  });

  constructor(mode: RecordMode) {
    this.recorder.setModes(new Map([["cc1", mode]]));
  }

  async is(expected: "recorded" | "kept" | "left alone", change: Partial<Pick<Bench, "news" | "disk" | "state">> = {}) {
    Object.assign(this, change);
    await this.recorder.decide();
    assert.deepEqual(this.recorded, expected === "recorded" ? ["cc1"] : []);
    assert.deepEqual([...this.kept], expected === "left alone" ? [] : ["cc1"]);
  }
}

void test("while printing: from the beginning of the job to some seconds after its end", async () => {
  const bench = new Bench("while_printing");
  await bench.is("left alone");
  await bench.is("left alone", { news: over });
  assert.deepEqual(bench.recorder.status("cc1"), { active: false, reason: "nothing is printed" });
  await bench.is("recorded", { news: running });
  assert.deepEqual(bench.recorder.status("cc1"), { active: true, reason: null });
  await bench.is("recorded", { news: over });
  await bench.clock.advance(4999);
  await bench.is("recorded");
  await bench.clock.advance(2);
  await bench.is("left alone");
  await bench.clock.advance(60_000);
  await bench.is("left alone");
});

void test("a printer that is not heard for a while is taken to print on", async () => {
  const bench = new Bench("while_printing");
  await bench.is("recorded", { news: running });
  await bench.clock.advance(600_000);
  await bench.is("recorded", { news: unclear });
  await bench.is("recorded", { news: over });
  await bench.clock.advance(6000);
  await bench.is("left alone");
});

void test("always: as long as there are pictures; a slate is not recorded", async () => {
  const bench = new Bench("always");
  await bench.is("kept", { state: "starting" });
  await bench.is("recorded", { state: "live" });
  await bench.is("recorded", { state: "holding" });
  await bench.is("kept", { state: "placeholder" });
  assert.match(bench.recorder.status("cc1")?.reason ?? "", /sends no pictures/);
  await bench.is("recorded", { state: "live", news: over });
});

void test("a full disk ends it with a reason, and room lets it go on", async () => {
  const bench = new Bench("always");
  await bench.is("recorded");
  await bench.is("left alone", { disk: "the disk is full" });
  assert.deepEqual(bench.recorder.status("cc1"), { active: false, reason: "the disk is full" });
  await bench.is("recorded", { disk: null });
});

void test("a camera that is no longer to be recorded, or is gone, is let go", async () => {
  const bench = new Bench("always");
  await bench.is("recorded");
  bench.streams = [];
  await bench.is("left alone");
  bench.streams = ["cc1"];
  await bench.is("recorded");
  bench.recorder.setModes(new Map([["cc1", "off"]]));
  await bench.is("left alone");
  assert.equal(bench.recorder.status("cc1"), null);
  assert.ok(bench.recorder.isIdle);
});
