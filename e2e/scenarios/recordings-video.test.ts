// What is kept of a printer whose camera sends its own H.264 (an H2D, by RTSPS) while it prints: a recording
// that is not encoded anew, and time-lapses by layer and by time, over real processes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { sampleProject } from "../simulators/bambu/sample-project.ts";
import { RestPrinter } from "./harness/rest-printer.ts";
import { encoders } from "./harness/processes.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";
import { VideoCamera } from "./harness/video-camera.ts";

const run = promisify(execFile);
const id = "h2d";
const layers = 40;
/** Frames for which the last picture of a film is held. */
const held = 60;

interface Item {
  readonly id: string;
  readonly job?: string;
  readonly endedAt: string | null;
  readonly sizeBytes: number;
  readonly seconds: number | null;
}

async function kept(stack: Stack, what: "recordings" | "timelapses"): Promise<Item[]> {
  const response = await fetch(`${stack.bridgeUrl}/api/v1/${what}?printer=${id}`);
  return ((await response.json()) as { items: Item[] }).items;
}

async function recording(stack: Stack): Promise<{ active: boolean; reason: string | null }> {
  return (await stack.stream(id))["recording"] as { active: boolean; reason: string | null };
}

/** `codec, width, height, pixel format, pictures`, decoded whole. */
async function probed(url: string): Promise<string[]> {
  const entries = "stream=codec_name,width,height,pix_fmt,nb_read_frames";
  const args = ["-v", "error", "-count_frames", "-show_entries", entries, "-of", "csv=p=0", url];
  return (await run("ffprobe", args, { timeout: 90_000 })).stdout.trim().split(",");
}

async function pictures(stack: Stack): Promise<number> {
  const text = await (await fetch(`${stack.bridgeUrl}/metrics`)).text();
  return Number(/^gantry_bridge_timelapse_pictures_total\{printer="h2d"\} (\d+)$/mu.exec(text)?.[1]);
}

async function startJob(printer: RestPrinter, name: string): Promise<void> {
  await printer.shows("readiness", ({ phase, materials }) => phase === "idle" && (materials as []).length > 0);
  const file = `${name}.gcode.3mf`;
  await printer.store(file, await sampleProject({ modelCode: "O1D", layers, printSeconds: 1200 }));
  await printer.acknowledged("start", { file, plateNumber: 1, slots: [{ tool: 0, unit: "0", slot: "0" }] });
}

async function filmOf(stack: Stack, job: string): Promise<Item> {
  return until(
    `there is a film of ${job}`,
    async () => (await kept(stack, "timelapses")).find((film) => film.job === job) ?? false,
    90_000,
  );
}

async function stackWith(camera: Readonly<Record<string, unknown>>): Promise<Stack> {
  const printer = { family: "bambu", control: true, speed: 40, settings: { model: id }, camera };
  return Stack.start({ bridge: true, linger: "3s", printers: { [id]: printer } });
}

test("a job before a camera of H.264 is recorded as it is, and filmed by layer", { timeout: 280_000 }, async (t) => {
  await using stack = await stackWith({ record: "while_printing", timelapse: "layer" });
  const printer = new RestPrinter(stack, id);

  await t.test("nothing is recorded before it", async () => {
    await until("the bridge knows that", async () => (await recording(stack)).reason === "nothing is printed");
    assert.deepEqual(await kept(stack, "recordings"), []);
  });

  await t.test("while it runs it is recorded and not encoded, over the camera's one connection", async () => {
    await startJob(printer, "bracket");
    await until("it is recorded", async () => (await recording(stack)).active, 60_000);
    await until("pictures are taken", async () => (await pictures(stack)) >= 2, 60_000);
    assert.equal((await stack.stream(id))["encoder"], null);
    const { rtsps } = stack.printer(id).control.counters() as { rtsps: { viewers: { peak: number } } };
    assert.equal(rtsps.viewers.peak, 1);
  });

  await t.test("after it the recording ends, is whole and plays", async () => {
    await printer.shows("the end of the job", ({ phase }) => phase === "finished", 120_000);
    await until("it is recorded no longer", async () => !(await recording(stack)).active);
    const [segment, ...more] = await until(
      "the segment is whole",
      async () => {
        const items = await kept(stack, "recordings");
        return items.length > 0 && items.every(({ endedAt }) => endedAt !== null) && items;
      },
      60_000,
    );
    assert.deepEqual(more, []);
    assert.ok((segment?.seconds ?? 0) > 5, `${segment?.seconds} s`);
    const [codec, , , , count] = await probed(`${stack.bridgeUrl}/api/v1/recordings/${segment?.id}`);
    assert.equal(codec, "h264");
    assert.ok(Number(count) > 20, `${count} pictures`);
  });

  await t.test("the film has the job's name and a picture of nearly each layer", async () => {
    const film = await filmOf(stack, "bracket");
    const [codec, width, , format, count] = await probed(`${stack.bridgeUrl}/api/v1/timelapses/${film.id}`);
    assert.deepEqual([codec, format], ["h264", "yuv420p"]);
    assert.ok(Number(width) >= 640, `${width} wide`);
    assert.equal(Number(count), (await pictures(stack)) + held);
    assert.ok((await pictures(stack)) >= layers / 4, `${await pictures(stack)} pictures of ${layers} layers`);
    assert.deepEqual(await readdir(join(dirname(stack.inventory), "data/timelapses/.pictures")), []);
  });

  await t.test("the web page's fold lists both, and the gateway hands them on in parts", async () => {
    const [fold, film] = [await fetch(`${stack.gatewayUrl}/ui/cards/${id}/kept`), await filmOf(stack, "bracket")];
    const text = await fold.text();
    assert.match(text, />bracket</u);
    const addresses = [...text.matchAll(/data-play="([^"]+)"/gu)].map(
      ([, address]) => `${stack.gatewayUrl}/${address}`,
    );
    assert.equal(addresses.length, 2, text);
    for (const address of addresses) assert.equal((await probed(address))[0], "h264");
    const file = `${stack.gatewayUrl}/api/v1/printers/${id}/timelapses/${film.id}`;
    const part = await fetch(file, { headers: { Range: "bytes=4-7" } });
    assert.deepEqual([part.status, await part.text()], [206, "ftyp"]);
  });

  await t.test("then the camera is let go", async () => {
    await until("no program is left", async () => (await encoders(stack.bridge.pid)).length === 0, 60_000);
    await until("the stream ends", async () => (await stack.stream(id))["state"] === "idle", 60_000);
  });
});

test("a job before a camera of H.264 is filmed by time, though nobody watches", { timeout: 200_000 }, async () => {
  await using stack = await stackWith({ timelapse: "1s" });
  const printer = new RestPrinter(stack, id);
  await startJob(printer, "gear");
  await until("pictures are taken", async () => (await pictures(stack)) >= 6, 90_000);
  await printer.acknowledged("stop");
  const film = await filmOf(stack, "gear");
  const [codec, , , , count] = await probed(`${stack.bridgeUrl}/api/v1/timelapses/${film.id}`);
  assert.equal(codec, "h264");
  assert.equal(Number(count), (await pictures(stack)) + held);
  assert.deepEqual(await kept(stack, "recordings"), []);
});

test("so is one before a camera that the inventory names by rtsp://", { timeout: 200_000 }, async () => {
  await using camera = await VideoCamera.start();
  const given = { url: camera.url, timelapse: "layer" };
  await using stack = await Stack.start({
    bridge: true,
    printers: { cc1: { control: true, speed: 90, camera: given } },
  });
  const printer = new RestPrinter(stack, "cc1");
  await until("it has told what it has", async () => (await printer.request("GET", "/files")).ok);
  await printer.store(
    "clip.gcode",
    `; total layer number: 30\n; estimated printing time (normal mode) = 40m 0s\nG28\n`,
  );
  await printer.acknowledged("start", { file: "clip.gcode" });
  const film = await until(
    "there is a film",
    async () => ((await (await printer.request("GET", "/timelapses")).json()) as { items: Item[] }).items[0] ?? false,
    120_000,
  );
  assert.equal(film.job, "clip");
  const [codec, ...size] = await probed(`${stack.gatewayUrl}/api/v1/printers/cc1/timelapses/${film.id}`);
  assert.deepEqual([codec, ...size.slice(0, 2)], ["h264", "640", "360"]);
  assert.ok(Number(size.at(-1)) > 3 + held, size.join());
});
