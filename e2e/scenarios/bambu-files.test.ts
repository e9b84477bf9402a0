// The Bambu family's file store against the simulated printer's file server, with the faults that
// real ones have.

import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { describe, test } from "node:test";
import { Journal } from "../simulators/admin/journal.ts";
import { createIdentity, serverTls, type Identity } from "../simulators/bambu/certificates.ts";
import { FtpServer } from "../simulators/bambu/ftp/server.ts";
import { sampleProject } from "../simulators/bambu/sample-project.ts";
import { Card } from "../simulators/bambu/storage.ts";
import { fileServerSuite } from "./bambu-file-cases.ts";
import { downloaded, isError, megabyte, noise, openStore, serial, type FileServer } from "./bambu-file-server.ts";

const timeout = 240_000;
const accessCode = "12345678";
let identity: Promise<Identity> | undefined;

function signal(): AbortSignal {
  return AbortSignal.timeout(timeout);
}

class SimulatedServer implements FileServer {
  readonly host = "127.0.0.1";
  readonly accessCode = accessCode;
  readonly ca: string;
  readonly card: Card;
  readonly ftp: FtpServer;

  private constructor({ card, identity }: { readonly card: Card; readonly identity: Identity }) {
    this.card = card;
    this.ca = identity.ca;
    const tls = serverTls(identity, { allowTls13: false });
    const journal = new Journal();
    this.ftp = new FtpServer({ host: this.host, port: 0, tls, card, accessCode: () => accessCode, journal });
  }

  static async start({ bytesPerSecond }: { readonly bytesPerSecond?: number } = {}): Promise<SimulatedServer> {
    identity ??= createIdentity(serial);
    const server = new SimulatedServer({ card: await Card.create(), identity: await identity });
    server.ftp.knobs.bytesPerSecond = bytesPerSecond;
    await server.ftp.open();
    return server;
  }

  get port(): number {
    return this.ftp.port;
  }

  async cached(): Promise<readonly string[]> {
    return this.names("/cache");
  }

  async names(folder: string): Promise<readonly string[]> {
    return ((await this.card.list(folder)) ?? []).filter(({ isFolder }) => !isFolder).map(({ name }) => name);
  }

  async cut(): Promise<void> {
    this.ftp.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ftp[Symbol.asyncDispose]();
    await this.card[Symbol.asyncDispose]();
  }
}

fileServerSuite("files on the simulated Bambu printer", async (options) => SimulatedServer.start(options));

describe("the faults of a Bambu file server", { timeout }, () => {
  const quick = { timing: { idleMs: 1500, handshakeMs: 1500 } };

  for (const fault of ["no-226", "426-complete"] as const) {
    test(`${fault}: a file that is whole is taken for whole`, async () => {
      await using server = await SimulatedServer.start();
      server.ftp.knobs.uploadFault = fault;
      await using file = await noise(megabyte);
      await using opened = await openStore(server, quick);
      await opened.store.upload("a.gcode", file, signal());
      assert.deepEqual(await server.names("/"), ["a.gcode"]);
      assert.equal((await server.card.md5("/a.gcode"))?.toLowerCase(), file.md5);
    });
  }

  test("a file that was cut short is removed, and the upload fails", async () => {
    await using server = await SimulatedServer.start();
    server.ftp.knobs.uploadFault = "426-truncated";
    await using file = await noise(megabyte);
    await using opened = await openStore(server);
    await assert.rejects(opened.store.upload("a.gcode", file, signal()), isError("unreachable"));
    assert.deepEqual(await server.names("/"), []);
  });

  test("no card, a full card and a job that runs are told in words", async () => {
    await using server = await SimulatedServer.start();
    await using file = await noise(megabyte);
    await using opened = await openStore(server);
    const { store } = opened;
    server.card.state = "removed";
    await assert.rejects(store.upload("a.gcode", file, signal()), /needs a card/u);
    server.card.state = "full";
    await assert.rejects(store.upload("a.gcode", file, signal()), isError("storage_full"));
    server.card.state = "present";
    server.ftp.knobs.dataRefused = true;
    await assert.rejects(store.upload("a.gcode", file, signal()), /after the job/u);
    assert.deepEqual(await server.names("/"), []);
  });

  test("where encrypted data connections hang, data goes in clear from then on", async () => {
    await using server = await SimulatedServer.start();
    Object.assign(server.ftp.knobs, { protectedDataHangs: true, clearData: true });
    await using file = await noise(megabyte);
    await using opened = await openStore(server, quick);
    await opened.store.upload("a.gcode", file, signal());
    assert.equal(await downloaded(opened.store, "a.gcode"), file.md5);
    assert.equal((await opened.store.list(signal())).length, 1);
  });

  test("a project is looked into without fetching what was just uploaded, and fetched when it is another", async () => {
    await using server = await SimulatedServer.start();
    await using opened = await openStore(server);
    const { store } = opened;
    await server.card.put("/other.gcode.3mf", await sampleProject({ modelCode: "C12" }));
    const { plates, filamentCount } = await store.project("other.gcode.3mf", signal());
    assert.deepEqual([plates.length, filamentCount, plates[0]?.modelCode], [2, 2, "C12"]);
    const { downloads } = server.ftp.counters;
    const picture = await store.thumbnail("other.gcode.3mf", 2, signal());
    assert.equal((await buffer(picture.content)).subarray(1, 4).toString(), "PNG");
    await store.project("other.gcode.3mf", signal());
    assert.equal(server.ftp.counters.downloads, downloads);
    await server.card.put("/other.gcode.3mf", await sampleProject({ modelCode: "N1", plates: 1 }));
    assert.equal((await store.project("other.gcode.3mf", signal())).plates.length, 1);
  });

  test("time-lapses are listed and read", async () => {
    await using server = await SimulatedServer.start();
    await using opened = await openStore(server);
    await server.card.put("/timelapse/video_1.mp4", "film");
    const found = await opened.store.timelapses(signal());
    assert.ok(found.some(({ id, status }) => id === "video_1.mp4" && status === "ready"));
    const media = await opened.store.timelapse("video_1.mp4", signal());
    assert.equal(media.mediaType, "video/mp4");
    assert.equal((await buffer(media.content)).toString(), "film");
    await assert.rejects(opened.store.timelapse("../a.mp4", signal()), isError("not_found"));
  });

  test("only one transfer and one session are ever open (never 2)", async () => {
    await using server = await SimulatedServer.start();
    await using file = await noise(megabyte);
    await using opened = await openStore(server);
    const { store } = opened;
    const asked = [1, 2, 3, 4].map(async () => store.list(signal()));
    await Promise.all(asked);
    await store.upload("a.gcode", file, signal());
    assert.deepEqual([server.ftp.counters.sessions.peak, server.ftp.counters.transfers.peak], [1, 1]);
  });
});
