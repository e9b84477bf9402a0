import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { listen, type HttpServer } from "@gantry/platform/http-server";
import { run } from "./command.ts";
import { downloadMediamtx } from "./mediamtx-release.ts";

const key = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
const { signal } = new AbortController();
let folder = "";
let server: HttpServer;
let checksum = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "release-"));
  await writeFile(join(folder, "mediamtx"), "the program");
  await run("tar", ["-czf", "archive", "mediamtx"], { cwd: folder, timeoutMs: 60_000 });
  await rm(join(folder, "mediamtx"));
  const archive = await readFile(join(folder, "archive"));
  checksum = createHash("sha256").update(archive).digest("hex");
  server = await listen(
    (request, response) => {
      if (request.url === `/mediamtx_v1.20.1_${key}.tar.gz`) response.end(archive);
      else response.writeHead(404).end();
    },
    { host: "127.0.0.1", port: 0 },
  );
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test("an archive with the pinned checksum is unpacked", async () => {
  const file = await downloadMediamtx(folder, signal, { baseUrl: server.url, archives: { [key]: checksum } });
  assert.equal(await readFile(file, "utf8"), "the program");
  await rm(file);
});

test("an archive with another checksum is refused before it is unpacked", async () => {
  const source = { baseUrl: server.url, archives: { [key]: "0".repeat(64) } };
  await assert.rejects(downloadMediamtx(folder, signal, source), /SHA-256 is [0-9a-f]{64}, expected 0{64}/);
  await assert.rejects(access(join(folder, "mediamtx")), { code: "ENOENT" });
});

test("a platform without a pinned checksum is not downloaded", async () => {
  const source = { baseUrl: "http://127.0.0.1:1", archives: {} };
  await assert.rejects(downloadMediamtx(folder, signal, source), new RegExp(`no checksum is pinned for ${key}`));
});

test("an answer that is no archive is told by its status", async () => {
  const source = { baseUrl: `${server.url}/elsewhere`, archives: { [key]: checksum } };
  await assert.rejects(downloadMediamtx(folder, signal, source), /HTTP 404/);
});

test("a host that refuses is told at once", async () => {
  const source = { baseUrl: "http://127.0.0.1:1", archives: { [key]: checksum } };
  await assert.rejects(downloadMediamtx(folder, signal, source), Error);
});
