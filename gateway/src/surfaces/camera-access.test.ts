// Who is shown a camera, over HTTP and over MCP.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { bridgeKey, type AccessSettings } from "@gantry/config";
import { createLog } from "@gantry/platform/log";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { FakeCamera, FakeFleet, fakePrinter } from "./fake-fleet.ts";
import { startTestGateway, type TestGateway } from "./test-gateway.ts";

const timeout = 30_000;
const frigate = "frigate-token-0123456789";
const hallway = "hallway-token-0123456789";
const closed: AccessSettings = {
  cameras: { username: "home", password: "p@ssw0rd" },
  tokens: [
    { name: "frigate", token: frigate, printers: undefined },
    { name: "hallway", token: hallway, printers: ["cc1"] },
  ],
};
const basic = (user: string, secret: string) => `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;

class Bench implements AsyncDisposable {
  readonly lines: string[] = [];
  access: AccessSettings | null;
  readonly #listeners = new Set<() => void>();
  #gateway: TestGateway | undefined;

  private constructor(access: AccessSettings | null) {
    this.access = access;
  }

  static async start(access: AccessSettings | null = closed): Promise<Bench> {
    const bench = new Bench(access);
    const fleet = new FakeFleet(fakePrinter("cc1"), fakePrinter("cc2"));
    for (const id of ["cc1", "cc2"]) fleet.cameras.set(id, new FakeCamera());
    bench.#gateway = await startTestGateway(fleet, {
      log: createLog({ level: "debug", destination: { write: (line) => void bench.lines.push(line) } }),
      access: {
        current: () => bench.access,
        onChange: (listener) => {
          bench.#listeners.add(listener);
          return { [Symbol.dispose]: () => void bench.#listeners.delete(listener) };
        },
      },
    });
    return bench;
  }

  get gateway(): TestGateway {
    if (this.#gateway === undefined) throw new Error("not started");
    return this.#gateway;
  }

  change(access: AccessSettings | null): void {
    this.access = access;
    for (const listener of this.#listeners) listener();
  }

  async get(path: string, authorization?: string): Promise<Response> {
    const headers = authorization === undefined ? {} : { authorization };
    return fetch(`${this.gateway.url}/api/v1/printers/${path}`, { headers });
  }

  async status(path: string, authorization?: string): Promise<number> {
    const response = await this.get(path, authorization);
    await response.body?.cancel();
    return response.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
  }
}

test("without the block everybody may look", { timeout }, async () => {
  await using bench = await Bench.start(null);
  for (const path of ["cc1/snapshot.jpg", "cc1/camera.mjpeg"]) assert.equal(await bench.status(path), 200);
});

test("with it nobody may without a credential, and is told how to show one", { timeout }, async () => {
  await using bench = await Bench.start();
  for (const path of ["cc1/snapshot.jpg", "cc1/camera.mjpeg", "nope/snapshot.jpg"]) {
    const response = await bench.get(path);
    assert.equal(response.status, 401);
    assert.match(response.headers.get("www-authenticate") ?? "", /^Basic realm=/u);
    assert.match(await response.text(), /"code":"unauthorized"/u);
  }
  assert.equal(await bench.status("cc1"), 200, "the rest of the API is no camera");
});

test("the login and the tokens open cameras, in every way they can be sent", { timeout }, async () => {
  await using bench = await Bench.start();
  for (const path of ["cc2/snapshot.jpg", "cc2/camera.mjpeg"]) {
    for (const shown of [basic("home", "p@ssw0rd"), basic("frigate", frigate), `Bearer ${frigate}`]) {
      assert.equal(await bench.status(path, shown), 200, shown);
    }
    assert.equal(await bench.status(`${path}?token=${frigate}`), 200);
    assert.equal(await bench.status(path, `Bearer ${bridgeKey(closed)}`), 200);
  }
});

test("wrong ones are refused", { timeout }, async () => {
  await using bench = await Bench.start();
  const wrong = [basic("home", "p@ssw0re"), basic("other", "p@ssw0rd"), basic("hallway", frigate), "Bearer p@ssw0rd"];
  for (const shown of wrong) assert.equal(await bench.status("cc1/snapshot.jpg", shown), 401, shown);
  assert.equal(await bench.status("cc1/snapshot.jpg?token=x"), 401);
});

test("a token for one printer opens no other", { timeout }, async () => {
  await using bench = await Bench.start();
  assert.equal(await bench.status("cc1/snapshot.jpg", `Bearer ${hallway}`), 200);
  assert.equal(await bench.status("cc2/snapshot.jpg", `Bearer ${hallway}`), 403);
});

test("uses are told by name at debug, wrong ones once, and no secret ever", { timeout }, async () => {
  await using bench = await Bench.start();
  await bench.status(`cc1/snapshot.jpg?token=${frigate}`);
  for (const guess of ["one-wrong-secret", "two-wrong-secret"])
    await bench.status("cc1/snapshot.jpg", `Bearer ${guess}`);
  const text = bench.lines.join("");
  assert.match(text, /"level":"debug".*"credential":"frigate"/u);
  assert.equal(text.match(/"level":"warn"/gu)?.length, 1);
  assert.doesNotMatch(text, new RegExp(`${frigate}|wrong-secret`, "u"));
});

test(
  "who guesses must wait, and holds up neither tokens nor a program with a stale password",
  { timeout },
  async () => {
    await using bench = await Bench.start();
    const stale = basic("home", "the old one");
    for (let poll = 0; poll < 20; poll += 1) assert.equal(await bench.status("cc1/snapshot.jpg", stale), 401);
    assert.equal(await bench.status("cc1/snapshot.jpg", basic("home", "p@ssw0rd")), 200);
    for (let guess = 0; guess < 9; guess += 1) await bench.status("cc1/snapshot.jpg", basic("home", `guess ${guess}`));
    const refused = await bench.get("cc1/snapshot.jpg", basic("home", "p@ssw0rd"));
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "10"]);
    assert.equal(await bench.status("cc1/snapshot.jpg", stale), 401);
    assert.equal(await bench.status("cc1/snapshot.jpg", `Bearer ${frigate}`), 200);
    await bench.gateway.clock.advance(10_000);
    assert.equal(await bench.status("cc1/snapshot.jpg", basic("home", "p@ssw0rd")), 200);
  },
);

test("a token that is taken out ends what is watched with it, and nothing else", { timeout }, async () => {
  await using bench = await Bench.start();
  const watch = async (shown: string) => (await bench.get("cc1/camera.mjpeg", shown)).body?.getReader();
  const [gone, home, bridge] = await Promise.all([
    watch(`Bearer ${frigate}`),
    watch(basic("home", "p@ssw0rd")),
    watch(`Bearer ${bridgeKey(closed)}`),
  ]);
  const oldKey = bridgeKey(closed);
  bench.change({ ...closed, tokens: [] });
  for (let ended = false; !ended;) ended = (await gone?.read())?.done ?? true;
  assert.equal(await bench.status("cc1/snapshot.jpg", `Bearer ${frigate}`), 401);
  for (const other of [home, bridge]) {
    assert.equal((await other?.read())?.done, false);
    await other?.cancel();
  }
  assert.equal(await bench.status("cc1/snapshot.jpg", `Bearer ${oldKey}`), 200, "the bridge may be a moment late");
  await bench.gateway.clock.advance(60_000);
  assert.equal(await bench.status("cc1/snapshot.jpg", `Bearer ${oldKey}`), 401);
});

test("cameras that are closed close to those who watched without a credential", { timeout }, async () => {
  await using bench = await Bench.start(null);
  const reader = (await bench.get("cc1/camera.mjpeg")).body?.getReader();
  bench.change(closed);
  for (let ended = false; !ended;) ended = (await reader?.read())?.done ?? true;
});

test("MCP shows no camera without the credential either", { timeout }, async () => {
  await using bench = await Bench.start();
  const look = async (headers: Record<string, string>) => {
    const client = new Client({ name: "test", version: "1" });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${bench.gateway.url}/mcp`), { requestInit: { headers } }),
    );
    const { isError } = await client.callTool({ name: "get_snapshot", arguments: { printer: "cc1" } });
    const resource = await client.readResource({ uri: "printer://cc1/snapshot" }).catch(() => undefined);
    await client.close();
    return [isError === true, resource !== undefined];
  };
  assert.deepEqual(await look({}), [true, false]);
  assert.deepEqual(await look({ Authorization: `Bearer ${frigate}` }), [false, true]);
});
