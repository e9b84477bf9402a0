// What a file server has to bear with the Bambu family's file store, whoever wrote it: a printer's
// simulator and Debian's vsftpd run the same.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PrinterError } from "@gantry/gateway/model/errors";
import { createIdentity } from "../simulators/bambu/certificates.ts";
import {
  downloaded,
  isError,
  megabyte,
  noise,
  openStore,
  Relay,
  serial,
  type StartFileServer,
} from "./bambu-file-server.ts";
import { until } from "./harness/until.ts";

const timeout = 240_000;
/** A transfer that can be caught in the middle. */
const slow = { bytesPerSecond: 10 * megabyte };

type Case = (start: StartFileServer) => Promise<void>;

function signal(): AbortSignal {
  return AbortSignal.timeout(timeout);
}

const cases: Readonly<Record<string, Case>> = {
  "200 MB go up and come down byte for byte, with one connection at a time": async (start) => {
    await using server = await start({});
    await using relay = await Relay.to(server);
    await using file = await noise(200 * megabyte);
    await using opened = await openStore(server, { port: relay.port });
    await opened.store.upload("cache/big.3mf", file, signal());
    assert.deepEqual(await server.cached(), ["big.3mf"]);
    assert.equal(await downloaded(opened.store, "cache/big.3mf"), file.md5);
    assert.equal(await opened.store.size("cache/big.3mf", signal()), file.sizeBytes);
    assert.equal(relay.most, 1);
  },

  "an upload whose control connection is cut in the middle leaves nothing, and the next one works": async (start) => {
    await using server = await start(slow);
    await using relay = await Relay.to(server);
    await using file = await noise(40 * megabyte);
    await using opened = await openStore(server, { port: relay.port });
    const broken = opened.store.upload("cache/part.3mf", file, signal());
    broken.catch(() => undefined); // looked at below
    await until("it is under way", async () => (await server.cached()).length > 0);
    assert.deepEqual(await server.cached(), ["gantry-upload.part"]);
    relay.cut();
    await assert.rejects(broken, isError("unreachable"));
    assert.deepEqual(await server.cached(), []);
    await opened.store.upload("cache/part.3mf", file, signal());
    assert.equal(await downloaded(opened.store, "cache/part.3mf"), file.md5);
  },

  "an upload whose control and data connections are cut in the middle leaves nothing": async (start) => {
    await using server = await start(slow);
    await using file = await noise(40 * megabyte);
    await using opened = await openStore(server);
    const broken = opened.store.upload("cache/part.3mf", file, signal());
    broken.catch(() => undefined); // looked at below
    await until("it is under way", async () => (await server.cached()).length > 0);
    await server.cut();
    await assert.rejects(broken, isError("unreachable"));
    assert.deepEqual(await server.cached(), []);
  },

  "a download that is cut in the middle ends with an error and not as a short file": async (start) => {
    await using server = await start(slow);
    await using file = await noise(20 * megabyte);
    await using opened = await openStore(server);
    await opened.store.upload("cache/part.3mf", file, signal());
    const { content } = await opened.store.download("cache/part.3mf", signal());
    const reading = (async () => {
      let seen = 0;
      for await (const chunk of content) {
        if (seen === 0) await server.cut();
        seen += chunk.length;
      }
    })();
    await assert.rejects(reading, isError("unreachable"));
  },

  "an upload that is called off leaves nothing, and what had the name before stays": async (start) => {
    await using server = await start(slow);
    await using small = await noise(1000);
    await using file = await noise(40 * megabyte);
    await using opened = await openStore(server);
    await opened.store.upload("cache/a.gcode", small, signal());
    const stop = new AbortController();
    const broken = opened.store.upload("cache/a.gcode", file, stop.signal);
    broken.catch(() => undefined); // looked at below
    await until("it is under way", async () => (await server.cached()).length > 1);
    stop.abort();
    await assert.rejects(broken, { name: "AbortError" });
    assert.deepEqual(await server.cached(), ["a.gcode"]);
    assert.equal(await downloaded(opened.store, "cache/a.gcode"), small.md5);
  },

  "a file that nobody reads to its end frees the printer's one connection": async (start) => {
    await using server = await start({});
    await using file = await noise(50 * megabyte);
    await using opened = await openStore(server);
    const { store } = opened;
    await store.upload("cache/b.gcode", file, signal());
    const { content } = await store.download("cache/b.gcode", signal());
    await assert.rejects(store.upload("cache/c.gcode", file, signal()), isError("wrong_phase"));
    for await (const chunk of content) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.deepEqual(
      (await store.list(signal())).map(({ name: listed, sizeBytes }) => [listed, sizeBytes]),
      [["cache/b.gcode", file.sizeBytes]],
    );
  },

  "a wrong access code is told once and not tried again for minutes (never 3)": async (start) => {
    await using server = await start({});
    await using relay = await Relay.to(server);
    await using opened = await openStore(server, { port: relay.port, accessCode: "wrong" });
    const refused = await opened.store.list(signal()).catch((error: unknown) => error);
    assert.ok(refused instanceof PrinterError && refused.code === "printer_auth");
    assert.ok((refused.retryAfterMs ?? 0) >= 60_000);
    for (let again = 0; again < 3; again += 1) {
      await assert.rejects(opened.store.list(signal()), isError("printer_auth"));
    }
    assert.equal(relay.connections, 1);
  },

  "a server with another printer's certificate gets no access code (never 12)": async (start) => {
    await using server = await start({});
    await using opened = await openStore(server, { ca: (await createIdentity(serial)).ca });
    await assert.rejects(opened.store.list(signal()), isError("printer_auth"));
  },

  "what is missing is not found, and deleting deletes one file and never a folder (never 19)": async (start) => {
    await using server = await start({});
    await using file = await noise(2000);
    await using opened = await openStore(server);
    const { store } = opened;
    await store.upload("cache/d.gcode", file, signal());
    for (const wrong of ["cache", "cache/", "../d.gcode", "cache/../d.gcode", "/cache/d.gcode", "cache/x/d.gcode"]) {
      await assert.rejects(store.remove(wrong, signal()), isError("invalid_input"), wrong);
    }
    await assert.rejects(store.remove("cache/none.gcode", signal()), isError("not_found"));
    await assert.rejects(store.download("cache/none.gcode", signal()), isError("not_found"));
    assert.equal(await store.size("cache/none.gcode", signal()), null);
    await store.remove("cache/d.gcode", signal());
    assert.deepEqual(await server.cached(), []);
  },
};

export function fileServerSuite(name: string, start: StartFileServer): void {
  void describe(name, { timeout }, () => {
    for (const [fact, run] of Object.entries(cases)) void test(fact, async () => run(start));
  });
}
