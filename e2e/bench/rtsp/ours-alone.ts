// Parts in which the usual command has no equal: the held picture of a dead camera, the second
// stream, and a snapshot beside those who watch.

import { setTimeout as wait } from "node:timers/promises";
import { openMjpeg } from "@gantry/platform/mjpeg";
import type { Bench } from "./bench.ts";
import { heldPart, subPart } from "./measures.ts";
import { limitRow, spread } from "./report.ts";
import { Reader } from "./reader.ts";

export async function measureHeld({ mode, camera, ours, report }: Bench): Promise<void> {
  const part = await heldPart(ours, camera, mode.costMs);
  const what = "held picture of a dead camera, part of the live CPU";
  report.add(limitRow({ what, value: part * 100, unit: "%", atMost: 5 }));
  await ours.idle(0);
}

export async function measureSub({ mode, ours, report }: Bench): Promise<void> {
  const part = await subPart(ours, mode.costMs);
  report.add(limitRow({ what: "both streams of a camera, part of the first's CPU", value: part * 100, unit: "%" }));
  await ours.idle(0);
}

/** Snapshots while one watches over RTSP and one in a browser. */
export async function measureSnapshots(bench: Bench): Promise<void> {
  const { mode, camera, ours, report } = bench;
  await camera.unwatched();
  await using reader = await Reader.open(ours.url(0));
  await reader.firstPicture();
  await using web = new WebViewer(`${ours.cameraUrl(0)}/camera.mjpeg`);
  await wait(3000);
  const before = await camera.counters();
  const seenBefore = { rtsp: reader.arrivals.length, web: web.pictures };
  const times: number[] = [];
  let most = 0;
  for (let time = 0; time < mode.snapshots; time += 1) {
    await wait(200 + Math.random() * 400);
    const [tookMs, counted] = await Promise.all([snapshot(`${ours.cameraUrl(0)}/snapshot.jpg`), camera.counters()]);
    times.push(tookMs);
    most = Math.max(most, counted.current, (await camera.counters()).current);
  }
  const after = await camera.counters();
  if (reader.arrivals.length === seenBefore.rtsp || web.pictures === seenBefore.web)
    throw new Error("a viewer saw nothing");
  const { p50, p95, worst } = spread(times);
  const detail = `p50 ${p50.toFixed(0)}, p95 ${p95.toFixed(0)} ms, of ${times.length}`;
  report.add(
    limitRow({ what: "snapshot beside two viewers, the worst", value: worst, unit: "ms", atMost: 150, detail }),
  );
  const opened = after.total - before.total + after.snapshots - before.snapshots;
  const connections = { value: most, atMost: 1, detail: `${opened} opened in between` };
  report.add(limitRow({ what: "  camera connections meanwhile, the most", unit: "", ...connections }));
}

/** Ms until the whole picture is there. @throws Error when there is none */
async function snapshot(url: string): Promise<number> {
  const beganMs = performance.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(15_000) });
  const { byteLength } = await response.arrayBuffer();
  if (!response.ok || byteLength < 1000) throw new Error(`snapshot: ${response.status}, ${byteLength} bytes`);
  return performance.now() - beganMs;
}

/** Someone who looks at the camera in a browser. */
class WebViewer implements AsyncDisposable {
  pictures = 0;
  readonly #leaving = new AbortController();
  readonly #watching: Promise<void>;

  constructor(url: string) {
    this.#watching = this.#watch(url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort();
    await this.#watching;
  }

  async #watch(url: string): Promise<void> {
    try {
      for await (const jpeg of openMjpeg(url, { signal: this.#leaving.signal, stallMs: 10_000 })) {
        this.pictures += jpeg.length > 0 ? 1 : 0;
      }
    } catch {
      // It left, or sees nothing any more, which its count of pictures tells.
    }
  }
}
