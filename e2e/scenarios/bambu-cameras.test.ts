// The Bambu family's cameras and its discovery against the simulated printer's ports.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createServer } from "node:tls";
import { frames } from "@gantry/gateway/families/bambu/camera/camera";
import { connection } from "@gantry/gateway/families/bambu/connection";
import { discover } from "@gantry/gateway/families/bambu/discovery/discovery";
import { video } from "@gantry/gateway/families/bambu/camera/video";
import { PrinterError } from "@gantry/gateway/model/errors";
import type { Clock } from "@gantry/platform/clock";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import { Journal } from "../simulators/admin/journal.ts";
import { BindDetect } from "../simulators/bambu/bind-detect.ts";
import { createIdentity, serverTls, type Identity } from "../simulators/bambu/certificates.ts";
import { Discovery, type Introduction } from "../simulators/bambu/discovery.ts";
import { JpegCamera } from "../simulators/bambu/jpeg-camera.ts";
import { RtspsCamera } from "../simulators/bambu/rtsps.ts";
import { FrameSource } from "../simulators/picture/frame-source.ts";
import { until } from "./harness/until.ts";

const timeout = 120_000;
const host = "127.0.0.1";
const p1s = "01P00A000000001";
const x1c = "00M00A000000001";
const accessCode = "12345678";
const scene = { headX: 0.5, headY: 0.5, grown: 0.4, bedDrop: 0.4, lightOn: true, nozzleHeat: 1 };

let identities: Readonly<Record<string, Identity>>;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "bambu-camera-"));
  identities = { [p1s]: await createIdentity(p1s), [x1c]: await createIdentity(x1c) };
});
after(async () => rm(folder, { recursive: true, force: true }));

function identityOf(serial: string): Identity {
  const identity = identities[serial];
  assert.ok(identity !== undefined);
  return identity;
}

function service(serial: string) {
  const tls = serverTls(identityOf(serial), { allowTls13: false });
  return { host, port: 0, tls, accessCode: () => accessCode, journal: new Journal() };
}

function pictures(): FrameSource {
  return new FrameSource({ width: 1280, height: 720, framesPerSecond: 5, look: () => scene });
}

function options(serial: string, port: number, more: Readonly<Record<string, unknown>> = {}) {
  return {
    connection: connection.parse({
      host,
      serial,
      access_code: accessCode,
      camera_port: port,
      tls_ca: identityOf(serial).ca,
      ...more,
    }),
    session: undefined,
    signal: AbortSignal.timeout(timeout),
    clock: systemClock,
    log: silentLog,
    dataFolder: folder,
  };
}

async function failure(work: Promise<unknown>): Promise<PrinterError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PrinterError, String(error));
  return error;
}

describe("the JPEG camera", { timeout }, () => {
  test("gives whole pictures, and is left at once when nobody looks any more (never 20)", async () => {
    using source = pictures();
    await using camera = new JpegCamera({ ...service(p1s), source });
    await camera.open();
    const seen: Uint8Array[] = [];
    for await (const jpeg of frames(options(p1s, camera.port))) {
      seen.push(jpeg);
      if (seen.length === 2) break;
    }
    for (const jpeg of seen) {
      assert.equal(Buffer.from(jpeg.subarray(0, 2)).toString("hex"), "ffd8");
      assert.equal(Buffer.from(jpeg.subarray(-2)).toString("hex"), "ffd9");
    }
    await until("the camera has no viewer", () => camera.counters.viewers.current === 0);
    assert.equal(camera.counters.viewers.peak, 1);
  });

  test("a wrong access code holds the next try back for minutes (never 3)", async () => {
    using source = pictures();
    await using camera = new JpegCamera({ ...service(p1s), source });
    await camera.open();
    const error = await failure(frames(options(p1s, camera.port, { access_code: "wrong" })).next());
    assert.equal(error.code, "printer_auth");
    assert.ok((error.retryAfterMs ?? 0) >= 60_000);
    assert.ok(!error.message.includes('wrong"'));
  });

  test("one that sends nothing is given up", async () => {
    using source = pictures();
    await using camera = new JpegCamera({ ...service(p1s), source });
    camera.knobs.stalled = true;
    await camera.open();
    const error = await failure(frames(options(p1s, camera.port), { stallMs: 500 }).next());
    assert.equal(error.code, "unreachable");
  });

  test("another printer's certificate gets no access code (never 12)", async () => {
    using source = pictures();
    await using camera = new JpegCamera({ ...service(p1s), source });
    await camera.open();
    const error = await failure(frames(options(p1s, camera.port, { tls_ca: identityOf(x1c).ca })).next());
    assert.equal(error.code, "printer_auth");
    assert.equal(camera.counters.viewers.total + camera.counters.wrongLogins, 0);
  });
});

describe("the RTSPS camera", { timeout }, () => {
  test("is told with its certificate's fingerprint, without credentials, and counts no viewer", async () => {
    using source = pictures();
    await using camera = new RtspsCamera({ ...service(x1c), source });
    await camera.open();
    const found = await video(options(x1c, camera.port));
    assert.deepEqual(found, {
      url: `rtsps://${host}:${camera.port}/streaming/live/1`,
      username: "bblp",
      passwordKey: "access_code",
      certificateSha256: found?.certificateSha256,
    });
    assert.match(found?.certificateSha256 ?? "", /^[0-9a-f]{64}$/u);
    assert.equal(camera.counters.viewers.total, 0);
    assert.equal((await video(options(x1c, camera.port, { tls: "insecure" })))?.certificateSha256, null);
    assert.equal((await failure(frames(options(x1c, camera.port)).next())).code, "unsupported");
  });

  test("one that is switched off says what to switch on", async () => {
    using source = pictures();
    await using camera = new RtspsCamera({ ...service(x1c), source });
    camera.knobs.enabled = false;
    await camera.open();
    assert.match((await failure(video(options(x1c, camera.port)))).message, /LAN Only Liveview/u);
  });

  test("a JPEG model has none", async () => {
    assert.equal(await video(options(p1s, 6000)), undefined);
  });
});

/** Ends the ten seconds of listening when told. */
function shortClock(over: Promise<void>): Clock {
  return { ...systemClock, wait: async () => over };
}

function introduce(serial: string): () => Introduction {
  return () => ({
    serial,
    modelCode: "C12",
    name: "Workshop P1S",
    firmware: "01.08.02.00",
    connect: "lan",
    bind: "free",
    address: host,
    signal: "-57",
  });
}

async function tlsPort(serial: string): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(serverTls(identityOf(serial), { allowTls13: false }), (socket) => {
    socket.on("error", () => undefined);
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function search(serial: string, mqttPort: number): Promise<unknown[]> {
  const free = createSocket("udp4").bind(0, host);
  await once(free, "listening");
  const { port } = free.address();
  free.close();
  await once(free, "close");
  const journal = new Journal();
  await using printer = new Discovery({
    host,
    port: 0,
    announceTo: { host, port },
    everyMs: 100,
    introduce: introduce(serial),
    journal,
  });
  await printer.open();
  const heard = until("it was heard", () => printer.counters.announced > 3 && printer.counters.answered > 0);
  return await all(
    discover(
      {
        networks: [],
        clock: shortClock(heard.then(() => undefined)),
        log: silentLog,
        signal: AbortSignal.timeout(timeout),
      },
      {
        ports: { announcements: port, mqtt: mqttPort },
        targets: [[host, printer.port]],
        ca: [identityOf(p1s).ca],
      },
    ),
  );
}

describe("discovery", { timeout }, () => {
  test("a printer that announces itself is found, its serial number out of its certificate", async () => {
    await using mqtt = await tlsPort(p1s);
    const [found] = await search(p1s, mqtt.port);
    assert.deepEqual(found, {
      name: "Workshop P1S",
      connection: { host, serial: p1s },
      missing: { access_code: "LAN access code, as the printer's screen shows it" },
      notes: ["P1S", "firmware 01.08.02.00", "certificate checked"],
    });
  });

  test("a datagram whose serial number TLS does not confirm is nobody (never 21)", async () => {
    await using mqtt = await tlsPort(x1c);
    assert.deepEqual(await search(p1s, mqtt.port), []);
  });

  test("a network that is named is scanned, with the name from the bind port", async () => {
    await using mqtt = await tlsPort(p1s);
    await using bind = new BindDetect({
      host,
      port: 0,
      tls: undefined,
      introduce: introduce(p1s),
      journal: new Journal(),
    });
    await bind.open();
    const found = await all(
      discover(
        {
          networks: [`${host}/32`],
          clock: shortClock(Promise.resolve()),
          log: silentLog,
          signal: AbortSignal.timeout(timeout),
        },
        {
          ports: { announcements: 0, mqtt: mqtt.port, ftps: mqtt.port, bind: bind.port },
          targets: [],
          ca: [identityOf(p1s).ca],
        },
      ),
    );
    assert.deepEqual(
      found.map(({ name, connection: known }) => [name, known["serial"]]),
      [["Workshop P1S", p1s]],
    );
  });

  test("what is no network is refused before anything is sent", async () => {
    const context = { clock: systemClock, log: silentLog, signal: AbortSignal.timeout(timeout) };
    for (const wrong of ["192.168.1.0", "10.0.0.0/8", "x/24", "192.168.1.0/33", "::1/64"]) {
      assert.equal((await failure(discover({ ...context, networks: [wrong] }).next())).code, "invalid_input");
    }
  });
});
