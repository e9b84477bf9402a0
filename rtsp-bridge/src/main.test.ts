// The bridge as a process, with the real MediaMTX where there is one.

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { findFfmpeg, findMediamtx } from "./mediamtx/programs.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const searchPath = process.env["PATH"] ?? "";
const cacheDir = fileURLToPath(new URL("../../.cache", import.meta.url));
const tools = await Promise.all([
  findMediamtx({ given: process.env["GANTRY_MEDIAMTX"], searchPath, cacheDir }),
  findFfmpeg(process.env["GANTRY_FFMPEG"], searchPath),
]).catch(() => undefined);
const skip = tools === undefined ? 'needs MediaMTX and ffmpeg: run "make tools"' : false;

const inventoryText = (...ids: string[]): string =>
  `printers:\n${ids.map((id) => `  - {id: ${id}, family: elegoo-cc1, connection: {host: 192.0.2.1}}\n`).join("")}`;

interface Line {
  readonly event?: string;
  readonly http?: string;
  readonly rtsp?: string;
  readonly msg?: string;
}

class Bridge {
  readonly child: ChildProcess;
  readonly configFile: string;
  stderr = "";
  #heard: ((line: Line) => void)[] = [];
  readonly #exited: Promise<number | string | null>;

  constructor(environment: Record<string, string>, dataDir: string) {
    this.configFile = join(dataDir, "rtsp-bridge", "mediamtx.yml");
    this.child = spawn(process.execPath, [main], { env: environment, stdio: ["ignore", "ignore", "pipe"] });
    this.#exited = once(this.child, "close").then(
      ([code, signal]: (number | string | null)[]) => code ?? signal ?? null,
    );
    if (this.child.stderr === null) throw new Error("no stderr");
    createInterface({ input: this.child.stderr }).on("line", (text) => {
      this.stderr += `${text}\n`;
      if (!text.startsWith("{")) return;
      for (const hear of this.#heard) hear(JSON.parse(text) as Line);
    });
  }

  async line(matches: (line: Line) => boolean): Promise<Line> {
    const found = Promise.withResolvers<Line>();
    this.#heard.push((line) => {
      if (matches(line)) found.resolve(line);
    });
    this.child.once("exit", () => found.reject(new Error(`the bridge ended:\n${this.stderr}`)));
    return found.promise;
  }

  async exit(): Promise<number | string | null> {
    return this.#exited;
  }

  /** Process ids of MediaMTX and of the shell that holds its leash. */
  async servers(): Promise<number[]> {
    const list = spawn("ps", ["-eo", "pid=,args="], { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    list.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await once(list, "close");
    return text
      .split("\n")
      .filter((line) => line.includes(this.configFile))
      .map((line) => Number.parseInt(line, 10));
  }

  async noServers(): Promise<void> {
    while ((await this.servers()).length > 0) await sleep(100);
  }
}

async function bridge(context: TestContext, inventory: string | undefined, more: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "gantry-test-"));
  const file = join(folder, "printers.yaml");
  if (inventory !== undefined) await writeFile(file, inventory);
  const environment = {
    PATH: searchPath,
    GANTRY_INVENTORY: file,
    GANTRY_DATA_DIR: join(folder, "data"),
    GANTRY_RTSP_PORT: "0",
    GANTRY_BRIDGE_HTTP_HOST: "127.0.0.1",
    GANTRY_BRIDGE_HTTP_PORT: "0",
    ...(process.env["GANTRY_MEDIAMTX"] === undefined ? {} : { GANTRY_MEDIAMTX: process.env["GANTRY_MEDIAMTX"] }),
    ...more,
  };
  const started = new Bridge(environment, join(folder, "data"));
  context.after(async () => {
    started.child.kill("SIGKILL");
    await started.exit();
    await started.noServers();
    await rm(folder, { recursive: true, force: true });
  });
  return { bridge: started, file };
}

const isListening = (line: Line): boolean => line.event === "listening";

async function streamIds(http: string | undefined): Promise<string[]> {
  const body = (await (await fetch(`${http}/api/v1/streams`)).json()) as { items: { id: string }[] };
  return body.items.map(({ id }) => id);
}

void test("it listens, is ready, and leaves nothing behind on SIGTERM", { skip, timeout: 60_000 }, async (context) => {
  const { bridge: it } = await bridge(context, inventoryText("cc1", "cc2"));
  const { http, rtsp } = await it.line(isListening);
  assert.match(rtsp ?? "", /^rtsp:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await fetch(`${http}/readyz`)).status, 200);
  assert.deepEqual(await streamIds(http), ["cc1", "cc1_sub", "cc2", "cc2_sub"]);
  assert.equal((await it.servers()).length, 2);
  it.child.kill("SIGTERM");
  assert.equal(await it.exit(), 0);
  assert.deepEqual(await it.servers(), []);
});

void test("MediaMTX does not outlive a bridge that is killed", { skip, timeout: 60_000 }, async (context) => {
  const { bridge: it } = await bridge(context, inventoryText("cc1"));
  await it.line(isListening);
  assert.equal((await it.servers()).length, 2);
  it.child.kill("SIGKILL");
  assert.equal(await it.exit(), "SIGKILL");
  await it.noServers();
});

void test(
  "without an inventory it is healthy, has no streams, and says so",
  { skip, timeout: 60_000 },
  async (context) => {
    const { bridge: it } = await bridge(context, undefined);
    const { http } = await it.line(isListening);
    assert.equal((await fetch(`${http}/healthz`)).status, 200);
    assert.deepEqual(await streamIds(http), []);
    assert.match(it.stderr, /no inventory yet/);
  },
);

void test("a changed inventory is taken, a wrong one is refused", { skip, timeout: 90_000 }, async (context) => {
  const { bridge: it, file } = await bridge(context, inventoryText("cc1"));
  const { http } = await it.line(isListening);
  const replace = async (text: string): Promise<void> => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  const taken = it.line(({ msg }) => msg === "inventory in force");
  await replace(inventoryText("cc2"));
  await taken;
  assert.deepEqual(await streamIds(http), ["cc2", "cc2_sub"]);
  const refused = it.line(({ msg }) => msg?.startsWith("inventory refused") === true);
  await replace("printers: [{id: CC3}]\n");
  await refused;
  assert.deepEqual(await streamIds(http), ["cc2", "cc2_sub"]);
  assert.equal((await fetch(`${http}/readyz`)).status, 503);
});

void test("a wrong inventory at the start is told whole and ends it with 2", { timeout: 30_000 }, async (context) => {
  const { bridge: it } = await bridge(context, "printers:\n  - {id: A}\n  - {id: b, hots: 1}\n");
  assert.equal(await it.exit(), 2);
  assert.match(it.stderr, /printers\[0\]/);
  assert.match(it.stderr, /printers\[1\]/);
});

void test("wrong variables are told, one line each, and end it with 2", { timeout: 30_000 }, async (context) => {
  const { bridge: it } = await bridge(context, undefined, { GANTRY_RTSP_PORT: "x", GANTRY_LOG_LEVEL: "loud" });
  assert.equal(await it.exit(), 2);
  assert.deepEqual(
    it.stderr
      .trim()
      .split("\n")
      .map((line) => line.split(":")[0]),
    ["GANTRY_RTSP_PORT", "GANTRY_LOG_LEVEL"],
  );
});

void test("an RTSP port that is taken is named with its variable", { skip, timeout: 30_000 }, async (context) => {
  const other = createServer().listen(0);
  await once(other, "listening");
  context.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const { bridge: it } = await bridge(context, undefined, { GANTRY_RTSP_PORT: String(port) });
  assert.equal(await it.exit(), 1);
  assert.match(it.stderr, new RegExp(`RTSP port ${port}: another program has it; set GANTRY_RTSP_PORT`));
});

void test(
  "an HTTP port that is taken is named, and MediaMTX is taken down",
  { skip, timeout: 30_000 },
  async (context) => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    context.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const { bridge: it } = await bridge(context, undefined, { GANTRY_BRIDGE_HTTP_PORT: String(port) });
    assert.equal(await it.exit(), 1);
    assert.match(it.stderr, /EADDRINUSE.*GANTRY_BRIDGE_HTTP_PORT/);
    assert.deepEqual(await it.servers(), []);
  },
);

void test("missing tools are told with what to do", { timeout: 30_000 }, async (context) => {
  const { bridge: it } = await bridge(context, undefined, { GANTRY_MEDIAMTX: "/nowhere/mediamtx" });
  assert.equal(await it.exit(), 1);
  assert.match(it.stderr, /GANTRY_MEDIAMTX: "\/nowhere\/mediamtx".*make tools/);
});

void test("its configuration is in the data directory", { skip, timeout: 30_000 }, async (context) => {
  const { bridge: it } = await bridge(context, undefined);
  await it.line(isListening);
  assert.match(await readFile(it.configFile, "utf8"), /Gantry bridge/);
});
