import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMedia } from "../../model/commands.ts";
import { Bench } from "./stub-printer.ts";

const png = Buffer.from("89504e470d0a1a0a00", "hex");

async function bytesOf(answer: object): Promise<Buffer> {
  assert.ok(isMedia(answer));
  const parts: Uint8Array[] = [];
  for await (const part of answer.content) parts.push(part);
  return Buffer.concat(parts);
}

describe("the file list", () => {
  test("has names as people know them, and no date of a clock that was not set", async () => {
    await using bench = await Bench.open((stub) => {
      const FileList = [
        { name: "/local/a b.gcode", type: 1, FileSize: 12, CreateTime: 1_760_000_000, TotalLayers: 100 },
        { name: "/local/old.gcode", type: 1, FileSize: 0, CreateTime: 1_672_502_400, TotalLayers: 0 },
        { name: "/local/folder", type: 0 },
        { type: 1 },
        "nothing",
      ];
      stub.answers = { 258: { FileList } };
    });
    assert.deepEqual(await bench.ask("listFiles"), {
      items: [
        { name: "a b.gcode", sizeBytes: 12, modifiedAt: "2025-10-09T08:53:20.000Z", layers: 100 },
        { name: "old.gcode", sizeBytes: 0, modifiedAt: null, layers: null },
      ],
    });
    assert.deepEqual(bench.stub.last(258), { Url: "/local" });
  });

  test("that is no list is an empty one", async () => {
    await using bench = await Bench.open((stub) => (stub.answers = { 258: { FileList: "x" } }));
    assert.deepEqual(await bench.ask("listFiles"), { items: [] });
  });
});

describe("a stored file", () => {
  test("is read at its own path, the name percent-encoded", async () => {
    await using bench = await Bench.open((stub) => {
      stub.web = (_request, _body, response) => response.end("G28");
    });
    const answer = await bench.ask("downloadFile", { file: "50% #1?.gcode" });
    assert.equal((await bytesOf(answer)).toString(), "G28");
    assert.deepEqual(bench.stub.fetched, ["GET /local/50%25%20%231%3F.gcode"]);
  });

  test("that is not there is not found; one that is there but not given is unsupported", async () => {
    await using bench = await Bench.open((stub) => (stub.acks = { 260: 2 }));
    await assert.rejects(bench.ask("downloadFile", { file: "a.gcode" }), { code: "not_found" });
    bench.stub.acks = {};
    await assert.rejects(bench.ask("downloadFile", { file: "a.gcode" }), { code: "unsupported" });
  });

  test("outside the printer's own storage is never asked for", async () => {
    await using bench = await Bench.open();
    for (const file of ["/etc/passwd", "../../etc/passwd", "/local/../x", "/usb/a.gcode", "a\nb"]) {
      for (const command of ["downloadFile", "getThumbnail", "deleteFile"] as const) {
        await assert.rejects(bench.ask(command, { file }), { code: "invalid_input" }, `${command} ${file}`);
      }
    }
    assert.deepEqual([bench.stub.fetched, bench.stub.commands().filter((cmd) => cmd > 250 && cmd < 300)], [[], []]);
  });

  test("is deleted by its exact path; what the printer could not delete is told", async () => {
    await using bench = await Bench.open();
    assert.deepEqual(await bench.ask("deleteFile", { file: "a b.gcode" }), { outcome: "acknowledged" });
    assert.deepEqual(bench.stub.last(259), { FileList: ["/local/a b.gcode"] });
    bench.stub.answers = { 259: { ErrData: ["/local/a b.gcode"] } };
    await assert.rejects(bench.ask("deleteFile", { file: "a b.gcode" }), { code: "printer_refused" });
    bench.stub.acks = { 260: 2 };
    await assert.rejects(bench.ask("deleteFile", { file: "gone.gcode" }), { code: "not_found" });
  });

  test("is not deleted while the machine does anything", async () => {
    await using bench = await Bench.open((stub) => (stub.currentStatus = [1]));
    await assert.rejects(bench.ask("deleteFile", { file: "a.gcode" }), { code: "wrong_phase" });
    assert.ok(!bench.stub.commands().includes(259));
  });
});

async function withThumbnail(reference: unknown): Promise<Bench> {
  return Bench.open((stub) => {
    stub.answers = { 260: { FileInfo: { Thumbnail: reference } } };
    stub.web = (_request, _body, response) => response.end(png);
  });
}

describe("a thumbnail", () => {
  for (const [reference, fetched] of [
    ["/history_image/a b.png", "/history_image/a%20b.png"],
    ["history_image/a%20b.png", "/history_image/a%20b.png"],
    ["http://127.0.0.1/pictures/a%20b.png", "/pictures/a%20b.png"],
    ["http://127.0.0.1:3030/a.png", "/a.png"],
    ["/..//evil.test/a.png", "//evil.test/a.png"],
  ] as const) {
    test(`named ${reference} comes from the printer itself`, async () => {
      await using bench = await withThumbnail(reference);
      const answer = await bench.ask("getThumbnail", { file: "a.gcode" });
      assert.deepEqual(await bytesOf(answer), png);
      assert.equal(answer["mediaType"], "image/png");
      assert.deepEqual(bench.stub.fetched, [`GET ${fetched}`]);
    });
  }

  for (const reference of ["http://192.0.2.1/a.png", "//evil.test/a.png", "https://127.0.0.1/a.png", "file:///etc/x"]) {
    test(`named ${reference} is not fetched`, async () => {
      await using bench = await withThumbnail(reference);
      await assert.rejects(bench.ask("getThumbnail", { file: "a.gcode" }), { code: "protocol" });
      assert.deepEqual(bench.stub.fetched, []);
    });
  }

  test("that is missing, moved elsewhere or no picture is told as that", async () => {
    await using bench = await withThumbnail("");
    await assert.rejects(bench.ask("getThumbnail", { file: "a.gcode" }), { code: "not_found" });
    bench.stub.answers = { 260: { FileInfo: { Thumbnail: "/a.png" } } };
    bench.stub.web = (_request, _body, response) => response.end("<html>");
    await assert.rejects(bench.ask("getThumbnail", { file: "a.gcode" }), { code: "protocol" });
    bench.stub.web = (_request, _body, response) =>
      response.writeHead(302, { location: "http://192.0.2.1/a.png" }).end();
    await assert.rejects(bench.ask("getThumbnail", { file: "a.gcode" }), { code: "protocol" });
    bench.stub.web = (_request, _body, response) => response.writeHead(404).end();
    await assert.rejects(bench.ask("getThumbnail", { file: "a.gcode" }), { code: "not_found" });
  });

  test("of a printer whose web server hangs ends in time", async () => {
    await using bench = await withThumbnail("/a.png");
    bench.stub.web = () => undefined;
    await assert.rejects(bench.ask("getThumbnail", { file: "a.gcode" }), { code: "timeout" });
  });
});
