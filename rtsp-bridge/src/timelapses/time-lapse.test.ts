// Pictures of jobs on disk, and films of them with the real ffmpeg where there is one.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import type { TimelapseMode } from "@gantry/config";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import { findFfmpeg } from "../mediamtx/programs.ts";
import type { JobNews } from "../printers/job.ts";
import { SlatePainter } from "../streams/slate-painter.ts";
import { TimeLapses } from "./time-lapses.ts";

const ffmpegPath = await findFfmpeg(process.env["GANTRY_FFMPEG"], process.env["PATH"] ?? "").catch(() => undefined);
const skip = ffmpegPath === undefined ? "needs ffmpeg" : false;

const over: JobNews = { kind: "over" };
const layer = (number: number | null, file: string | null = "cube.gcode", id: string | null = null): JobNews => ({
  kind: "running",
  job: { id, file, layer: number },
  isMoving: true,
});

async function drawn(width: number): Promise<Uint8Array> {
  await using painter = new SlatePainter();
  return await painter.draw({ width, height: 180 }, { title: "a", message: "b", detail: null });
}

class Bench {
  readonly clock = new FakeClock();
  readonly root: string;
  taken = 0;
  picture: () => Promise<Uint8Array> = async () => Buffer.from("no JPEG");
  disk: string | null = null;
  lapses: TimeLapses;

  constructor(root: string) {
    this.root = root;
    this.lapses = this.#open("ffmpeg");
  }

  #open(ffmpeg: string): TimeLapses {
    return new TimeLapses({
      root: this.root,
      ffmpegPath: ffmpeg,
      framesPerSecond: () => 30,
      takePicture: async () => {
        this.taken += 1;
        return this.picture();
      },
      diskTrouble: () => this.disk,
      clock: this.clock,
      log: silentLog,
    });
  }

  async begin(mode: TimelapseMode): Promise<void> {
    await this.lapses.setModes(new Map([["cc1", mode]]));
  }

  /** As after a kill: what is on disk is all there is. */
  async again(mode: TimelapseMode, ffmpeg = "ffmpeg"): Promise<void> {
    await this.lapses[Symbol.asyncDispose]();
    this.lapses = this.#open(ffmpeg);
    await this.begin(mode);
  }

  async tell(...news: readonly JobNews[]): Promise<void> {
    for (const one of news) {
      const before = this.lapses.pictures("cc1");
      this.lapses.news("cc1", one);
      for (let turn = 0; turn < 40 && this.lapses.pictures("cc1") === before; turn += 1) await sleep(5);
    }
  }

  /** Pictures on disk by the spool's folder. */
  async spooled(): Promise<number[]> {
    const spools = await readdir(join(this.root, ".pictures")).catch((): string[] => []);
    const files = await Promise.all(
      spools
        .toSorted((one, other) => one.localeCompare(other))
        .map((name) => readdir(join(this.root, ".pictures", name))),
    );
    return files.map((names) => names.filter((name) => name.endsWith(".jpg")).length);
  }

  async until(isSo: () => Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < 600; turn += 1) {
      if (await isSo()) return;
      await sleep(50);
    }
    throw new Error("it never happened");
  }
}

async function bench(context: TestContext): Promise<Bench> {
  const it = new Bench(await mkdtemp(join(tmpdir(), "gantry-lapse-")));
  context.after(async () => {
    await it.lapses[Symbol.asyncDispose]();
    await rm(it.root, { recursive: true, force: true });
  });
  return it;
}

void test("a picture at each layer, and none for a layer that stays or is not told", async (context) => {
  const it = await bench(context);
  await it.begin("layer");
  await it.tell(layer(null), layer(0), layer(1), layer(1), layer(2), layer(3));
  assert.deepEqual([it.taken, await it.spooled()], [3, [3]]);
});

void test("a picture every so long while the job moves", async (context) => {
  const it = await bench(context);
  await it.begin({ everyMs: 10_000 });
  await it.clock.advance(30_000);
  assert.equal(it.taken, 0);
  const spooled = async (count: number): Promise<void> => it.until(async () => (await it.spooled())[0] === count);
  it.lapses.news("cc1", layer(null));
  await it.clock.advance(10_000);
  await spooled(1);
  await it.clock.advance(10_000);
  await spooled(2);
  it.lapses.news("cc1", { kind: "running", job: { id: null, file: null, layer: null }, isMoving: false });
  await it.clock.advance(50_000);
  assert.equal(it.taken, 2);
});

void test("a bridge that was killed goes on with the same job, and not with another", async (context) => {
  const it = await bench(context);
  await it.begin("layer");
  await it.tell(layer(1, null), layer(2, "cube.gcode", "7"));
  await it.again("layer");
  await it.tell({ kind: "unclear" }, layer(3, "cube.gcode", "7"));
  assert.deepEqual(await it.spooled(), [3]);
  await it.clock.advance(5000);
  await it.again("layer", "/nowhere/ffmpeg");
  await it.tell(layer(1, "cube.gcode", "8"));
  assert.deepEqual(await it.spooled(), [3, 1]);
});

void test("no picture is taken while the disk is full", async (context) => {
  const it = await bench(context);
  await it.begin("layer");
  it.disk = "the disk is full";
  await it.tell(layer(1));
  it.disk = null;
  await it.tell(layer(2));
  assert.deepEqual([it.taken, await it.spooled()], [1, [1]]);
});

void test("a missing picture costs no more than itself", async (context) => {
  const it = await bench(context);
  await it.begin("layer");
  it.picture = async () => Promise.reject(new Error("the camera is away"));
  await it.tell(layer(1));
  it.picture = async () => Buffer.from("a picture");
  await it.tell(layer(2), layer(3));
  assert.deepEqual(await it.spooled(), [2]);
});

void test("one picture makes no film", async (context) => {
  const it = await bench(context);
  await it.begin("layer");
  await it.tell(layer(1), over);
  await it.until(async () => (await it.spooled()).length === 0);
  assert.deepEqual(await it.lapses.films.list(), []);
});

void test(
  "a film that cannot be made leaves its pictures for the next start",
  { skip, timeout: 60_000 },
  async (context) => {
    const it = await bench(context);
    await it.again("layer", "/nowhere/ffmpeg");
    const jpegs = [await drawn(320), await drawn(640)];
    it.picture = async () => jpegs[it.taken % 2]!;
    await it.tell(layer(1), layer(2), layer(3), over);
    await it.until(async () => it.lapses.films.totals.failed === 1);
    assert.deepEqual(await it.spooled(), [3]);
    await it.again("layer", ffmpegPath ?? "");
    // Whether that job still runs is only known now.
    await it.tell(over);
    await it.until(async () => it.lapses.films.totals.made === 1);
    assert.deepEqual(await it.spooled(), []);
    const [film] = await it.lapses.films.list();
    assert.deepEqual([film?.job, film?.printer, film?.seconds], ["cube", "cc1", 63 / 30]);
    const args = ["-v", "error", "-show_entries", "stream=width,height,pix_fmt", "-of", "csv=p=0", film?.file ?? ""];
    const { stdout } = await promisify(execFile)("ffprobe", args);
    assert.equal(stdout.trim(), "640,180,yuv420p");
  },
);

void test(
  "switched off, a film is made of what there is; strangers' folders are left alone",
  { skip, timeout: 60_000 },
  async (context) => {
    const it = await bench(context);
    await mkdir(join(it.root, ".pictures", "notes"), { recursive: true });
    await writeFile(join(it.root, ".pictures", "notes", "job.json"), "{}");
    await it.again("layer", ffmpegPath ?? "");
    const jpeg = await drawn(320);
    it.picture = async () => jpeg;
    await it.tell(layer(1), layer(2));
    await it.begin("off");
    await it.until(async () => (await it.lapses.films.list()).length === 1);
    assert.deepEqual(await readdir(join(it.root, ".pictures")), ["notes"]);
  },
);
