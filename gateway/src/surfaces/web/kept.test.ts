// The fold of recordings and time-lapses: when it is there, what is in it, and that names are text.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { FakeCamera, FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { TestBridge } from "../test-bridge.ts";
import { startTestGateway } from "../test-gateway.ts";

const timeout = 30_000;

async function start(access = false) {
  const stack = new AsyncDisposableStack();
  const bridge = stack.use(await TestBridge.start());
  const fleet = new FakeFleet(fakePrinter("a"), fakePrinter("b"));
  fleet.cameras.set("a", new FakeCamera());
  const current = () => (access ? { cameras: { username: "home", password: "correct-horse" }, tokens: [] } : null);
  const gateway = stack.use(
    await startTestGateway(fleet, {
      bridge: { url: bridge.url, key: () => undefined },
      access: { current, onChange: () => ({ [Symbol.dispose]: () => undefined }) },
    }),
  );
  const get = async (path: string) => fetch(`${gateway.url}/${path}`);
  return { bridge, get, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
}

test(
  "a card with a camera has the fold, empty until it is opened, and asks the bridge for nothing",
  { timeout },
  async () => {
    await using it = await start();
    const response = await it.get("");
    const text = await response.text();
    assert.equal(text.match(/<summary>Recordings and time-lapses<\/summary>/gu)?.length, 1);
    assert.match(text, /data-kept="ui\/cards\/a\/kept"/u);
    assert.match(response.headers.get("content-security-policy") ?? "", /media-src 'self'/u);
    assert.equal(it.bridge.asked.length, 0);
    assert.equal((await it.get("ui/kept.js")).status, 200);
  },
);

test("each has name, time, length, size, a button and a link that say of what they are", { timeout }, async () => {
  await using it = await start();
  it.bridge.recordings.set("a", 2);
  const text = (await (await it.get("ui/cards/a/kept")).text()).replaceAll(/\s+/gu, " ");
  for (const words of ["&lt;Würfel&gt;", "2026-01-31 18:45 UTC", "12 s", "being recorded", "10 min 0 s", "6.9 MB"]) {
    assert.ok(text.includes(words), words);
  }
  assert.match(text, /href="api\/v1\/printers\/a\/timelapses\/a.100" download/u);
  assert.match(text, /data-play="api\/v1\/printers\/a\/recordings\/a.99"/u);
  const ids = [...text.matchAll(/ id="([^"]+)"/gu)].map(([, id]) => id ?? "");
  assert.equal(new Set(ids).size, 3 * 4);
  for (const [, labels = ""] of text.matchAll(/aria-labelledby="([^"]+)"/gu)) {
    assert.ok(
      labels.split(" ").every((id) => ids.includes(id)),
      labels,
    );
  }
});

test("where there is nothing it says so and how to have it; many older ones are folded away", { timeout }, async () => {
  await using it = await start();
  const none = await (await it.get("ui/cards/b/kept")).text();
  for (const words of ["There is none yet", "camera.timelapse", "camera.record"])
    assert.ok(none.includes(words), words);
  it.bridge.recordings.set("b", 23);
  assert.match(await (await it.get("ui/cards/b/kept")).text(), /<summary>3 older<\/summary>/u);
});

test("it takes the camera's login", { timeout }, async () => {
  await using it = await start(true);
  const response = await it.get("ui/cards/a/kept");
  assert.deepEqual([response.status, response.headers.get("www-authenticate")?.slice(0, 5)], [401, "Basic"]);
  assert.equal((await it.get("")).status, 200);
});
