// Uploads over real sockets: what reaches the printer, what is refused and when, and that nothing
// stays behind on disk or in memory.

import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { test } from "node:test";
import type { CommandRequest } from "../../fleet/fleet.ts";
import { PrinterError } from "../../model/errors.ts";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import type { Problem } from "../problem.ts";
import { startTestGateway, type TestGateway } from "../test-gateway.ts";
import { faultOf } from "./upload.ts";

const timeout = 60_000;
const path = "/api/v1/printers/cc1/files/";

interface Bench extends AsyncDisposable {
  readonly fleet: FakeFleet;
  readonly gateway: TestGateway;
  readonly url: string;
  readonly folder: string;
  /** Names of the files that are spooled now. */
  readonly spooled: () => Promise<string[]>;
  /** The requests that were more than a question. */
  readonly sent: () => CommandRequest[];
}

async function start(maxUploadBytes?: number): Promise<Bench> {
  const root = await mkdtemp(join(tmpdir(), "gantry-upload-"));
  const folder = join(root, "data", "spool");
  const fleet = new FakeFleet(fakePrinter("cc1"));
  const limit = maxUploadBytes === undefined ? {} : { maxUploadBytes };
  const gateway = await startTestGateway(fleet, { spoolFolder: folder, ...limit });
  return {
    fleet,
    gateway,
    url: gateway.url + path,
    folder,
    spooled: async () => (existsSync(folder) ? readdir(folder) : []),
    sent: () => fleet.requests.filter(({ dryRun }) => dryRun !== true),
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}

async function put(
  url: string,
  body: string | Buffer<ArrayBuffer> | null,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: "PUT", body, headers: { "Content-Type": "application/octet-stream", ...headers } });
}

async function problem(response: Response): Promise<Problem> {
  return (await response.json()) as Problem;
}

async function until(what: string, is: () => Promise<boolean> | boolean): Promise<void> {
  for (const began = Date.now(); !(await is()); await wait(10)) {
    assert.ok(Date.now() - began < 20_000, `never: ${what}`);
  }
}

/** A request of which only the head is sent so far. */
function open(url: string, headers: Record<string, string>): ClientRequest {
  const asked = httpRequest(url, { method: "PUT", headers });
  asked.on("error", () => undefined); // a connection that is cut is what some tests are about
  asked.flushHeaders();
  return asked;
}

test(
  "the file reaches the gate on disk, whole, under its decoded name, and is gone afterwards",
  { timeout },
  async () => {
    await using bench = await start();
    const content = Buffer.from("G28\n".repeat(100_000));
    const seen: { content: Buffer; sizeBytes: number; md5: string }[] = [];
    bench.fleet.answer = async ({ file }) => {
      if (file !== undefined) seen.push({ ...file, content: await readFile(file.path) });
      return { outcome: "acknowledged" };
    };
    const response = await put(`${bench.url}my%20parts/caf%C3%A9%20%2541.gcode`, content);
    assert.deepEqual([response.status, await response.json()], [200, { outcome: "acknowledged" }]);
    assert.deepEqual(seen[0]?.content, content);
    assert.deepEqual(
      [seen[0]?.sizeBytes, seen[0]?.md5],
      [content.length, createHash("md5").update(content).digest("hex")],
    );
    const [asked, did] = bench.fleet.requests;
    assert.deepEqual([asked?.dryRun, asked?.file], [true, undefined]);
    for (const request of [asked, did]) {
      assert.deepEqual([request?.printer, request?.command, request?.surface], ["cc1", "uploadFile", "rest"]);
      assert.deepEqual(request?.input, { file: "my parts/café %41.gcode" });
    }
    assert.deepEqual(await bench.spooled(), []);
  },
);

test("a body without a length is taken too, and a silent printer answers 202", { timeout }, async () => {
  await using bench = await start();
  bench.fleet.answer = () => ({ outcome: "unconfirmed" });
  const body = Readable.toWeb(Readable.from(["G28\n", "G1 X1\n"].map((line) => Buffer.from(line)))) as ReadableStream;
  const response = await fetch(`${bench.url}a.gcode`, { method: "PUT", body, duplex: "half" });
  assert.deepEqual([response.status, await response.json()], [202, { outcome: "unconfirmed" }]);
  assert.equal(bench.sent()[0]?.file?.sizeBytes, 10);
});

test("what the gate refuses is told before the body, and the body is not read", { timeout }, async () => {
  await using bench = await start();
  bench.fleet.answer = () => {
    throw new PrinterError("control_disabled", "control is off", { printer: "cc1" });
  };
  const socket = connect(Number(new URL(bench.url).port), "127.0.0.1");
  socket.on("error", () => undefined); // the end resets it
  const closed = new Promise((resolve) => void socket.once("close", resolve));
  const answer = new Promise<string>((resolve) => {
    let received = "";
    socket.on("data", (chunk) => {
      received += String(chunk);
      if (received.includes("control is off")) resolve(received);
    });
  });
  socket.write(`PUT ${path}a.gcode HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n`);
  const pushing = pour(socket);
  assert.match(await answer, /^HTTP\/1\.1 403 [^]*connection: close/iu);
  await closed;
  await pushing;
  assert.ok(socket.bytesWritten < 50_000_000, `${socket.bytesWritten} bytes were taken`);
  assert.deepEqual([existsSync(bench.folder), bench.sent()], [false, []]);
});

/** Writes as fast as the other end takes it, until it is cut. */
async function pour(into: Socket | ClientRequest, sizeBytes = 1_000_000_000): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024);
  const cut = new AbortController();
  into.once("close", () => cut.abort());
  for (let sent = 0; sent < sizeBytes && !cut.signal.aborted; sent += chunk.length) {
    if (!into.write(chunk)) await once(into, "drain", { signal: cut.signal }).catch(() => undefined);
  }
}

test("a client that waits with its body gets the refusal in place of the 100", { timeout }, async () => {
  await using bench = await start(1000);
  const ask = async (bytes: number): Promise<[number | undefined, boolean]> => {
    const asked = open(`${bench.url}a.gcode`, { Expect: "100-continue", "Content-Length": String(bytes) });
    let continued = false;
    asked.on("continue", () => {
      continued = true;
      asked.end(Buffer.alloc(bytes));
    });
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    await text(response);
    asked.destroy();
    return [response.statusCode, continued];
  };
  assert.deepEqual(await ask(1000), [200, true]);
  assert.deepEqual(await ask(1001), [413, false], "too large");
  bench.fleet.answer = () => {
    throw new PrinterError("file_type", "the printer prints .gcode files");
  };
  assert.deepEqual(await ask(1000), [415, false], "refused by the gate");
  assert.equal(bench.sent().length, 1);
});

test("a file that is too large answers 413, also when its length was not told", { timeout }, async () => {
  await using bench = await start(1_000_000);
  const told = await put(`${bench.url}a.gcode`, Buffer.alloc(1_000_001));
  assert.deepEqual([told.status, (await problem(told)).code], [413, "file_too_large"]);
  const asked = open(`${bench.url}a.gcode`, { "Transfer-Encoding": "chunked" });
  const answered = Promise.withResolvers<IncomingMessage>();
  asked.once("response", (response) => answered.resolve(response));
  await Promise.race([answered.promise, pour(asked)]);
  assert.equal((await answered.promise).statusCode, 413);
  asked.destroy();
  await until("the spool is empty", async () => (await bench.spooled()).length === 0);
  assert.deepEqual(bench.sent(), []);
});

test("a client that breaks off in the middle leaves nothing behind", { timeout }, async () => {
  await using bench = await start();
  const asked = open(`${bench.url}a.gcode`, { "Content-Length": "1000000" });
  asked.write(Buffer.alloc(300_000));
  await until("the upload is spooled", async () => (await bench.spooled()).length === 1);
  asked.destroy();
  await until("the spool is empty", async () => (await bench.spooled()).length === 0);
  assert.deepEqual(bench.sent(), []);
  assert.equal((await put(`${bench.url}a.gcode`, "G28")).status, 200, "the next one is taken");
});

test("a client that leaves while the printer takes the file ends that", { timeout }, async () => {
  await using bench = await start();
  const asked = Promise.withResolvers<AbortSignal>();
  bench.fleet.answer = async ({ dryRun, signal }) => {
    if (dryRun === true) return { kind: "dry_run" };
    assert.ok(signal);
    asked.resolve(signal);
    await once(signal, "abort");
    throw signal.reason;
  };
  const leave = new AbortController();
  const uploading = fetch(`${bench.url}a.gcode`, { method: "PUT", body: "G28", signal: leave.signal });
  await asked.promise;
  assert.equal((await bench.spooled()).length, 1);
  leave.abort();
  await assert.rejects(uploading);
  await until("the spool is empty", async () => (await bench.spooled()).length === 0);
});

test("an upload does not outlast the gateway", { timeout }, async () => {
  await using bench = await start();
  const asked = open(`${bench.url}a.gcode`, { "Content-Length": "1000000" });
  const cut = new Promise((resolve) => void asked.once("close", resolve));
  asked.write(Buffer.alloc(300_000));
  await until("the upload is spooled", async () => (await bench.spooled()).length === 1);
  await bench.gateway[Symbol.asyncDispose]();
  await cut;
  await until("the spool is empty", async () => (await bench.spooled()).length === 0);
});

test("what the printer says is answered, and the file is gone before", { timeout }, async () => {
  await using bench = await start();
  bench.fleet.answer = ({ file }) => {
    if (file === undefined) return { kind: "dry_run" };
    throw new PrinterError("storage_full", "the printer's storage is full");
  };
  const response = await put(`${bench.url}a.gcode`, "G28");
  assert.deepEqual([response.status, (await problem(response)).detail], [507, "the printer's storage is full"]);
  assert.deepEqual(await bench.spooled(), []);
});

test("only a file, as it is and whole, is a body", { timeout }, async () => {
  await using bench = await start();
  const form = new FormData();
  form.set("file", new Blob(["G28"]), "a.gcode");
  const forms = await fetch(`${bench.url}a.gcode`, { method: "PUT", body: form });
  const { code, detail } = await problem(forms);
  assert.deepEqual([forms.status, code], [415, "file_type"]);
  assert.match(detail, /not a form/u);
  const refused: [number, Response][] = [
    [415, await put(`${bench.url}a.gcode`, "x", { "Content-Encoding": "gzip" })],
    [400, await put(`${bench.url}a.gcode`, "x", { "Content-Range": "bytes 0-0/9" })],
    [400, await put(`${bench.url}a.gcode`, "")],
    [400, await put(`${bench.url}a.gcode`, null)],
    [400, await put(`${bench.url}a.gcode?dryrun=true`, "x")],
  ];
  for (const [status, response] of refused) {
    await response.text();
    assert.equal(response.status, status);
  }
  const asked = open(`${bench.url}a.gcode`, { "Transfer-Encoding": "chunked" });
  asked.end();
  const [empty] = (await once(asked, "response")) as [IncomingMessage];
  assert.equal(empty.statusCode, 400, "no chunk");
  assert.deepEqual([bench.sent(), await bench.spooled()], [[], []]);
});

test("a dry run reads no body", { timeout }, async () => {
  await using bench = await start();
  const asked = open(`${bench.url}a.gcode?dryRun=true`, { "Content-Length": "1000000000" });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  assert.deepEqual([response.statusCode, response.headers.connection], [200, "close"]);
  assert.deepEqual(JSON.parse(await text(response)), { outcome: "dry_run" });
  assert.deepEqual([bench.sent(), existsSync(bench.folder)], [[], false]);
});

test("200 MB pass through without being held in memory", { timeout: 120_000 }, async () => {
  await using bench = await start();
  const sizeBytes = 200_000_000;
  await put(`${bench.url}warm.gcode`, Buffer.alloc(5_000_000));
  const before = process.memoryUsage.rss();
  let highest = before;
  const chunk = Buffer.alloc(100_000, "G1 X10 Y10 E1\n");
  const asked = open(`${bench.url}big.gcode`, { "Content-Length": String(sizeBytes) });
  for (let sent = 0; sent < sizeBytes; sent += chunk.length) {
    if (!asked.write(chunk)) await once(asked, "drain");
    highest = Math.max(highest, process.memoryUsage.rss());
  }
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  await text(response);
  assert.equal(bench.sent().at(-1)?.file?.sizeBytes, sizeBytes);
  const grown = highest - before;
  assert.ok(grown < sizeBytes / 2, `memory grew by ${Math.round(grown / 1e6)} MB`);
});

function codeOf(errno: string): unknown {
  const told = faultOf(Object.assign(new Error("x"), { code: errno }));
  return told instanceof PrinterError ? told.code : undefined;
}

test("a full disk and a client that left are told apart from a fault of ours", () => {
  const codes = ["ENOSPC", "EDQUOT", "ECONNRESET", "EACCES"].map((errno) => codeOf(errno));
  assert.deepEqual(codes, ["storage_full", "storage_full", "aborted", undefined]);
});
