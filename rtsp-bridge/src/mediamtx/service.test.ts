// What is served and whom, against the real MediaMTX where there is one.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { AccessSettings } from "@gantry/config";
import { offerVideo } from "@gantry/platform/test-whep";
import { bench, probe, skip, watch } from "./test-bench.ts";

const timeout = 120_000;
/** Makes certificates. */
const openssl = "openssl";
const frigate = { name: "frigate", token: "frigate-token-0123456789", printers: undefined };
const access: AccessSettings = { cameras: { username: "home", password: "p@ssw0rd!" }, tokens: [frigate] };
const as = (rtsp: string, user: string, secret: string): string =>
  rtsp.replace("//", `//${user}:${encodeURIComponent(secret)}@`);

// Each has a server of its own, and mostly waits for viewers to come or to go.
void describe("what is served", { skip, concurrency: 3, timeout: 4 * timeout }, () => {
  test("RTSP asks for the login or a token, and takes Basic and Digest", { timeout }, async (context) => {
    const { rtsp, lines } = await bench(context, { access });
    for (const good of [as(rtsp, "home", "p@ssw0rd!"), as(rtsp, "frigate", frigate.token)]) {
      const { code, text } = await probe(`${good}/cc1`);
      assert.equal(code, 0, text);
    }
    assert.match((await probe(`${rtsp}/cc1`)).text, /401/u);
    const asked = await answerTo(`${rtsp}/cc1`, "");
    assert.match(asked, /^RTSP\/1\.0 401/u);
    for (const way of [/WWW-Authenticate: Basic/u, /WWW-Authenticate: Digest/u]) assert.match(asked, way);
    const basic = Buffer.from("home:p@ssw0rd!").toString("base64");
    assert.match(await answerTo(`${rtsp}/cc1`, `Authorization: Basic ${basic}\r\n`), /^RTSP\/1\.0 200/u);
    for (const wrong of [as(rtsp, "home", "another-one"), as(rtsp, "frigate", "p@ssw0rd!")]) {
      assert.match((await probe(`${wrong}/cc1`)).text, /401/u);
    }
    const log = lines.join("");
    assert.equal(log.match(/"level":"warn"[^\n]*a wrong user or password was shown/gu)?.length, 1, log);
    assert.match(log, /"level":"debug"[^\n]*"credential":"frigate"/u);
  });

  test("nobody publishes but the bridge", { timeout }, async (context) => {
    const { streams, rtsp } = await bench(context, { access });
    for (const from of [rtsp, as(rtsp, "home", "p@ssw0rd!"), as(rtsp, "frigate", frigate.token)]) {
      const [code] = (await once(streams.publish("cc1", from), "exit")) as [number | null];
      assert.notEqual(code, 0);
      assert.notEqual(code, null);
    }
  });

  test("a token that is taken out ends its viewers at once, and the others go on", { timeout }, async (context) => {
    const { rtsp, serve } = await bench(context, { access });
    await using gone = await watch(`${as(rtsp, "frigate", frigate.token)}/cc1`);
    await using stays = await watch(`${as(rtsp, "home", "p@ssw0rd!")}/cc1`);
    await serve({ access: { ...access, tokens: [] } });
    await gone.ended;
    assert.match((await probe(`${as(rtsp, "frigate", frigate.token)}/cc1`)).text, /401/u);
    await stays.more();
    await serve({ access });
    assert.equal((await probe(`${as(rtsp, "frigate", frigate.token)}/cc1`)).code, 0);
  });

  test("cameras that are closed close to those who watched without a credential", { timeout }, async (context) => {
    const { rtsp, serve } = await bench(context);
    await using anybody = await watch(`${rtsp}/cc1`);
    await serve({ access });
    await anybody.ended;
  });

  test("HLS is demanded, played and released, and switched on while RTSP plays", { timeout }, async (context) => {
    const { rtsp, ports, streams, serve } = await bench(context, { access });
    const address = `http://127.0.0.1:${ports.hls}/cc1/index.m3u8`;
    await assert.rejects(fetch(address));
    await using viewer = await watch(`${as(rtsp, "home", "p@ssw0rd!")}/cc1`);
    await serve({ outputs: { hls: true } });
    await viewer.more();
    await viewer.stop();
    await streams.hears("released cc1");
    streams.told.length = 0;
    assert.equal((await fetch(address)).status, 401);
    const { code, text } = await probe(as(address, "home", "p@ssw0rd!"));
    assert.equal(code, 0, text);
    assert.ok(streams.told.includes("demanded cc1"));
    await streams.hears("released cc1");
  });

  test("WHEP answers an offer once the stream runs", { timeout }, async (context) => {
    const { ports, streams } = await bench(context, { access, outputs: { webrtc: true } });
    const address = `http://127.0.0.1:${ports.webrtc}/cc1/whep`;
    assert.equal((await offerVideo(address)).status, 401);
    const answer = await offerVideo(address, `Basic ${Buffer.from(`frigate:${frigate.token}`).toString("base64")}`);
    assert.equal(answer.status, 201);
    assert.match(await answer.text(), /m=video [1-9].*H264/su);
    assert.ok(streams.told.includes("demanded cc1"));
    assert.equal((await offerVideo(address, `Bearer home:p@ssw0rd!`)).status, 201);
    const stranger = await fetch(address, { method: "OPTIONS", headers: { Origin: "http://evil.example" } });
    assert.notEqual(stranger.headers.get("access-control-allow-origin"), "http://evil.example");
    assert.notEqual(stranger.headers.get("access-control-allow-origin"), "*");
  });

  test(
    "RTSPS is served beside RTSP, and refused with words when its key is not the certificate's",
    { timeout },
    async (context) => {
      const { mediamtx, folder, ports, rtsp, serve } = await bench(context);
      for (const name of ["one", "other"]) {
        const subject = ["-subj", "/CN=gantry", "-days", "2", "-keyout", join(folder, `${name}.key`)];
        const made = spawnSync(openssl, [
          "req",
          "-x509",
          "-newkey",
          "rsa:2048",
          "-nodes",
          "-out",
          join(folder, `${name}.pem`),
          ...subject,
        ]);
        assert.equal(made.status, 0, made.stderr.toString());
      }
      await serve({ outputs: { rtsps: { certificateFile: "one.pem", keyFile: "other.key" } } });
      assert.match(mediamtx.problems.join(), /not the certificate's/u);
      await serve({ outputs: { rtsps: { certificateFile: "none.pem", keyFile: "one.key" } } });
      assert.match(mediamtx.problems.join(), /ENOENT/u);
      assert.equal((await probe(`${rtsp}/cc1`)).code, 0);
      await serve({ outputs: { rtsps: { certificateFile: "one.pem", keyFile: "one.key" } } });
      assert.deepEqual(mediamtx.problems, []);
      const secure = await probe(`rtsps://127.0.0.1:${ports.rtsps}/cc1`);
      assert.equal(secure.code, 0, secure.text);
      assert.equal((await probe(`${rtsp}/cc1`)).code, 0);
    },
  );

  test("an output whose port is taken stays off with the reason, and RTSP goes on", { timeout }, async (context) => {
    const { mediamtx, ports, rtsp, serve } = await bench(context);
    const other = createServer().listen(ports.hls, "127.0.0.1");
    await once(other, "listening");
    assert.equal((other.address() as AddressInfo).port, ports.hls);
    await serve({ outputs: { hls: true } });
    assert.match(mediamtx.problems.join(), /HLS port \d+: another program has it; set GANTRY_HLS_PORT/u);
    assert.equal((await probe(`${rtsp}/cc1`)).code, 0);
    other.close();
    await serve({ outputs: { hls: true } });
    assert.deepEqual(mediamtx.problems, []);
  });

  test("viewers that are dismissed go, and the next one is served as the first was", { timeout }, async (context) => {
    const { mediamtx, rtsp, streams } = await bench(context);
    await using viewer = await watch(`${rtsp}/cc1`);
    const dismissed = mediamtx.dismiss("cc1");
    streams.released("cc1");
    await dismissed;
    await viewer.ended;
    await sleep(600);
    streams.told.length = 0;
    const { code, text } = await probe(`${rtsp}/cc1`);
    assert.equal(code, 0, text);
    assert.ok(streams.told.includes("demanded cc1"));
  });
});

/** What the server answers to a viewer's first request with these headers. */
async function answerTo(url: string, headers: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\n${headers}\r\n`);
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.includes("\r\n\r\n")) break;
  }
  return text;
}
