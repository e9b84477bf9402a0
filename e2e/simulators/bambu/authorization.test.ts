// The printer with Developer Mode off: what it refuses and how, and which signatures it takes.

import assert from "node:assert/strict";
import { constants, createSign, generateKeyPairSync, publicEncrypt, X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import { connect } from "node:tls";
import { once } from "node:events";
import type { LaunchedSimulator } from "../launch.ts";
import { fault, type Json, RawClient, startPrinter, trueReport } from "./raw-client.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const certId = "0123456789abcdef0123456789abcdef";
const trusted = { public_key: publicKey.export({ type: "spki", format: "pem" }), cert_id: certId };
const verifyFailed = 84_033_543;
const malformed = 84_033_545;

function header(text: string, change: Json = {}): Json {
  const sign_string = createSign("RSA-SHA256").update(text).sign(privateKey, "base64");
  const payload_len = Buffer.byteLength(text);
  return { sign_ver: "v1.0", sign_alg: "RSA_SHA256", sign_string, cert_id: certId, payload_len, ...change };
}

/** The dossier's own example, with its 62 bytes. */
const canonical = '{"print":{"command":"pause","param":"","sequence_id":"20007"}}';

async function locked(model: string, parameters: Json = {}): Promise<LaunchedSimulator> {
  const printer = await startPrinter(model, { scenario: "printing" });
  await fault(printer, "locked", { ...trusted, ...parameters });
  return printer;
}

/** Sends a pause under the number 20007, not in canonical order. */
async function pause(client: RawClient, beside: Json): Promise<Json> {
  client.forget();
  const inner = { sequence_id: "20007", command: "pause", param: "" };
  await client.publish(JSON.stringify({ print: inner, ...beside }));
  await client.ask("info", "get_version");
  return client.reply("print", "pause", "20007") ?? {};
}

describe("the simulated Bambu printer with Developer Mode off", { timeout: 120_000, concurrency: false }, () => {
  test("refuses unsigned control, and answers what needs no signature", async () => {
    for (const model of ["p1s", "h2d"]) {
      await using printer = await locked(model);
      await using client = await RawClient.connect(printer);
      assert.deepEqual(await pause(client, {}), {
        sequence_id: "20007",
        command: "pause",
        param: "",
        result: "failed",
        reason: "mqtt message verify failed",
        err_code: verifyFailed,
      });
      const { gcode_state, hms } = trueReport(printer);
      assert.deepEqual([gcode_state, hms], ["RUNNING", [{ attr: 0x0500_0500, code: 0x0001_0007 }]]);
      await client.pushAll();
      await client.send("print", "extrusion_cali_get", { nozzle_diameter: "0.4" });
      assert.equal((await client.ask("print", "extrusion_cali_get", { nozzle_diameter: "0.4" }))["result"], "success");
      assert.equal((await client.ask("upgrade", "start", {}))["err_code"], verifyFailed);
      const dialog = { name: "print_error", action: "close", source: 1, type: "dialog", err: "05024007" };
      assert.equal((await client.ask("system", "uiop", dialog))["result"], "success");
      assert.deepEqual(trueReport(printer)["hms"], []);
    }
  });

  test("takes a signature over the canonical bytes, of the key it knows", async () => {
    assert.equal(Buffer.byteLength(canonical), 62);
    await using printer = await locked("h2d");
    await using client = await RawClient.connect(printer);
    const signed = await pause(client, { header: header(canonical), user_id: "42" });
    assert.deepEqual([signed["result"], trueReport(printer)["gcode_state"]], ["success", "PAUSE"]);
    const issuer = header(canonical, { cert_id: `${certId}CN=issuer.example` });
    assert.equal((await pause(client, { header: issuer }))["reason"], "nothing is printing");
    const { verified, unsigned } = printer.control.counters()["authorization"] as Json;
    assert.deepEqual([verified, unsigned], [2, 0]);
  });

  test("tells wrong signatures from malformed ones", async () => {
    await using printer = await locked("x1c");
    await using client = await RawClient.connect(printer);
    const cases: readonly (readonly [unknown, number])[] = [
      [header(canonical.replace("20007", "20008")), verifyFailed],
      [header(canonical, { payload_len: 61 }), verifyFailed],
      [header(canonical, { cert_id: "f".repeat(32) }), verifyFailed],
      [header(canonical, { sign_string: "AAAA" }), verifyFailed],
      [header(JSON.stringify({ print: { sequence_id: "20007", command: "pause", param: "" } })), verifyFailed],
      [header(canonical, { sign_string: "no base64!" }), malformed],
      [header(canonical, { sign_string: undefined }), malformed],
      [header(canonical, { payload_len: "62" }), malformed],
      [header(canonical, { sign_alg: "none" }), malformed],
      [{}, malformed],
      ["header", malformed],
    ];
    for (const [given, code] of cases) {
      assert.equal((await pause(client, { header: given }))["err_code"], code, JSON.stringify(given));
    }
    assert.equal(trueReport(printer)["gcode_state"], "RUNNING");
  });

  test("takes signatures over the text as it was sent when told, and echoes without result when told", async () => {
    await using printer = await locked("p1s", { raw: true, no_result: true });
    await using client = await RawClient.connect(printer);
    assert.equal("result" in (await pause(client, { header: header(canonical) })), false);
    const text = JSON.stringify({ print: { sequence_id: "20007", command: "pause", param: "" }, user_id: "42" });
    const signed = await pause(client, { user_id: "42", header: header(text) });
    assert.equal(signed["result"], "success");
  });

  test("wants G-code encrypted with the key of its own certificate when told", async () => {
    await using printer = await locked("p1s", { encrypted_gcode: true });
    await using client = await RawClient.connect(printer);
    const socket = connect({ host: printer.host, port: printer.ports["main"] ?? 0, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const { publicKey: printerKey } = new X509Certificate(socket.getPeerCertificate().raw);
    socket.destroy();
    const padding = constants.RSA_PKCS1_PADDING;
    const param_enc = publicEncrypt({ key: printerKey, padding }, Buffer.from("M104 S200\n")).toString("base64");
    const send = async (number: string, parameter: string): Promise<Json> => {
      const text = `{"print":{"command":"gcode_line",${parameter},"sequence_id":"${number}"}}`;
      await client.publish(JSON.stringify({ ...(JSON.parse(text) as Json), header: header(text) }));
      await client.ask("info", "get_version");
      return client.reply("print", "gcode_line", number) ?? {};
    };
    assert.equal((await send("1", '"param":"M104 S190\\n"'))["result"], "fail");
    assert.equal((await send("2", `"param_enc":${JSON.stringify(param_enc)}`))["result"], "success");
    assert.equal(trueReport(printer)["nozzle_target_temper"], 200);
  });

  test("lists the certificates it knows, tells its access code, and opens again", async () => {
    await using printer = await locked("p1s");
    await using client = await RawClient.connect(printer);
    const { cert_ids } = await client.ask("security", "app_cert_list", { timestamp: 1, type: "app" });
    assert.deepEqual(cert_ids, [certId]);
    assert.equal((await client.ask("system", "get_access_code"))["access_code"], printer.facts["access_code"]);
    await fault(printer, "locked", { clear: true });
    assert.equal((await pause(client, {}))["result"], "success");
    await assert.rejects(fault(printer, "locked", { public_key: "none" }), /must be a PEM/);
  });
});
