import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { FileToSend } from "../../model/commands.ts";
import { Bench } from "./test-bench.ts";

const timeout = 90_000;
const acknowledged = { outcome: "acknowledged" };

interface Part {
  readonly range: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A web server of the printer that takes parts and answers as a test says. */
class Web implements AsyncDisposable {
  readonly parts: Part[] = [];
  answer: (part: Part, index: number) => { status?: number; body: string } = ({ range }) => ({
    body: JSON.stringify({ error_code: 0, offset: Number(/-(\d+)\//u.exec(range)?.[1]) }),
  });
  readonly #server = createServer((request, response) => void this.#take(request, response));

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers } = request;
    const part = { range: String(headers["content-range"]), headers, body: Buffer.concat(chunks) };
    this.parts.push(part);
    const { status = 200, body } = this.answer(part, this.parts.length - 1);
    response.writeHead(status).end(body);
  }
}

async function spooled(content: Buffer): Promise<FileToSend & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "cc2-"));
  const path = join(folder, "file");
  await writeFile(path, content);
  const md5 = createHash("md5").update(content).digest("hex");
  const remove = async (): Promise<void> => rm(folder, { recursive: true });
  return { path, sizeBytes: content.length, md5, [Symbol.asyncDispose]: remove };
}

async function opened(bench: Bench, web: Web): Promise<void> {
  bench.printer.results[1046] = { filename: "a.gcode" };
  await bench.open({ http_port: await web.listen() });
}

describe("an upload", { timeout }, () => {
  test("goes in parts of one MiB, one after the other, each with name, range, MD5 of the whole and code", async () => {
    await using bench = new Bench();
    await using web = new Web();
    const content = Buffer.alloc(2.5 * 1024 * 1024, "G1 X1 Y1\n");
    await using file = await spooled(content);
    await opened(bench, web);
    assert.deepEqual(await bench.ask("uploadFile", { file: "a.gcode" }, file), acknowledged);
    assert.deepEqual(
      web.parts.map(({ range }) => range),
      ["bytes 0-1048575/2621440", "bytes 1048576-2097151/2621440", "bytes 2097152-2621439/2621440"],
    );
    assert.ok(Buffer.concat(web.parts.map(({ body }) => body)).equals(content));
    for (const { headers } of web.parts) {
      assert.equal(headers["x-file-name"], "a.gcode");
      assert.equal(headers["x-file-md5"], file.md5);
      assert.equal(headers["x-token"], "Ab12Cd");
      assert.equal(headers["content-type"], "application/octet-stream");
    }
    assert.equal(bench.printer.methods().at(-1), 1046);
  });

  test("takes an empty 2xx as a yes, and encodes only names that are not ASCII", async () => {
    await using bench = new Bench();
    await using web = new Web();
    await using file = await spooled(Buffer.from("G28\n"));
    web.answer = () => ({ body: "" });
    await opened(bench, web);
    assert.deepEqual(await bench.ask("uploadFile", { file: "würfel 1.gcode" }, file), acknowledged);
    assert.deepEqual(await bench.ask("uploadFile", { file: "cube 1.gcode" }, file), acknowledged);
    assert.deepEqual(
      web.parts.map(({ headers }) => headers["x-file-name"]),
      ["w%C3%BCrfel%201.gcode", "cube 1.gcode"],
    );
  });

  test("begins again once when the printer has lost its place, and gives up after that", async () => {
    await using bench = new Bench();
    await using web = new Web();
    await using file = await spooled(Buffer.alloc(1024 * 1024 + 5));
    const { answer } = web;
    web.answer = (part, index) => (index === 1 ? { body: '{"error_code":9000}' } : answer(part, index));
    await opened(bench, web);
    assert.deepEqual(await bench.ask("uploadFile", { file: "a.gcode" }, file), acknowledged);
    assert.equal(web.parts.length, 4);
    web.answer = () => ({ body: '{"error_code":0,"offset":3}' });
    await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, file), { code: "printer_refused" });
    assert.equal(web.parts.length, 6);
  });

  test("that the printer refuses says why", async () => {
    await using bench = new Bench();
    await using web = new Web();
    await using file = await spooled(Buffer.from("G28\n"));
    await opened(bench, web);
    for (const [answer, code, message] of [
      [{ body: '{"error_code":9004}' }, "printer_refused", /MD5/u],
      [{ status: 503, body: "" }, "printer_refused", /503/u],
      [{ body: "<html>" }, "protocol", /JSON/u],
      [{ status: 401, body: "" }, "printer_auth", /access_code/u],
    ] as const) {
      web.answer = () => answer;
      await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, file), { code, message });
    }
    const { length } = web.parts;
    await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, file), { code: "printer_auth" });
    assert.equal(web.parts.length, length);
  });

  test("answered before its body was read is an answer, and a connection that breaks off an error", async () => {
    await using bench = new Bench();
    await using file = await spooled(Buffer.alloc(1024 * 1024));
    let broken = false;
    const server = createServer((request, response) => {
      if (broken) request.socket.destroy();
      else response.writeHead(507, { Connection: "close" }).end('{"error_code":9002}');
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await bench.open({ http_port: (server.address() as AddressInfo).port });
    await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, file), { message: /storage full/u });
    broken = true;
    await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, file), { code: "unreachable" });
    server.closeAllConnections();
    server.close();
  });

  test("that the printer took and does not list is told so; one it says nothing of is unconfirmed", async () => {
    await using bench = new Bench();
    await using web = new Web();
    await using file = await spooled(Buffer.from("G28\n"));
    await opened(bench, web);
    bench.printer.errors[1046] = 1021;
    await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, file), { code: "printer_refused" });
    assert.equal(bench.printer.count(1046), 5);
    bench.printer.silent.add(1046);
    assert.deepEqual(await bench.ask("uploadFile", { file: "a.gcode" }, file), { outcome: "unconfirmed" });
  });

  test("to a closed port points at LAN Only mode, and an empty file goes nowhere", async () => {
    await using bench = new Bench();
    await using file = await spooled(Buffer.from("G28\n"));
    await bench.open();
    await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, file), {
      code: "unreachable",
      message: /LAN Only/u,
    });
    await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, { ...file, sizeBytes: 0 }), {
      code: "invalid_input",
    });
  });
});
