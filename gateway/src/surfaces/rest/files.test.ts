// Files by address: which command each asks, and how bytes of a printer reach a client.

import { strict as assert } from "node:assert";
import { once } from "node:events";
import { get, request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { test } from "node:test";
import type { CommandAnswer, CommandRequest } from "../../fleet/fleet.ts";
import { commandRow, type Media } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { invalidInput } from "../../model/invalid-input.ts";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import type { Problem } from "../problem.ts";
import { startTestGateway } from "../test-gateway.ts";

const timeout = 60_000;
const files = "/api/v1/printers/cc1/files";

function media(content: readonly string[], changes: Partial<Media> = {}): CommandAnswer {
  const bytes = content.map((part) => Buffer.from(part));
  const sizeBytes = bytes.reduce((sum, { length }) => sum + length, 0);
  return { kind: "media", media: { mediaType: "text/x.gcode", sizeBytes, content: Readable.from(bytes), ...changes } };
}

/** Gives what it has, then fails. */
async function* failing(error: PrinterError, ...content: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of content) yield Buffer.from(part);
  throw error;
}

const refused = new PrinterError("not_found", "there is no such file", { printer: "cc1" });
const lost = new PrinterError("unreachable", "the printer closed the connection");

function what({ command, input, dryRun }: CommandRequest | undefined = {} as CommandRequest): unknown[] {
  return [command, input, dryRun];
}

test("each address asks its command", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  const cases: readonly [string, string, unknown[]][] = [
    ["GET", "", ["listFiles", {}, false]],
    ["GET", "/a.gcode", ["downloadFile", { file: "a.gcode" }, false]],
    ["GET", "/a.gcode/thumbnail", ["getThumbnail", { file: "a.gcode" }, false]],
    ["GET", "/parts/new/a%20b.gcode", ["downloadFile", { file: "parts/new/a b.gcode" }, false]],
    ["GET", "/parts%2Fa.gcode/thumbnail", ["getThumbnail", { file: "parts/a.gcode" }, false]],
    ["GET", "/parts%2Fthumbnail", ["downloadFile", { file: "parts/thumbnail" }, false]],
    ["GET", "/thumbnail", ["downloadFile", { file: "thumbnail" }, false]],
    ["GET", "/thumbnail/thumbnail", ["getThumbnail", { file: "thumbnail" }, false]],
    ["GET", "/100%25%2525.gcode", ["downloadFile", { file: "100%%25.gcode" }, false]],
    ["GET", "/a.gcode/thumbnail?v=3", ["getThumbnail", { file: "a.gcode" }, false]],
    ["DELETE", "/parts/a.gcode", ["deleteFile", { file: "parts/a.gcode" }, false]],
    ["DELETE", "/parts/thumbnail", ["deleteFile", { file: "parts/thumbnail" }, false]],
    ["DELETE", "/a.gcode?dryRun=true", ["deleteFile", { file: "a.gcode" }, true]],
  ];
  for (const [method, path, expected] of cases) {
    const response = await fetch(gateway.url + files + path, { method });
    await response.text();
    assert.equal(response.status, 200, path);
    assert.deepEqual(what(fleet.requests.at(-1)), expected, `${method} ${path}`);
  }
});

test("a misspelt dry run deletes nothing", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  for (const query of ["dryrun=true", "dryRun=1"]) {
    const response = await fetch(`${gateway.url}${files}/a.gcode?${query}`, { method: "DELETE" });
    await response.text();
    assert.equal(response.status, 400);
  }
  assert.deepEqual(fleet.requests, []);
});

test("an address that does not decode, a wrong method and a wrong printer are told", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  fleet.answer = ({ printer }) => {
    fleet.get(printer);
    return assert.fail();
  };
  await using gateway = await startTestGateway(fleet);
  const cases: readonly [string, string, number, string | null][] = [
    ["GET", `${files}/%zz`, 400, null],
    ["POST", `${files}/a.gcode`, 405, "GET, HEAD, PUT, DELETE"],
    ["POST", `${files}/a.gcode/thumbnail`, 405, "GET, HEAD"],
    ["PUT", files, 405, "GET, HEAD"],
    ["GET", files.replace("cc1", "nope"), 404, null],
    ["DELETE", `${files.replace("cc1", "nope")}/a.gcode`, 404, null],
  ];
  for (const [method, path, status, allow] of cases) {
    const response = await fetch(gateway.url + path, { method });
    await response.text();
    assert.deepEqual([response.status, response.headers.get("allow")], [status, allow], `${method} ${path}`);
  }
});

test("a download is saved under a harmless name, and runs nowhere", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  const cases: readonly [string, string][] = [
    ["/parts/benchy.gcode", "attachment; filename=benchy.gcode"],
    ["/a%22b.html", 'attachment; filename="a\\"b.html"'],
    ["/caf%C3%A9%E2%82%AC.gcode", "attachment; filename=\"caf??.gcode\"; filename*=UTF-8''caf%C3%A9%E2%82%AC.gcode"],
  ];
  for (const [path, disposition] of cases) {
    fleet.answer = () => media(["G28\n", "G1"], { mediaType: "text/html" });
    const response = await fetch(gateway.url + files + path);
    assert.equal(await response.text(), "G28\nG1");
    assert.equal(response.headers.get("content-disposition"), disposition);
    assert.equal(response.headers.get("content-type"), "text/html");
    assert.equal(response.headers.get("content-length"), "6");
    assert.match(response.headers.get("content-security-policy") ?? "", /sandbox/u);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }
});

test("a thumbnail is shown, by its address and as a command", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  const asks = [
    async () => fetch(`${gateway.url}${files}/a.gcode/thumbnail`),
    async () =>
      fetch(`${gateway.url}/api/v1/printers/cc1/commands/get-thumbnail`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ file: "a.gcode" }),
      }),
  ];
  for (const ask of asks) {
    fleet.answer = () => media(["png"], { mediaType: "image/png", sizeBytes: null });
    const response = await ask();
    assert.equal(await response.text(), "png");
    const { headers } = response;
    assert.deepEqual([headers.get("content-type"), headers.get("content-disposition")], ["image/png", null]);
  }
});

test("a media type that is none is not passed on", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  fleet.answer = () => media(["x"], { mediaType: "image/png\r\nSet-Cookie: a=b" });
  await using gateway = await startTestGateway(fleet);
  const response = await fetch(`${gateway.url}${files}/a.gcode/thumbnail`);
  assert.equal(await response.text(), "x");
  assert.equal(response.headers.get("content-type"), "application/octet-stream");
});

test("HEAD asks the gate and brings nothing", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  for (const path of ["", "/a.gcode", "/a.gcode/thumbnail"]) {
    const response = await fetch(gateway.url + files + path, { method: "HEAD" });
    assert.deepEqual([response.status, fleet.requests.at(-1)?.dryRun], [200, true], path);
  }
});

test("a printer that refuses before the first byte is told as a problem", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  fleet.answer = () => media([], { content: failing(refused), sizeBytes: 99 });
  await using gateway = await startTestGateway(fleet);
  const response = await fetch(`${gateway.url}${files}/a.gcode`);
  const { code } = (await response.json()) as Problem;
  assert.deepEqual([response.status, code, response.headers.get("content-disposition")], [404, "not_found", null]);
});

test("a file that breaks off, or is not as long as promised, is never taken for whole", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  const broken = [
    () => media([], { content: failing(lost, "G28"), sizeBytes: null }),
    () => media(["G28"], { sizeBytes: 4 }),
  ];
  for (const answer of broken) {
    fleet.answer = answer;
    await assert.rejects(async () => (await fetch(`${gateway.url}${files}/a.gcode`)).text());
  }
  fleet.answer = () => media(["G28"], { sizeBytes: 2 });
  const atOnce = await fetch(`${gateway.url}${files}/a.gcode`);
  assert.deepEqual([atOnce.status, ((await atOnce.json()) as Problem).code], [502, "protocol"]);
});

test("a slow client holds the printer back, and one that leaves ends its side", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  let taken = 0;
  const ended = Promise.withResolvers<string>();
  const endless = async function* pour(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      for (; !signal.aborted; taken += 100_000) yield Buffer.alloc(100_000);
    } finally {
      ended.resolve(signal.aborted ? "aborted" : "returned");
    }
  };
  fleet.answer = ({ signal }) => media([], { content: endless(signal ?? assert.fail()), sizeBytes: null });
  await using gateway = await startTestGateway(fleet);
  const asked = get(`${gateway.url}${files}/a.gcode`);
  asked.on("error", () => undefined); // it is cut below
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  let before = -1;
  for (; before !== taken; await wait(200)) before = taken;
  assert.ok(taken < 50_000_000, `${taken} bytes were taken of the printer`);
  asked.destroy();
  assert.equal(await ended.promise, "aborted");
});

test("a client that leaves before the first byte ends the printer's side, and is no fault", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  const asked = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const silent = async function* stall(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    asked.resolve();
    await once(signal, "abort");
    ended.resolve();
    yield Buffer.from("too late");
  };
  fleet.answer = ({ signal }) => media([], { content: silent(signal ?? assert.fail()) });
  const logged: unknown[] = [];
  const error = (message: string, fields?: object): void => void logged.push([message, fields]);
  const log = { error, warn: error, info: () => undefined, debug: () => undefined, with: () => log };
  await using gateway = await startTestGateway(fleet, { log });
  const request = httpRequest(`${gateway.url}${files}/a.gcode`);
  request.on("error", () => undefined); // it is cut below
  request.end();
  await asked.promise;
  request.destroy();
  await ended.promise;
  assert.equal(await (await fetch(`${gateway.url}/healthz`)).text(), '{"status":"ok"}');
  assert.deepEqual(logged, []);
});

test("a raw path cannot climb out", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  fleet.answer = ({ command, input }) => {
    const { success, error } = commandRow(command).input.safeParse(input);
    if (!success) throw invalidInput(error);
    return assert.fail(JSON.stringify(input));
  };
  await using gateway = await startTestGateway(fleet);
  const { hostname, port } = new URL(gateway.url);
  for (const tail of ["a/../../b.gcode", "..", "..%2Fb.gcode", "a%00.gcode", "x".repeat(256)]) {
    const asked = httpRequest({ hostname, port, method: "DELETE", path: `${files}/${tail}` });
    asked.end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    const { code, errors } = JSON.parse(await text(response)) as Problem;
    assert.deepEqual([response.statusCode, code, errors?.[0]?.pointer], [400, "invalid_input", "/file"], tail);
  }
});
