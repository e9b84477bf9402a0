// The simulated daemon's HTTP: uploads as the vendor's clients send them, stored files, pictures.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { request } from "node:http";
import { describe, test } from "node:test";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { type Json, RawClient, fault, startPrinter } from "./raw-client.ts";

const mebibyte = 1024 * 1024;
const success = { code: "000000", messages: null, data: {}, success: true };
const failure = (message: number): Json => ({
  code: "111111",
  messages: [{ field: "common_field", message }],
  data: null,
  success: false,
});

interface Part {
  readonly name: string;
  readonly content: Buffer;
  readonly offset: number;
  readonly totalSize: number;
  readonly md5: string;
}

async function post(printer: LaunchedSimulator, part: Part, port = printer.ports["http"]): Promise<unknown> {
  const form = new FormData();
  form.set("Check", "1");
  form.set("S-File-MD5", part.md5);
  form.set("Offset", String(part.offset));
  form.set("Uuid", "4f0f6d5e-98a4-4c35-8ed4-5dd0b8e1c9aa");
  form.set("TotalSize", String(part.totalSize));
  form.set("File", new Blob([new Uint8Array(part.content)]), part.name);
  const url = `http://${printer.host}:${port}/uploadFile/upload`;
  return (await fetch(url, { method: "POST", body: form })).json();
}

function gcode(sizeBytes: number): { content: Buffer; md5: string } {
  const content = Buffer.alloc(sizeBytes, "; total layer number: 77\nG1 X1\n");
  return { content, md5: createHash("md5").update(content).digest("hex") };
}

describe("the simulated CC1's HTTP", { timeout: 120_000 }, () => {
  test("takes a file of 2.6 MB in three chunks and lists it after the check", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    const { content, md5 } = gcode(Math.round(2.6 * mebibyte));
    for (let offset = 0; offset < content.length; offset += mebibyte) {
      if (offset > 0) assert.deepEqual((await client.status())["CurrentStatus"], [2]);
      const part = { name: "big part.gcode", offset, totalSize: content.length, md5 };
      assert.deepEqual(await post(printer, { ...part, content: content.subarray(offset, offset + mebibyte) }), success);
    }
    assert.deepEqual((await client.status())["CurrentStatus"], [8]);
    assert.equal(await client.ack(128, { Filename: "/local/big part.gcode" }), 1, "busy with the check");
    await until(
      "the check ends",
      () => (printer.control.state()["status"] as Json)["CurrentStatus"]?.toString() === "0",
    );
    const { FileInfo } = await client.ask(260, { Url: "/local/big part.gcode" });
    assert.equal((FileInfo as Json)["TotalLayers"], 77);
    const url = `http://${printer.host}:${printer.ports["http"]}/local/big%20part.gcode`;
    assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, content.length);
  });

  test("refuses a chunk out of order, a negative offset and a full disk, all with HTTP 200", async () => {
    await using printer = await startPrinter();
    const { content, md5 } = gcode(1000);
    const part = { name: "a.gcode", content: content.subarray(0, 500), totalSize: 1000, md5 };
    assert.deepEqual(await post(printer, { ...part, offset: 500 }), failure(-2));
    assert.deepEqual(await post(printer, { ...part, offset: -1 }), failure(-1));
    await fault(printer, "storage-full");
    assert.deepEqual(await post(printer, { ...part, offset: 0 }), failure(-3));
  });

  test("tells every client of a wrong MD5 and keeps no file; port 3030 takes uploads too", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    const { content } = gcode(1000);
    const part = { name: "bad.gcode", content, offset: 0, totalSize: 1000, md5: "0".repeat(32) };
    assert.deepEqual(await post(printer, part, printer.ports["main"]), success);
    const error = await until("the error", () =>
      client.frames.find(({ Topic }) => String(Topic).startsWith("sdcp/error/")),
    );
    assert.deepEqual((error["Data"] as Json)["Data"], { ErrorCode: 1 });
    assert.equal(await client.ack(260, { Url: "/local/bad.gcode" }), 2);
  });

  test("aborts a transfer by its id", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    const { content, md5 } = gcode(1000);
    const abort = { Uuid: "4f0f6d5e-98a4-4c35-8ed4-5dd0b8e1c9aa", FileName: "a.gcode" };
    assert.equal(await client.ack(255, abort), 1);
    await post(printer, { name: "a.gcode", content: content.subarray(0, 500), offset: 0, totalSize: 1000, md5 });
    assert.equal(await client.ack(255, { ...abort, Uuid: "another" }), 3);
    assert.equal(await client.ack(255, abort), 0);
    assert.deepEqual(await client.codes(), [[0], 0]);
  });

  test("answers Expect: 100-continue", async () => {
    await using printer = await startPrinter();
    const headers = { Expect: "100-continue", "Content-Type": "multipart/form-data; boundary=x", "Content-Length": 5 };
    const { host, ports } = printer;
    const upload = request({ host, port: ports["http"], path: "/uploadFile/upload", method: "POST", headers });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      upload.on("error", reject);
      upload.on("response", (response) => resolve(response.resume().statusCode));
    });
    upload.on("continue", () => upload.end("--x--"));
    upload.flushHeaders();
    assert.equal(await answered, 200);
  });

  test("serves a page that says ELEGOO, thumbnails as PNG, and 404 for the rest", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.connect(printer);
    const base = `http://${printer.host}:${printer.ports["http"]}`;
    assert.match(await (await fetch(`${base}/`)).text(), /ELEGOO/);
    const { FileInfo } = await client.ask(260, { Url: "/local/cube.gcode" });
    const picture = await fetch(`${base}${String((FileInfo as Json)["Thumbnail"])}`);
    assert.deepEqual([...new Uint8Array(await picture.arrayBuffer()).subarray(1, 4)], [...Buffer.from("PNG")]);
    for (const path of ["/none", "/local/none.gcode", "/local/%E0%A4%A", "/../package.json"]) {
      assert.equal((await fetch(`${base}${path}`)).status, 404, path);
    }
  });
});
