// The simulated camera's wire: its malformed headers, its one viewer, its frames.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import sharp from "sharp";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { readPictureCode } from "../picture/code.ts";
import { RawClient, fault, startPrinter } from "./raw-client.ts";

/** One raw HTTP connection to /video and all it brought. */
class Viewer implements Disposable {
  readonly #socket: Socket;
  bytes = Buffer.alloc(0);
  ended = false;

  constructor({ host, ports }: LaunchedSimulator) {
    this.#socket = connect({ host, port: ports["camera"] ?? 0 });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => (this.ended = true));
    this.#socket.on("data", (chunk) => (this.bytes = Buffer.concat([this.bytes, chunk])));
    this.#socket.write("GET /video HTTP/1.1\r\nHost: printer\r\n\r\n");
  }

  get head(): string {
    return this.bytes.toString("latin1").split("\r\n\r\n", 1)[0] ?? "";
  }

  /** Whole pictures so far. */
  get pictures(): readonly Buffer[] {
    const pictures: Buffer[] = [];
    for (let from = 0; ;) {
      const start = this.bytes.indexOf("ffd8ff", from, "hex");
      const end = this.bytes.indexOf("ffd9", start + 2, "hex");
      if (start < 0 || end < 0) return pictures;
      pictures.push(this.bytes.subarray(start, end + 2));
      from = end + 2;
    }
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    if (!this.ended) await once(this.#socket, "close");
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

const current = (printer: LaunchedSimulator): unknown =>
  (printer.control.counters()["camera"] as Record<string, unknown>)["current"];

describe("the simulated CC1's camera", { timeout: 120_000 }, () => {
  test("sends the broken headers of the real one, and parts that begin with --foo", async () => {
    await using printer = await startPrinter();
    using viewer = new Viewer(printer);
    await until("a picture", () => viewer.pictures.length > 0);
    assert.match(viewer.head, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(viewer.head, /Content-Type: multipart\/x-mixed-replace; boundary=--foo\r\n/);
    assert.match(viewer.head, /Expires: Thu, %d %d %d %d:%d:%d GMT/);
    assert.equal(viewer.bytes.toString("latin1", viewer.head.length + 4, viewer.head.length + 11), "--foo\r\n");
  });

  test("brings readable pictures with rising numbers, some without a JFIF header", async () => {
    await using printer = await startPrinter({ scenario: "printing", settings: { fps: "30" } });
    using viewer = new Viewer(printer);
    const pictures = await until("twelve pictures", () => viewer.pictures.length >= 12 && viewer.pictures);
    const codes = await Promise.all(
      pictures.map(async (jpeg) => {
        const { data, info } = await sharp(jpeg).greyscale().raw().toBuffer({ resolveWithObject: true });
        assert.deepEqual([info.width, info.height], [640, 360]);
        return readPictureCode(data, info.width, info.height);
      }),
    );
    const numbers = codes.map((code) => code?.frameNumber ?? 0);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(numbers).size, numbers.length);
    assert.ok(Math.abs((codes[0]?.capturedAtMs ?? 0) - Date.now()) < 60_000);
    assert.ok(pictures.some((jpeg) => jpeg.readUInt16BE(2) !== 0xffe0));
  });

  test("gives a second viewer headers and no frame, and the slot back on close", async () => {
    await using printer = await startPrinter();
    using first = new Viewer(printer);
    await until("the first has a picture", () => first.pictures.length > 0);
    using second = new Viewer(printer);
    await until("the second has headers", () => second.head !== "");
    const before = first.pictures.length;
    await until("the first has more", () => first.pictures.length > before);
    assert.equal(second.pictures.length, 0);
    await first.close();
    await until("the slot is free", () => current(printer) === 0);
    using third = new Viewer(printer);
    await until("the third has a picture", () => third.pictures.length > 0);
  });

  test("leaks the slot of a viewer that left while the fault is set", async () => {
    await using printer = await startPrinter();
    await fault(printer, "camera-leak");
    using first = new Viewer(printer);
    await until("a picture", () => first.pictures.length > 0);
    await first.close();
    await using client = await RawClient.connect(printer);
    assert.equal(await client.ack(386, { Enable: 1 }), 1);
    await fault(printer, "camera-leak", { clear: true });
    assert.equal(await client.ack(386, { Enable: 1 }), 0);
  });

  test("brings no frame while disabled, until command 386 switches it on", async () => {
    await using printer = await startPrinter();
    await fault(printer, "camera-disabled");
    using viewer = new Viewer(printer);
    await until("headers", () => viewer.head !== "");
    await using client = await RawClient.connect(printer);
    assert.equal(viewer.pictures.length, 0);
    assert.equal(await client.ack(386, { Enable: 1 }), 0);
    await until("a picture", () => viewer.pictures.length > 0);
  });

  test("ends streams, refuses connections and listens again, as told", async () => {
    await using printer = await startPrinter();
    using viewer = new Viewer(printer);
    await until("a picture", () => viewer.pictures.length > 0);
    await fault(printer, "camera-drop");
    await until("it ends", () => viewer.ended);
    await fault(printer, "camera-refuse");
    using refused = new Viewer(printer);
    await until("it is refused", () => refused.ended);
    assert.equal(refused.bytes.length, 0);
    await fault(printer, "camera-refuse", { clear: true });
    using again = new Viewer(printer);
    await until("a picture again", () => again.pictures.length > 0);
  });
});
