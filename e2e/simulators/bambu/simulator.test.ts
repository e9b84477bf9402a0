// The printer as a whole: which ports each model has, one identity on all of them, its options, and the
// sample projects on its card.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { type Entry, openPromise } from "yauzl";
import type { LaunchedSimulator } from "../launch.ts";
import { startSimulator } from "../launch.ts";
import { fault, startPrinter, trueReport } from "./raw-client.ts";
import { writeSampleProject } from "./sample-project.ts";

/** Asks the bind port who it is. */
async function detect({ host, ports }: LaunchedSimulator): Promise<Readonly<Record<string, unknown>>> {
  const json = Buffer.from('{"login":{"command":"detect","sequence_id":"20000"}}');
  const frame = Buffer.concat([Buffer.from([0xa5, 0xa5, 0, 0]), json, Buffer.from([0xa7, 0xa7])]);
  frame.writeUInt16LE(frame.length, 2);
  const socket = connect(ports["bind"] ?? 0, host);
  socket.write(frame);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  const answer = Buffer.concat(chunks).subarray(4, -2).toString("utf8");
  return (JSON.parse(answer) as { login: Readonly<Record<string, unknown>> }).login;
}

/** First bytes of an FTP session that logs in with this code. */
async function ftpLogin({ host, ports, facts }: LaunchedSimulator, code: string): Promise<string> {
  const socket = connectTls({ host, port: ports["ftps"] ?? 0, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  assert.equal(socket.getPeerCertificate().subject.CN, facts["serial"]);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  socket.write(`USER bblp\r\nPASS ${code}\r\nQUIT\r\n`);
  await once(socket, "close");
  return text;
}

async function entriesOf(path: string): Promise<ReadonlyMap<string, number>> {
  const zip = await openPromise(path, { lazyEntries: true });
  const entries = new Map<string, number>();
  zip.on("entry", ({ fileName, uncompressedSize }: Entry) => {
    entries.set(fileName, uncompressedSize);
    zip.readEntry();
  });
  zip.readEntry();
  await once(zip, "end");
  return entries;
}

describe("the simulated Bambu printer", { timeout: 120_000, concurrency: false }, () => {
  test("has the ports of its model, and says on the bind port who it is", async () => {
    const cameras = { p1s: "camera", a1mini: "camera", x1c: "rtsps", h2d: "rtsps" };
    const codes = { p1s: "C12", a1mini: "N1", x1c: "BL-P001", h2d: "O1D" };
    for (const model of ["p1s", "a1mini", "x1c", "h2d"] as const) {
      await using printer = await startPrinter(model, { settings: { name: "Test bench" } });
      const names = ["main", "ftps", cameras[model], "bind", "bind-tls", "discovery"];
      assert.deepEqual(Object.keys(printer.ports).toSorted(), names.toSorted());
      const { id, model: code, name, version, sequence_id } = await detect(printer);
      const { serial, firmware } = printer.facts;
      assert.deepEqual([id, code, name, version], [serial, codes[model], "Test bench", firmware]);
      assert.equal(typeof sequence_id, "number");
      assert.match(await readFile(printer.facts["ca"] ?? "", "utf8"), /BEGIN CERTIFICATE/);
    }
  });

  test("has one access code for all its ports", async () => {
    await using printer = await startPrinter("p1s");
    assert.match(await ftpLogin(printer, "12345678"), /^230/m);
    await fault(printer, "access-code-changed", { code: "87654321" });
    assert.match(await ftpLogin(printer, "12345678"), /^530/m);
    assert.match(await ftpLogin(printer, "87654321"), /^230/m);
    const { logins, wrongLogins } = printer.control.counters()["ftps"] as Record<string, number>;
    assert.deepEqual([logins, wrongLogins], [2, 1]);
  });

  test("leaves neither its card nor its certificate behind", async () => {
    const printer = await startPrinter("p1s");
    const ca = printer.facts["ca"] ?? "";
    await stat(ca);
    await printer[Symbol.asyncDispose]();
    await printer[Symbol.asyncDispose]();
    await assert.rejects(stat(ca), /ENOENT/);
  });

  test("refuses settings that it cannot take", async () => {
    const wrong: Readonly<Record<string, string>>[] = [
      { model: "p9" },
      { firmware: "1.8" },
      { serial: "short" },
      { "access-code": "1234" },
      { authorization: "maybe" },
      { "public-key": "/nowhere/key.pem" },
      { announce: "everywhere" },
      { tls: "1.1" },
    ];
    for (const settings of wrong) {
      const [name = ""] = Object.keys(settings);
      await assert.rejects(
        startSimulator({ family: "bambu", ports: { main: 0 }, settings }),
        new RegExp(`^UsageError: --${name}: `),
      );
    }
  });

  test("is the same printer at the same address, with the serial it was given", async () => {
    await using printer = await startPrinter("h2d", { settings: { serial: "09400A000000042" } });
    assert.equal(printer.facts["serial"], "09400A000000042");
    assert.equal(trueReport(printer)["gcode_state"], "IDLE");
  });
});

describe("a sample project", { timeout: 120_000 }, () => {
  test("holds two plates with pictures and sums, for any model and of any size", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gantry-sample-"));
    try {
      const path = join(folder, "large.3mf");
      await writeSampleProject(path, { modelCode: "N7", fillerBytes: 20_000_000 });
      assert.ok((await stat(path)).size > 20_000_000);
      const entries = await entriesOf(path);
      for (const plate of [1, 2]) {
        for (const name of [
          `plate_${plate}.gcode`,
          `plate_${plate}.gcode.md5`,
          `plate_${plate}.png`,
          `plate_${plate}.json`,
        ]) {
          assert.ok((entries.get(`Metadata/${name}`) ?? 0) > 0, name);
        }
      }
      assert.equal(entries.get("Auxiliaries/filler.bin"), 20_000_000);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
