// Recordings over HTTP: listed, downloaded in parts, deleted, and only for who may look.

import assert from "node:assert/strict";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { bridgeKey, type AccessSettings } from "@gantry/config";
import { FakeClock } from "@gantry/platform/fake-clock";
import { listen } from "@gantry/platform/http-server";
import { silentLog } from "@gantry/platform/log";
import { answerLibrary, libraryAddress, type KeptItem } from "./library.ts";
import { Visitors } from "./visitors.ts";

const content = "0123456789".repeat(10);
const settings: AccessSettings = {
  cameras: { username: "home", password: "correct-horse" },
  tokens: [{ name: "nvr", token: "a-token-of-twenty-four-b", printers: ["cc1"] }],
};
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

class Bench {
  url = "";
  items: KeptItem[] = [];
  mayDelete = true;
  access: AccessSettings | null = null;
  folder = "";

  async ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asking = request(`${this.url}${path}`, { method, headers, agent: false }, (response) => {
        text(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          reject,
        );
      });
      asking.on("error", reject).end();
    });
  }

  async ids(path: string, headers: Record<string, string> = {}): Promise<string[]> {
    const { body } = await this.ask(path, headers);
    return (JSON.parse(body) as { items: { id: string }[] }).items.map(({ id }) => id);
  }
}

async function bench(context: TestContext): Promise<Bench> {
  const it = new Bench();
  it.folder = await mkdtemp(join(tmpdir(), "gantry-library-"));
  for (const [printer, endedAtMs] of [
    ["cc1", 1_800_000_000_000],
    ["cc2", null],
  ] as const) {
    const file = join(it.folder, `${printer}.mp4`);
    await writeFile(file, content);
    const startedAtMs = 1_700_000_000_000;
    const fileName = "Würfel.mp4";
    it.items.push({
      id: `${printer}.1`,
      printer,
      startedAtMs,
      endedAtMs,
      sizeBytes: 100,
      seconds: 1.23456,
      file,
      fileName,
    });
  }
  const recordings = {
    list: async () => it.items,
    remove: async ({ file }: KeptItem) => rm(file),
  };
  const films = { list: async () => [{ ...it.items[0]!, job: "cube" }], remove: async () => undefined };
  const visitors = new Visitors({ access: () => it.access, clock: new FakeClock(), log: silentLog });
  const library = { shelves: { recordings, timelapses: films }, visitors, mayDelete: () => it.mayDelete };
  const server = await listen(
    (asked, response) => {
      const address = libraryAddress(decodeURIComponent(asked.url?.split("?")[0] ?? ""));
      if (address === undefined) response.writeHead(404).end();
      else void answerLibrary(library, { ...address, request: asked, allowedHosts: new Set() }, response);
    },
    { host: "127.0.0.1", port: 0, graceMs: 0 },
  );
  it.url = server.url;
  context.after(async () => {
    await server[Symbol.asyncDispose]();
    await rm(it.folder, { recursive: true, force: true });
  });
  return it;
}

void test("what is kept is listed, of one printer where that is asked; no path of the machine is told", async (context) => {
  const it = await bench(context);
  const { status, body } = await it.ask("/api/v1/recordings");
  assert.equal(status, 200);
  assert.deepEqual((JSON.parse(body) as { items: unknown[] }).items[1], {
    id: "cc2.1",
    printer: "cc2",
    startedAt: "2023-11-14T22:13:20.000Z",
    endedAt: null,
    sizeBytes: 100,
    seconds: 1.235,
  });
  assert.deepEqual(await it.ids("/api/v1/recordings?printer=cc1"), ["cc1.1"]);
  assert.deepEqual(await it.ids("/api/v1/recordings?printer=nope"), []);
  assert.match((await it.ask("/api/v1/timelapses")).body, /"job":"cube"/);
});

void test("a download is whole, or the part that is asked for", async (context) => {
  const it = await bench(context);
  const path = "/api/v1/recordings/cc1.1";
  const whole = await it.ask(path);
  assert.deepEqual([whole.status, whole.body, whole.headers["content-type"]], [200, content, "video/mp4"]);
  assert.equal(whole.headers["accept-ranges"], "bytes");
  assert.equal(whole.headers["content-disposition"], "inline; filename*=UTF-8''cc1_W%C3%BCrfel.mp4");
  assert.equal((await it.ask(`${path}?printer=cc1`)).status, 200);
  assert.equal((await it.ask(`${path}?printer=cc2`)).status, 404);
  const part = await it.ask(path, { Range: "bytes=5-14" });
  assert.deepEqual(
    [part.status, part.body, part.headers["content-range"], part.headers["content-length"]],
    [206, "5678901234", "bytes 5-14/100", "10"],
  );
  const none = await it.ask(path, { Range: "bytes=100-" });
  assert.deepEqual([none.status, none.headers["content-range"]], [416, "bytes */100"]);
  const etag = String(whole.headers["etag"]);
  assert.equal((await it.ask(path, { Range: "bytes=0-1", "If-Range": etag })).status, 206);
  assert.equal((await it.ask(path, { Range: "bytes=0-1", "If-Range": '"old"' })).status, 200);
  const head = await it.ask(path, {}, "HEAD");
  assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, "", "100"]);
});

void test("only what is listed can be had, whatever an id looks like", async (context) => {
  const it = await bench(context);
  for (const id of ["cc1", "..", "..%2Fcc1.mp4", "%2Fetc%2Fpasswd", "cc1.1%00", "cc1.mp4", "__proto__"]) {
    assert.equal((await it.ask(`/api/v1/recordings/${id}`)).status, 404, id);
  }
  assert.equal((await it.ask("/api/v1/recordings", {}, "DELETE")).status, 404);
  assert.equal((await it.ask("/api/v1/recordings/cc1.1", {}, "POST")).status, 404);
  await rm(it.items[0]?.file ?? "");
  assert.equal((await it.ask("/api/v1/recordings/cc1.1")).status, 404);
});

void test("a recording is deleted where the inventory allows it, not while it is written, nor by a stranger's page", async (context) => {
  const it = await bench(context);
  const path = "/api/v1/recordings/cc1.1";
  it.mayDelete = false;
  assert.equal((await it.ask(path, {}, "DELETE")).status, 403);
  it.mayDelete = true;
  assert.equal((await it.ask(path, { Origin: "http://evil.example" }, "DELETE")).status, 403);
  assert.equal((await it.ask("/api/v1/recordings/cc2.1", {}, "DELETE")).status, 409);
  await access(it.items[0]?.file ?? "");
  assert.equal((await it.ask(path, {}, "DELETE")).status, 204);
  await assert.rejects(access(it.items[0]?.file ?? ""));
});

void test("with access closed it takes the cameras' login or a token, which shows its own printers only", async (context) => {
  const it = await bench(context);
  it.access = settings;
  const path = "/api/v1/recordings";
  for (const headers of [
    {},
    { Authorization: basic("home", "wrong") },
    { Authorization: basic("other", settings.tokens[0]!.token) },
    { Authorization: "Bearer nothing" },
  ]) {
    const { status, headers: told } = await it.ask(path, headers);
    assert.deepEqual(
      [status, String(told["www-authenticate"]).startsWith("Basic ")],
      [401, true],
      JSON.stringify(headers),
    );
  }
  assert.deepEqual(await it.ids(path, { Authorization: basic("home", "correct-horse") }), ["cc1.1", "cc2.1"]);
  assert.deepEqual(await it.ids(path, { Authorization: `Bearer ${bridgeKey(settings)}` }), ["cc1.1", "cc2.1"]);
  for (const headers of [
    { Authorization: basic("nvr", settings.tokens[0]!.token) },
    { Authorization: `Bearer ${settings.tokens[0]!.token}` },
  ]) {
    assert.deepEqual(await it.ids(path, headers), ["cc1.1"]);
    assert.equal((await it.ask(`${path}/cc2.1`, headers)).status, 404);
  }
  assert.deepEqual(await it.ids(`${path}?token=${settings.tokens[0]!.token}`), ["cc1.1"]);
});

void test("guessing is slowed down, and holds up no token", async (context) => {
  const it = await bench(context);
  it.access = settings;
  const path = "/api/v1/recordings";
  for (let guess = 0; guess < 10; guess += 1) {
    assert.equal((await it.ask(path, { Authorization: basic("home", `guess ${guess}`) })).status, 401);
  }
  assert.equal((await it.ask(path, { Authorization: basic("home", "correct-horse") })).status, 429);
  assert.equal((await it.ask(path, { Authorization: `Bearer ${settings.tokens[0]!.token}` })).status, 200);
});
