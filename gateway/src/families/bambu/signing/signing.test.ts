// Keys and certificates are made here; the project ships none.

import assert from "node:assert/strict";
import { constants, createPublicKey, privateDecrypt, verify } from "node:crypto";
import { describe, test } from "node:test";
import type { Body } from "../printer-link.ts";
import { createSigner } from "./signing.ts";
import { ownPair, printerPair } from "./signing-bench.ts";

const { keyPem, certificatePem } = ownPair;
const pause = { sequence_id: "20007", command: "pause", param: "" };

function isSignedOver(bytes: string, signature: string): boolean {
  const key = createPublicKey(certificatePem);
  return verify("RSA-SHA256", Buffer.from(bytes), key, Buffer.from(signature, "base64"));
}

describe("a signature", () => {
  test("is over the type with its object, keys sorted, no spaces", () => {
    const { inner, header } = createSigner({ keyPem, certificatePem }).sign("print", pause);
    assert.ok(isSignedOver('{"print":{"command":"pause","param":"","sequence_id":"20007"}}', header.sign_string));
    assert.deepEqual(Object.keys(inner), ["command", "param", "sequence_id"]);
    assert.deepEqual(
      { ...header, sign_string: "" },
      { sign_ver: "v1.0", sign_alg: "RSA_SHA256", sign_string: "", cert_id: ownPair.serial, payload_len: 62 },
    );
    assert.match(header.cert_id, /^[0-9a-f]{32}$/u);
  });

  test("sorts at every depth, within lists too", () => {
    const body: Body = { b: [{ z: 1, a: { d: true, c: null } }], a: "x" };
    const { header } = createSigner({ keyPem, certificatePem }).sign("print", body);
    assert.ok(isSignedOver('{"print":{"a":"x","b":[{"a":{"c":null,"d":true},"z":1}]}}', header.sign_string));
  });

  test("is over the message as it is written, where the operator says so", () => {
    const { inner, header } = createSigner({ keyPem, certificatePem, form: "raw" }).sign("print", pause);
    const raw = '{"print":{"sequence_id":"20007","command":"pause","param":""}}';
    assert.equal(JSON.stringify({ print: inner }), raw);
    assert.ok(isSignedOver(raw, header.sign_string));
    assert.equal(header.payload_len, raw.length);
  });

  test("carries the id that the operator gives", () => {
    const id = "00112233445566778899aabbccddeeffCN=ca.example";
    assert.equal(createSigner({ keyPem, certificatePem, certificateId: id }).sign("print", pause).header.cert_id, id);
  });

  test("is not made over text beyond ASCII, nor over fractions", () => {
    const signer = createSigner({ keyPem, certificatePem });
    for (const odd of ["köln", "a\u007f", "日本"])
      assert.throws(() => signer.sign("print", { param: odd }), { code: "invalid_input", message: /ASCII/u });
    assert.throws(() => signer.sign("print", { list: [{ value: 0.5 }] }), { code: "invalid_input", message: /whole/u });
  });
});

describe("key and certificate", () => {
  test("that do not belong together are refused", () => {
    assert.throws(() => createSigner({ keyPem: printerPair.keyPem, certificatePem }), { code: "invalid_input" });
  });

  test("that cannot be read are refused without quoting them", () => {
    const secret = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----";
    for (const options of [
      { keyPem: secret, certificatePem },
      { keyPem, certificatePem: secret },
      { keyPem, certificatePem, printerKeyPem: secret },
    ]) {
      assert.throws(
        () => createSigner(options),
        (error: Error) => !error.message.includes("c2Vj") && error.cause === undefined,
      );
    }
  });
});

describe("G-code", () => {
  test("is encrypted for the printer", () => {
    const signer = createSigner({ keyPem, certificatePem, printerKeyPem: printerPair.certificatePem });
    assert.equal(signer.gcodeBytes, 245);
    const key = { key: printerPair.keyPem, padding: constants.RSA_PKCS1_PADDING };
    const encrypted = Buffer.from(signer.encrypt("M104 S200\n"), "base64");
    assert.equal(privateDecrypt(key, encrypted).toString(), "M104 S200\n");
    assert.throws(() => signer.encrypt("G".repeat(246)), { code: "invalid_input", message: /245/u });
  });

  test("is not, without the printer's key", () => {
    const signer = createSigner({ keyPem, certificatePem });
    assert.equal(signer.gcodeBytes, null);
    assert.throws(() => signer.encrypt("M104 S200\n"), { code: "unsupported", message: /not supported while/u });
  });
});
