import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { silentLog } from "@gantry/platform/log";
import type { PrinterError } from "../../../model/errors.ts";
import { printerTls, tlsFailure, vendorCertificates } from "./trust.ts";

const serial = "01P00A000000001";

const fingerprints = {
  "BBL CA": "03:0B:CA:81:CE:CE:18:B7:EF:F3:CF:D2:B7:5D:09:D3:EF:CA:89:3B:C0:69:60:9E:37:FA:04:25:7F:E4:D8:40",
  "BBL CA2 RSA": "E9:8F:19:57:8B:3F:12:4A:CE:6B:8A:24:7F:FE:DA:52:DC:99:C8:9F:D4:E7:D2:0C:82:82:99:77:B7:F3:35:02",
  "BBL CA2 ECC": "1F:99:D8:46:71:8C:8D:33:3A:C3:19:CB:8E:70:91:9A:B6:32:36:09:0F:BA:DD:E9:09:BA:4A:6F:08:67:A6:83",
  "BBL Device CA N7-V2":
    "6A:85:4D:54:6E:D6:E3:CE:7A:21:12:65:7E:53:F4:55:53:74:41:3E:6F:5C:B5:5F:99:5D:1D:DD:7C:06:DC:69",
  "BBL Device CA N6-V2":
    "68:BF:31:82:BC:32:D5:A5:45:4F:86:49:28:AB:AA:29:19:41:F6:D5:AC:6A:86:A0:E5:AD:6E:CF:E2:D5:47:7B",
  "BBL Device CA O1C2-V2":
    "CE:66:7B:6C:00:1D:26:C3:4E:D9:73:33:FB:60:99:69:94:09:FC:3D:4E:12:42:9C:37:BA:EB:B0:5C:46:C6:0A",
};

function failure(code: string): PrinterError {
  return tlsFailure(Object.assign(new Error("x"), { code }));
}

/** A socket that showed this certificate, as far as the pin looks at it. */
function showing(fingerprint: string): TLSSocket {
  return { getPeerX509Certificate: () => ({ fingerprint256: fingerprint }) } as unknown as TLSSocket;
}

describe("whom a Bambu printer's connections trust", () => {
  it("holds the vendor's CA certificates with their published fingerprints", () => {
    const held = vendorCertificates().map((pem) => new X509Certificate(pem));
    const seen = held.map(({ subject, fingerprint256 }) => [/CN=(.*)/u.exec(subject)?.[1], fingerprint256]);
    assert.deepEqual(Object.fromEntries(seen), fingerprints);
    assert.ok(held.every(({ ca }) => ca));
  });

  it("never leaves certificates unchecked by default: vendor's CAs, the serial as name, TLS 1.2 at least", () => {
    const { options } = printerTls({ serial, tls: "verify" }, { port: 8883, dataFolder: "unused", log: silentLog });
    assert.equal(options.rejectUnauthorized, true);
    assert.equal(options.servername, serial);
    assert.equal(options.minVersion, "TLSv1.2");
    const named = (CN: string): unknown => options.checkServerIdentity?.("x", { subject: { CN } } as PeerCertificate);
    assert.equal(named(serial), undefined);
    assert.match(String(named(`${serial}9`)), /another serial number/u);
    assert.match(String(options.checkServerIdentity?.("x", {} as PeerCertificate)), /another serial number/u);
  });

  it("pins the first certificate of each port, and refuses and never re-learns a changed one", async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), "gantry-pin-"));
    try {
      const open = (port: number) => printerTls({ serial, tls: "pin" }, { port, dataFolder, log: silentLog });
      open(8883).verify(showing("AA:01"));
      open(990).verify(showing("BB:02"));
      open(8883).verify(showing("AA:01"));
      const changed = { code: "printer_auth", message: /port 8883 has changed.*delete/u };
      assert.throws(() => open(8883).verify(showing("CC:03")), changed);
      assert.throws(() => open(8883).verify(showing("CC:03")), changed);
      open(8883).verify(showing("AA:01"));
      assert.deepEqual((await readdir(dataFolder)).toSorted(), ["certificate-8883.sha256", "certificate-990.sha256"]);
      await writeFile(join(dataFolder, "certificate-990.sha256"), "");
      assert.throws(() => open(990).verify(showing("BB:02")), { code: "printer_auth" });
    } finally {
      await rm(dataFolder, { recursive: true });
    }
  });

  it("refuses to go on when a pin cannot be kept", () => {
    const tls = printerTls({ serial, tls: "pin" }, { port: 1, dataFolder: "/dev/null/x", log: silentLog });
    assert.throws(() => tls.verify(showing("AA:01")), { code: "internal" });
  });

  it("names a certificate that does not hold, and what does not speak TLS", () => {
    assert.equal(failure("UNABLE_TO_VERIFY_LEAF_SIGNATURE").code, "printer_auth");
    assert.match(failure("CERT_HAS_EXPIRED").message, /run out/u);
    assert.equal(failure("EPROTO").code, "protocol");
    assert.equal(failure("ECONNREFUSED").code, "unreachable");
  });
});
