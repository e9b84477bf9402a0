// Storage, history and time-lapses, and the HTTP on port 80 beside them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { fault, type Json, RawClient, startPrinter } from "./raw-client.ts";

const content = Buffer.from(`; total layer number: 12\nM104 S215\n${"G1 X1 Y1\n".repeat(300)}`);
const md5 = createHash("md5").update(content).digest("hex");

interface Reply {
  readonly status: number;
  readonly body: Json;
}

async function put(
  printer: LaunchedSimulator,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  const response = await fetch(`http://${printer.host}:${printer.ports["http"]}/upload`, {
    method: "PUT",
    body: new Uint8Array(body),
    headers,
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? (JSON.parse(text) as Json) : {} };
}

function headersFor(first: number, last: number, name = "part.gcode"): Record<string, string> {
  const range = `bytes ${first}-${last}/${content.length}`;
  return { "Content-Range": range, "X-File-Name": name, "X-File-MD5": md5, "X-Token": "123456" };
}

function codes({ control }: LaunchedSimulator): readonly unknown[] {
  const { machine_status: machine } = control.state()["status"] as Json;
  return [(machine as Json)["status"], (machine as Json)["sub_status"]];
}

describe("the simulated CC2's storage", { timeout: 120_000 }, () => {
  test("lists by offset and limit, and a stick only when there is one", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const names = async (params: Json): Promise<readonly unknown[]> => {
      const { file_list: files, total, offset } = await client.ask(1044, params);
      assert.equal(offset, params["offset"] ?? 0);
      return [total, ...((files ?? []) as Json[]).map(({ filename }) => filename)];
    };
    assert.deepEqual(await names({ storage_media: "local", offset: 0, limit: 2 }), [4, "cube.gcode", "bracket.gcode"]);
    assert.deepEqual(await names({ storage_media: "local", offset: 3, limit: 9 }), [4, "two-colour badge.gcode"]);
    assert.equal((await names({})).length, 5);
    assert.equal(await client.code(1044, { offset: -1 }), 1003);
    assert.equal(await client.code(1044, { storage_media: "u-disk", dir: "/" }), 1002);
    await fault(printer, "usb-stick");
    assert.deepEqual(await names({ storage_media: "u-disk", dir: "/" }), [1, "from the stick.gcode"]);
  });

  test("describes a file, gives the picture inside it, and has none where there is none", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const badge = { storage_media: "local", filename: "two-colour badge.gcode" };
    const detail = await client.ask(1046, badge);
    assert.deepEqual([detail["layer"], detail["print_time"], detail["total_filament_used"]], [24, 4200, 11.5]);
    assert.deepEqual(detail["color_map"], [
      { color: "#FF7A1A", name: "PLA", t: 0 },
      { color: "#1E6B3A", name: "PETG", t: 1 },
    ]);
    assert.equal(await client.code(1046, { filename: "none.gcode" }), 1021);
    const { thumbnail } = await client.ask(1045, { storage_media: "local", file_name: "cube.gcode" });
    assert.equal(Buffer.from(String(thumbnail), "base64").toString("latin1", 1, 4), "PNG");
    assert.equal(await client.code(1045, { filename: "cube.gcode" }), 1003);
    await put(printer, content, { "X-File-Name": "bare.gcode" });
    assert.deepEqual(await client.ask(1045, { file_name: "bare.gcode" }), { error_code: 0 });
  });

  test("deletes by list, not the file that is printed, and counts its bytes", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.registered(printer);
    const before = await client.ask(1048);
    assert.equal(await client.code(1047, { filename: "cube.gcode" }), 1003);
    assert.equal(await client.code(1047, { file_path: ["cube.gcode", "none.gcode"] }), 1007);
    assert.equal(await client.code(1047, { file_path: ["spiral vase.gcode"] }), 1007);
    assert.equal(await client.code(1047, { storage_media: "local", file_path: ["bracket.gcode"] }), 0);
    assert.equal((await client.ask(1044))["total"], 2);
    const after = await client.ask(1048);
    assert.equal(Number(after["used_bytes"]) < Number(before["used_bytes"]), true);
    assert.equal(after["total_bytes"], before["total_bytes"]);
  });

  test("tells history oldest first without paging, and forgets by list", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const { history_task_list: list, total } = await client.ask(1036, { offset: 2, limit: 1 });
    const tasks = list as Json[];
    assert.deepEqual([total, ...tasks.map((task) => task["task_status"])], [3, 2, 1, 1]);
    const begun = tasks.map((task) => Number(task["begin_time"]));
    assert.deepEqual(
      begun,
      begun.toSorted((one, other) => one - other),
    );
    const id = String(tasks[0]?.["task_id"]);
    assert.equal((await client.ask(1037, { uuid: id }))["task_name"], "cube.gcode");
    assert.equal(await client.code(1038, { uuid: id }), 1003);
    assert.equal(await client.code(1038, { list: [id] }), 0);
    assert.equal(await client.code(1038, { list: [id] }), 1012);
    assert.equal(await client.code(1037, { uuid: id }), 1012);
    assert.equal((await client.ask(1044))["total"], 4, "files stay");
  });

  test("keeps the last 50 jobs", async () => {
    await using printer = await startPrinter();
    for (let count = 0; count < 60; count += 1) await printer.control.setScenario("finished");
    await using client = await RawClient.registered(printer);
    assert.equal((await client.ask(1036))["total"], 50);
  });
});

describe("the simulated CC2's HTTP", { timeout: 120_000 }, () => {
  test("tells the serial for the access code in the query, and fw-0103 not for the header alone", async () => {
    for (const [profile, byHeader] of Object.entries({ "fw-0103": 401, "fw-0201": 200 })) {
      await using printer = await startPrinter({ settings: { profile, "access-code": "4242" } });
      const url = `http://${printer.host}:${printer.ports["http"]}/system/info`;
      const info = await (await fetch(`${url}?X-Token=4242`)).json();
      assert.deepEqual(info, { error_code: 0, system_info: { sn: printer.facts["serial"] } });
      assert.equal((await fetch(url, { headers: { "X-Token": "4242" } })).status, byHeader);
      assert.equal((await fetch(`${url}?X-Token=123456`)).status, 401);
      assert.equal((await fetch(`http://${printer.host}:${printer.ports["http"]}/`)).status, 404);
      assert.equal(JSON.stringify(await (await fetch(`${printer.admin}/log`)).json()).includes("4242"), false);
      await fault(printer, "system-info-missing");
      assert.equal((await fetch(`${url}?X-Token=4242`)).status, 404);
    }
  });

  test("takes a file in chunks, shows 11/3000 and 11/3001, and lists it", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    const first = await put(printer, content.subarray(0, 1000), headersFor(0, 999));
    assert.deepEqual(first, { status: 200, body: { error_code: 0, offset: 999 } });
    assert.deepEqual(codes(printer), [11, 3000]);
    const last = content.length - 1;
    const second = await put(printer, content.subarray(1000), headersFor(1000, last));
    assert.deepEqual(second.body, { error_code: 0, offset: last });
    assert.deepEqual(codes(printer), [11, 3001]);
    await until("idle", () => codes(printer)[0] === 1);
    assert.deepEqual((await client.ask(1046, { filename: "part.gcode" }))["layer"], 12);
    assert.deepEqual(client.pushedCodes, ["11/3000", "11/3001", "1/0"]);
  });

  test("refuses gaps with 9000, a wrong MD5 with 9004, a full storage with 9002, and wrong codes with 401", async () => {
    await using printer = await startPrinter({ settings: { "access-code": "4242" } });
    const last = content.length - 1;
    const good = (first: number, end: number): Record<string, string> => ({
      ...headersFor(first, end),
      "X-Token": "4242",
    });
    assert.equal((await put(printer, content, headersFor(0, last))).status, 401);
    assert.equal((await put(printer, content, {})).status, 401);
    assert.deepEqual((await put(printer, content.subarray(5), good(5, last))).body, { error_code: 9000 });
    assert.deepEqual((await put(printer, content, good(0, 3))).body, { error_code: 9000 });
    assert.deepEqual((await put(printer, content, { ...good(0, last), "Content-Range": "all" })).body, {
      error_code: 9000,
    });
    const wrong = { ...good(0, last), "X-File-MD5": "0".repeat(32) };
    assert.deepEqual((await put(printer, content, wrong)).body, { error_code: 9004 });
    await fault(printer, "storage-full");
    assert.deepEqual((await put(printer, content, good(0, last))).body, { error_code: 9002 });
    await fault(printer, "storage-full", { clear: true });
    const long = Buffer.alloc(1024 * 1024 + 1);
    assert.equal((await put(printer, long, good(0, long.length - 1))).status, 413);
    assert.deepEqual((await put(printer, content, good(0, last))).body, { error_code: 0, offset: last });
    assert.deepEqual(printer.control.counters()["uploads"], { chunks: 4, finished: 1, failed: 3 });
  });

  test("takes a whole file at once, without X headers when no code is set, and with Expect and a double type", async () => {
    await using printer = await startPrinter();
    assert.deepEqual((await put(printer, content, {})).body, { error_code: 0, offset: content.length - 1 });
    const reply = await new Promise<string>((resolve, reject) => {
      const { host, ports } = printer;
      const headers = ["Host", host, "Expect", "100-continue", "Content-Length", String(content.length)];
      const type = "application/octet-stream";
      const request = httpRequest({
        host,
        port: ports["http"],
        path: "/upload",
        method: "PUT",
        headers: [...headers, "Content-Type", type, "Content-Type", type, "X-File-Name", "r%C3%A4der.gcode"],
      });
      request.on("continue", () => request.end(content));
      request.on("error", reject);
      request.on("response", (response) => {
        response.setEncoding("utf8").on("data", (text: string) => resolve(text));
      });
      request.flushHeaders();
    });
    assert.deepEqual(JSON.parse(reply), { error_code: 0, offset: content.length - 1 });
    await using client = await RawClient.registered(printer);
    assert.equal(await client.code(1046, { filename: "räder.gcode" }), 0);
  });

  test("renders a time-lapse, and sends it with a length and chunks on a connection that stays open", async () => {
    await using printer = await startPrinter({ speed: 5000 });
    await using client = await RawClient.registered(printer);
    assert.equal(await client.code(1020, { filename: "cube.gcode", config: { delay_video: true } }), 0);
    await until("the end", () => codes(printer)[0] === 1);
    const last = async (): Promise<Json> => ((await client.ask(1036))["history_task_list"] as Json[]).at(-1) ?? {};
    const picture = String((await last())["time_lapse_video_url"]);
    assert.match(picture, /^picture\/cube_/);
    assert.equal(await client.code(1051, { url: "picture/none" }), 1012);
    assert.equal(await client.code(1051, { url: picture }), 0);
    assert.equal(codes(printer)[0], 12);
    printer.control.advance(6);
    const { time_lapse_video_status: video, time_lapse_video_url: url } = await last();
    assert.equal(video, 2);
    const get = async (path: string): Promise<string> => {
      const socket = connect(printer.ports["http"] ?? 0, printer.host);
      let text = "";
      socket.on("data", (chunk) => (text += chunk.toString("latin1")));
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      if (path.includes("123456")) await until("its end", () => text.endsWith("\r\n0\r\n\r\n"));
      else await sleep(300);
      assert.equal(socket.readableEnded, false, "stays open");
      socket.destroy();
      return text;
    };
    const good = await get(`/download?X-Token=123456&file_name=${encodeURIComponent(String(url))}`);
    assert.match(good, /Content-Length: \d+\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n8000\r\n/);
    assert.equal(await get(`/download?X-Token=1&file_name=${encodeURIComponent(String(url))}`), "");
  });
});
