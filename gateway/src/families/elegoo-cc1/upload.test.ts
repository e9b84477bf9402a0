import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FileToSend } from "../../model/commands.ts";
import { Bench, until } from "./stub-printer.ts";

const mebibyte = 1024 * 1024;
const good = { code: "000000", messages: null, data: {}, success: true };
const bad = (message: number): object => ({
  code: "111111",
  messages: [{ field: "common_field", message }],
  data: null,
  success: false,
});

interface Part {
  readonly fields: Record<string, string>;
  readonly order: string[];
  readonly fileName: string;
  readonly type: string;
  readonly content: Buffer;
}

/** Reads the form of one chunk. */
async function readPart(body: Buffer, contentType: string): Promise<Part> {
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
  const file = form.get("File");
  assert.ok(file instanceof File);
  const order = [...form.keys()];
  const fields = Object.fromEntries([...form].filter(([, value]) => typeof value === "string")) as Record<
    string,
    string
  >;
  return { fields, order, fileName: file.name, type: file.type, content: Buffer.from(await file.arrayBuffer()) };
}

/** A printer whose answers to chunks come one after the other; the last goes on. */
async function open(...verdicts: (object | "break" | "html")[]): Promise<Bench & { parts: Part[] }> {
  const bench = await Bench.open();
  const parts: Part[] = [];
  const answer = async (request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> => {
    assert.equal(`${request.method} ${request.url}`, "POST /uploadFile/upload");
    parts.push(await readPart(body, request.headers["content-type"] ?? ""));
    const verdict = verdicts.length > 1 ? verdicts.shift() : (verdicts[0] ?? good);
    if (verdict === "break") response.destroy();
    else if (verdict === "html") response.writeHead(500).end("<html>");
    else response.end(JSON.stringify(verdict));
  };
  bench.stub.web = (...exchange) => void answer(...exchange);
  return Object.assign(bench, { parts });
}

describe("an upload", () => {
  let folder: string;
  let content: Buffer;
  let file: FileToSend;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gantry-upload-"));
    content = Buffer.alloc(2.5 * mebibyte, "G1 X1 Y1\n");
    const path = join(folder, "spooled");
    await writeFile(path, content);
    file = { path, sizeBytes: content.length, md5: createHash("md5").update(content).digest("hex") };
  });

  after(async () => rm(folder, { recursive: true }));

  const send = async (bench: Bench, name = "cube.gcode"): Promise<unknown> =>
    bench.ask("uploadFile", { file: name }, { file });

  test("goes in chunks of one MiB, in order, with the parts of the vendor's page", async () => {
    await using bench = await open();
    assert.deepEqual(await send(bench, "my cube.gcode"), { outcome: "acknowledged" });
    assert.deepEqual(
      bench.parts.map(({ fields, content }) => [fields["Offset"], content.length]),
      [
        ["0", mebibyte],
        [String(mebibyte), mebibyte],
        [String(2 * mebibyte), mebibyte / 2],
      ],
    );
    assert.deepEqual(Buffer.concat(bench.parts.map((part) => part.content)), content);
    for (const { fields, order, fileName, type } of bench.parts) {
      assert.deepEqual(order, ["TotalSize", "Uuid", "Offset", "Check", "S-File-MD5", "File"]);
      assert.deepEqual(
        [fields["TotalSize"], fields["Check"], fields["S-File-MD5"], fileName, type],
        [String(content.length), "1", file.md5, "my cube.gcode", "application/octet-stream"],
      );
      assert.match(fields["Uuid"] ?? "", /^[0-9a-f]{32}$/u);
    }
    assert.equal(new Set(bench.parts.map(({ fields }) => fields["Uuid"])).size, 1);
    assert.ok(!bench.stub.commands().includes(255));
  });

  test("shows how far it is while the printer receives it", async () => {
    await using bench = await open();
    const sending = bench.session.handlers.uploadFile?.({ file: "cube.gcode" }, { file, signal: bench.signal });
    await until(() => bench.parts.length === 3);
    bench.stub.currentStatus = [8];
    await bench.push();
    assert.match(bench.session.readings.stage ?? "", /^(?:receiving cube\.gcode, \d+ %|checking cube\.gcode)$/u);
    bench.stub.currentStatus = [0];
    await bench.passing(sending ?? Promise.resolve({}));
    assert.equal((await bench.push())?.stage, null);
  });

  test("waits until the printer has checked the file", async () => {
    await using bench = await open();
    const sending = bench.session.handlers.uploadFile?.({ file: "cube.gcode" }, { file, signal: bench.signal });
    await until(() => bench.parts.length === 3);
    bench.stub.currentStatus = [8];
    let done = false;
    void sending?.then(() => (done = true));
    await bench.passing(bench.clock.wait(8000));
    assert.equal(done, false);
    bench.stub.currentStatus = [0];
    assert.deepEqual(await bench.passing(sending ?? Promise.resolve({})), { outcome: "acknowledged" });
  });

  test("that arrives damaged is refused in words, although the printer had taken it", async () => {
    await using bench = await open();
    const sending = send(bench);
    await until(() => bench.parts.length === 3);
    bench.stub.reportError(1);
    await assert.rejects(sending, { code: "printer_refused", message: /MD5/u });
  });

  test("repeats a chunk whose answer was lost, once, and goes on where the printer is", async () => {
    await using bench = await open(good, "break", bad(-2), good);
    bench.stub.answers = { 258: { FileList: [{ name: "/local/cube.gcode", type: 1, FileSize: content.length }] } };
    assert.deepEqual(await send(bench), { outcome: "acknowledged" });
    assert.deepEqual(
      bench.parts.map(({ fields }) => Number(fields["Offset"]) / mebibyte),
      [0, 1, 1, 2],
    );
    assert.deepEqual(bench.stub.last(258), { Url: "/local" });
  });

  test("that nobody can be sure of is looked for in the file list", async () => {
    await using bench = await open(good, good, "html", bad(-2));
    bench.stub.answers = { 258: { FileList: [] } };
    await assert.rejects(send(bench), { code: "printer_refused", message: /send it again/u });
  });

  for (const [what, verdicts, code, chunks] of [
    ["a mismatch on the first try", [good, bad(-2)], "printer_refused", 2],
    ["a storage that cannot be written", [bad(-3)], "storage_full", 1],
    ["the same unknown fault twice", [bad(-4)], "printer_refused", 2],
    ["a link that breaks twice", ["break"], "unreachable", 2],
    ["a success that is only HTTP's", [{ code: 0, success: true }], "printer_refused", 1],
  ] as const) {
    test(`ends at ${what}, and has the printer drop what it got`, async () => {
      await using bench = await open(...verdicts);
      await assert.rejects(send(bench), { code });
      assert.equal(bench.parts.length, chunks);
      assert.deepEqual(bench.stub.last(255), { Uuid: bench.parts[0]?.fields["Uuid"], FileName: "cube.gcode" });
      assert.equal(bench.session.transfer, null);
    });
  }

  test("survives a printer that answers before it has read the chunk", async () => {
    await using bench = await open();
    bench.stub.hasty = true;
    bench.stub.web = (_request, _body, response) => response.writeHead(413, { connection: "close" }).end("no");
    await assert.rejects(send(bench), { code: "protocol" });
  });

  test("whose caller goes away stops at once and is taken back", async () => {
    await using bench = await open();
    const caller = new AbortController();
    bench.stub.web = () => caller.abort(new Error("the caller went away"));
    await assert.rejects(bench.ask("uploadFile", { file: "cube.gcode" }, { file, signal: caller.signal }), {
      message: "the caller went away",
    });
    await until(() => bench.stub.commands().includes(255));
    assert.equal(bench.session.transfer, null);
  });

  test("is refused before a byte goes out: name, empty, no room, busy, or a second one", async () => {
    await using bench = await open();
    for (const name of ["a.stl", "folder/a.gcode", 'a".gcode', ".gcode", "../a.gcode", `${"x".repeat(200)}.gcode`]) {
      await assert.rejects(send(bench, name), { code: "invalid_input" }, name);
    }
    const empty = { ...file, sizeBytes: 0 };
    await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, { file: empty }), { code: "invalid_input" });
    bench.stub.attributes = { RemainingMemory: 100 };
    bench.session.refreshAttributes();
    await until(() => bench.session.readings.storages[0]?.freeBytes === 100);
    await assert.rejects(send(bench), { code: "storage_full" });
    bench.stub.currentStatus = [1];
    await assert.rejects(send(bench), { code: "wrong_phase" });
    assert.deepEqual(bench.parts, []);
    assert.ok(!bench.stub.commands().includes(255));
  });
});
