// The camera of the simulated Centauri Carbon 2: any path, one viewer, bare JPEGs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { readPictureCode } from "../picture/code.ts";
import { fault, RawClient, startPrinter } from "./raw-client.ts";

class Viewer implements AsyncDisposable {
  readonly #abort = new AbortController();
  bytes = Buffer.alloc(0);
  contentType = "";
  ended = false;

  static async open({ host, ports }: LaunchedSimulator, path = "/"): Promise<Viewer> {
    const viewer = new Viewer();
    const response = await fetch(`http://${host}:${ports["camera"]}${path}`, { signal: viewer.#abort.signal });
    viewer.contentType = response.headers.get("content-type") ?? "";
    void viewer.#read(response);
    return viewer;
  }

  /** Whole pictures, between their own markers. */
  get pictures(): readonly Buffer[] {
    const found: Buffer[] = [];
    for (let at = this.bytes.indexOf("ffd8", 0, "hex"); at >= 0; at = this.bytes.indexOf("ffd8", at + 2, "hex")) {
      const end = this.bytes.indexOf(Buffer.from("ffd90d0a", "hex"), at);
      if (end > 0) found.push(this.bytes.subarray(at, end + 2));
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await until("the end", () => this.ended);
  }

  async #read(response: Response): Promise<void> {
    try {
      for await (const chunk of response.body ?? []) this.bytes = Buffer.concat([this.bytes, chunk as Uint8Array]);
    } catch {
      // Cut off, by us or by a fault.
    }
    this.ended = true;
  }
}

describe("the simulated CC2's camera", { timeout: 120_000 }, () => {
  test("streams pictures without a JFIF header on every path, with their code", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    for (const path of ["/", "/?action=stream", "/anything/at/all"]) {
      await using viewer = await Viewer.open(printer, path);
      assert.equal(viewer.contentType, "multipart/x-mixed-replace; boundary=frame");
      const [first] = await until("a picture", () => viewer.pictures.length > 0 && viewer.pictures);
      assert.notEqual(first?.readUInt16BE(2), 0xffe0);
      if (path !== "/") continue;
      const { data, info } = await sharp(first).greyscale().raw().toBuffer({ resolveWithObject: true });
      const code = readPictureCode(data, info.width, info.height);
      assert.equal(Math.abs(Date.now() - (code?.capturedAtMs ?? 0)) < 30_000, true);
    }
    await until("no viewer", () => (printer.control.counters()["camera"] as { current: number }).current === 0);
  });

  test("serves one viewer; the next get headers only", async () => {
    await using printer = await startPrinter();
    await using first = await Viewer.open(printer);
    await until("a picture", () => first.pictures.length > 0);
    await using second = await Viewer.open(printer);
    const seen = first.pictures.length;
    await until("more pictures", () => first.pictures.length > seen + 1);
    assert.equal(second.bytes.length, 0);
    assert.deepEqual(printer.control.counters()["camera"], { current: 1, peak: 1, total: 1, starved: 1 });
  });

  test("can wait for method 1042, stall, end, name its boundary with dashes, and keep a slot for nobody", async () => {
    await using printer = await startPrinter();
    await fault(printer, "camera-disabled");
    await fault(printer, "camera-boundary");
    await using client = await RawClient.registered(printer);
    const viewer = await Viewer.open(printer);
    await sleep(300);
    assert.equal(viewer.bytes.length, 0);
    const { url } = await client.ask(1042, { enable: 1 });
    assert.equal(url, `http://${printer.host}:${printer.ports["camera"]}/?action=stream`);
    await until("a picture", () => viewer.pictures.length > 0);
    assert.match(viewer.contentType, /boundary=--frame_boundary$/);
    assert.equal(viewer.bytes.toString("latin1", 0, 18), "--frame_boundary\r\n");
    await fault(printer, "camera-stall");
    await fault(printer, "camera-leak");
    await fault(printer, "camera-drop");
    await until("the end", () => viewer.ended);
    assert.equal((printer.control.counters()["camera"] as { current: number }).current, 1);
    await fault(printer, "camera-refuse");
    await assert.rejects(Viewer.open(printer));
  });
});
