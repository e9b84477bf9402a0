// Cameras that are closed: who is let in by RTSP, WebRTC, HLS, snapshot and MJPEG, what happens to a viewer
// whose token is taken out, and that the services themselves still see one another's pictures.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rename, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { offerVideo } from "@gantry/platform/test-whep";
import { probe } from "./harness/probe.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";
import { Viewer } from "./harness/viewer.ts";

const home = { username: "home", password: "p@ssw0rd!" };
const frigate = "frigate-0123456789abcdef";
const hallway = "hallway-0123456789abcdef";
const access = {
  cameras: home,
  tokens: [
    { name: "frigate", token: frigate },
    { name: "hallway", token: hallway, printers: ["cc1"] },
  ],
};
const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
const withLogin = (url: string, user: string, secret: string): string =>
  url.replace("//", `//${user}:${encodeURIComponent(secret)}@`);

describe("closed cameras", { timeout: 300_000 }, () => {
  let stack: Stack;
  let addresses: Readonly<Record<string, unknown>>;

  before(async () => {
    stack = await Stack.start({
      bridge: true,
      printers: { cc1: {}, cc2: {} },
      inventory: { access, bridge: { webrtc: true, hls: true, remote_control: true } },
    });
    addresses = await stack.bridge.listening();
  });
  after(async () => stack[Symbol.asyncDispose]());

  const look = async (path: string, authorization?: string): Promise<number> => {
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(`${stack.gatewayUrl}/api/v1/printers/${path}`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  const rtsp = (id: string, user: string, secret: string): string => withLogin(`${stack.rtspUrl}/${id}`, user, secret);
  const ask = async (verb: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(`${stack.bridgeUrl}/api/v1/streams/cc1/${verb}`, { method: "POST", headers })).status;
  const state = async (): Promise<unknown> => (await stack.stream("cc1"))["state"];
  const replace = async (from: string, to: string): Promise<void> => {
    const text = await readFile(stack.inventory, "utf8");
    assert.ok(text.includes(from), text);
    await writeFile(`${stack.inventory}.new`, text.replace(from, to));
    await rename(`${stack.inventory}.new`, stack.inventory);
  };

  test("RTSP shows the camera for the login and for a token, live", async () => {
    for (const url of [rtsp("cc1", home.username, home.password), rtsp("cc1", "hallway", hallway)]) {
      await using viewer = new Viewer(url);
      await viewer.showsLive(3);
    }
  });

  test("RTSP answers 401 without a credential, with a wrong one, and with one for another camera", async () => {
    const wrong = [`${stack.rtspUrl}/cc1`, rtsp("cc1", "home", "another-one"), rtsp("cc2", "hallway", hallway)];
    for (const url of wrong) assert.match((await probe(url)).text, /401/u);
  });

  test("snapshot and MJPEG take the same", async () => {
    for (const path of ["cc1/snapshot.jpg", "cc1/camera.mjpeg"]) {
      assert.equal(await look(path), 401);
      assert.equal(await look(path, basic("home", "another-one")), 401);
      for (const good of [basic(home.username, home.password), basic("frigate", frigate), `Bearer ${frigate}`]) {
        assert.equal(await look(path, good), 200);
      }
      assert.equal(await look(`${path}?token=${hallway}`), 200);
    }
    assert.equal(await look(`cc2/snapshot.jpg?token=${hallway}`), 403);
  });

  test("HLS plays with the login, and asks for one", async () => {
    const url = `${String(addresses["hls"])}/cc1/index.m3u8`;
    assert.equal((await fetch(url)).status, 401);
    const { ok, text } = await probe(withLogin(url, home.username, home.password));
    assert.ok(ok, text);
    assert.match(text, /h264/u);
  });

  test("WHEP starts the stream and answers an offer", async () => {
    const url = `${String(addresses["webrtc"])}/cc2/whep`;
    assert.equal((await offerVideo(url)).status, 401);
    const answer = await offerVideo(url, basic("frigate", frigate));
    assert.equal(answer.status, 201);
    assert.match(await answer.text(), /m=video [1-9].*H264/su);
  });

  test("nobody publishes from outside", async () => {
    const picture = [
      "-f",
      "lavfi",
      "-i",
      "testsrc=size=128x96:rate=5",
      "-t",
      "5",
      "-c:v",
      "libx264",
      "-pix_fmt",
      "yuv420p",
    ];
    for (const url of [`${stack.rtspUrl}/cc1`, rtsp("cc1", home.username, home.password)]) {
      const to = ["-f", "rtsp", "-rtsp_transport", "tcp", url];
      const child = spawn("ffmpeg", ["-nostdin", "-loglevel", "error", ...picture, ...to], { timeout: 60_000 });
      const [code] = (await once(child, "exit")) as [number | null];
      assert.ok(code !== 0 && code !== null, "it was let in");
    }
  });

  test("a stream is started and stopped by REST, and a stranger's page may not", async () => {
    await until("the stream is idle", async () => (await state()) === "idle");
    assert.equal(await ask("start", { Origin: "http://evil.example" }), 403);
    assert.equal(await ask("start"), 202);
    await until("the stream is live", async () => (await state()) === "live");
    await using viewer = new Viewer(rtsp("cc1", home.username, home.password));
    await viewer.showsLive(2);
    assert.equal(await ask("stop"), 200);
    await until("the viewer is sent away", () => viewer.ended);
    await until("the stream is idle again", async () => (await state()) === "idle");
    await using next = new Viewer(rtsp("cc1", home.username, home.password));
    await next.showsLive(2);
  });

  test("a token that is taken out ends its viewers at once, and nobody else's", async () => {
    await using gone = new Viewer(rtsp("cc1", "frigate", frigate));
    await using stays = new Viewer(rtsp("cc1", home.username, home.password));
    const mjpeg = await fetch(`${stack.gatewayUrl}/api/v1/printers/cc1/camera.mjpeg?token=${frigate}`);
    await Promise.all([gone.showsLive(2), stays.showsLive(2)]);
    await replace(JSON.stringify(access.tokens[0]), '{"name":"other","token":"other-0123456789abcdef"}');
    await until("the viewer with the token is sent away", () => gone.ended);
    await mjpeg.body?.pipeTo(new WritableStream());
    assert.equal(await look(`cc1/snapshot.jpg?token=${frigate}`), 401);
    assert.match((await probe(rtsp("cc1", "frigate", frigate))).text, /401/u);
    await stays.showsLive(3, Date.now());
  });

  test("no secret stands in a log", async () => {
    const text = [...stack.gateway.lines, ...stack.bridge.lines].join("\n");
    for (const secret of [home.password, encodeURIComponent(home.password), frigate, hallway]) {
      assert.ok(!text.includes(secret), secret);
    }
    assert.match(text, /a wrong credential was shown/u);
    assert.match(text, /a wrong user or password was shown/u);
  });
});
