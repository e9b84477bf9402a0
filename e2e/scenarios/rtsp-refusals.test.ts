// What viewers are told where there is nothing to be seen: a camera that refuses, and more streams than may run.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { encoders } from "./harness/processes.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

/** A camera behind a login that answers everybody with a status; its address carries secrets. */
class RefusingCamera implements AsyncDisposable {
  status = 401;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (_, response) => response.writeHead(this.status).end());
  }

  static async start(): Promise<RefusingCamera> {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new RefusingCamera(server);
  }

  get url(): string {
    return `http://porch:s3cret@127.0.0.1:${(this.#server.address() as AddressInfo).port}/live?token=t0ken`;
  }

  /** Nothing listens any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

async function mjpegProblem(stack: Stack): Promise<string> {
  const response = await fetch(`${stack.gatewayUrl}/api/v1/printers/porch/camera.mjpeg`);
  assert.equal(response.status, 503);
  assert.match(response.headers.get("retry-after") ?? "", /^[1-9]\d*$/u);
  const { detail, code } = (await response.json()) as { detail: string; code: string };
  assert.equal(code, "unreachable");
  return detail;
}

test("whatever way a camera refuses, its viewers read why", { timeout: 240_000 }, async () => {
  await using camera = await RefusingCamera.start();
  const entries = [{ id: "porch", family: "camera", camera: { url: camera.url } }];
  await using stack = await Stack.start({ bridge: true, printers: {}, entries });
  await using viewer = stack.watch("porch");
  const tells = async (words: RegExp): Promise<void> => {
    await until(`the slate says ${words.source}`, async () => {
      const { state, reason } = await stack.stream("porch");
      return state === "placeholder" && words.test(String(reason));
    });
    assert.match(await mjpegProblem(stack), words);
  };
  await tells(/refuses the username or the password .* correct them/u);
  await until("the slate is shown", () => viewer.seen.length >= 2);
  camera.status = 404;
  await tells(/nothing at this address .* correct the path/u);
  camera.status = 503;
  await tells(/busy .* close it in other programs/u);
  await camera[Symbol.asyncDispose]();
  await tells(/cannot be reached \(ECONNREFUSED\): is it on/u);
  assert.equal(viewer.ended, false);
  assert.equal(viewer.errors, "");
  const answers = [await stack.get("/api/v1/printers/porch"), await stack.stream("porch")];
  const all = `${JSON.stringify(answers)}${[...stack.bridge.lines, ...stack.gateway.lines].join("\n")}`;
  assert.doesNotMatch(all, /s3cret|t0ken/u);
});

/** The first line of the answer to a DESCRIBE. */
async function describe(address: string): Promise<string> {
  const url = new URL(address);
  const socket = connect(Number(url.port), url.hostname);
  try {
    await once(socket, "connect");
    socket.write(`DESCRIBE ${address} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`);
    const [answer] = (await once(socket, "data", { signal: AbortSignal.timeout(30_000) })) as [Buffer];
    return answer.toString().split("\r\n")[0] ?? "";
  } finally {
    socket.destroy();
  }
}

test(
  "a stream too many is refused at once and in words, and served when there is room",
  { timeout: 240_000 },
  async () => {
    const settings = { size: "320x180" };
    await using stack = await Stack.start({
      bridge: true,
      linger: "3s",
      printers: { door: { family: "camera", settings }, attic: { family: "camera", settings } },
      inventory: { bridge: { max_streams: 1 } },
    });
    const attic = (): { total: number } => stack.printer("attic").control.counters()["camera"] as { total: number };
    {
      await using viewer = stack.watch("door");
      await viewer.showsLive(3);
      for (let turn = 1; turn <= 3; turn += 1) {
        const askedMs = performance.now();
        assert.match(await describe(`${stack.rtspUrl}/attic`), /^RTSP\/1\.0 400/u);
        // MediaMTX itself gives up after four seconds.
        assert.ok(performance.now() - askedMs < 3500, "the viewer was kept waiting");
        const { state, reason } = await stack.stream("attic");
        assert.equal(state, "failed");
        assert.match(String(reason), /1 stream runs already, the most that bridge\.max_streams allows: raise it/u);
      }
      const metrics = /^gantry_stream_refusals_total.*attic".*/mu.exec(
        await (await fetch(`${stack.bridgeUrl}/metrics`)).text(),
      );
      // One who asks in the very moment that the path is made anew finds none, and is not counted.
      assert.match(metrics?.[0] ?? "", / [1-3]$/u);
      assert.equal(stack.bridge.lines.filter((line) => line.includes("not shown: 1 stream runs already")).length, 1);
      assert.equal((await encoders(stack.bridge.pid)).length, 1);
      assert.equal(attic().total, 0);
      await viewer.showsLive(3, Date.now());
      assert.equal(viewer.errors, "");
    }
    await until("there is room", async () => (await stack.stream("door"))["state"] === "idle");
    await until("the refusal is forgotten", async () => (await stack.stream("attic"))["state"] === "idle");
    await using viewer = stack.watch("attic");
    await viewer.showsLive(3);
  },
);
