// The simulated printer's certificate, read by Node's own X.509 and shown over TLS.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { connect, createServer } from "node:tls";
import { createIdentity, serverTls } from "./certificates.ts";

const serial = "01P00A000000001";

describe("the simulated printer's certificate", { timeout: 60_000 }, () => {
  test("names the serial alone, lasts ten years and is issued by its own root", async () => {
    const identity = await createIdentity(serial);
    const leaf = new X509Certificate(identity.cert);
    const root = new X509Certificate(identity.ca);
    assert.equal(leaf.subject, `CN=${serial}`);
    assert.equal(leaf.subjectAltName, undefined);
    assert.equal(leaf.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
    assert.ok(leaf.verify(root.publicKey));
    assert.ok(leaf.checkIssued(root));
    assert.ok(root.ca);
    const years = (leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / (365 * 86_400_000);
    assert.equal(Math.round(years), 10);
  });

  test("is accepted by a client that trusts the root and asks for the serial, over TLS 1.2 only", async () => {
    const identity = await createIdentity(serial);
    const server = createServer(serverTls(identity, { allowTls13: false }));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const to = { host: "127.0.0.1", port, servername: serial };
    try {
      const socket = connect({ ...to, ca: identity.ca });
      await once(socket, "secureConnect");
      assert.equal(socket.getProtocol(), "TLSv1.2");
      socket.destroy();
      const stranger = connect(to);
      const [error] = (await once(stranger, "error")) as [NodeJS.ErrnoException];
      assert.equal(error.code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
      const modern = connect({ ...to, ca: identity.ca, minVersion: "TLSv1.3" });
      await once(modern, "error");
    } finally {
      server.close();
    }
  });
});
