// The Bambu file store against Debian's vsftpd, which is what several of these printers run. Needs
// `apt-get install vsftpd` and root; `make e2e-vsftpd` runs it.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { VsftpdServer, vsftpdMissing } from "../rigs/vsftpd.ts";
import { createIdentity } from "../simulators/bambu/certificates.ts";
import { fileServerSuite } from "./bambu-file-cases.ts";
import { serial, type FileServer } from "./bambu-file-server.ts";

const name = "files on the real vsftpd";
const missing = vsftpdMissing();
if (missing === undefined) fileServerSuite(name, start);
else test(name, { skip: missing }, () => undefined);

async function start(options: { readonly bytesPerSecond?: number }): Promise<FileServer> {
  const identity = await createIdentity(serial);
  const server = await VsftpdServer.start(identity, options);
  const { host, port, accessCode, user } = server;
  return {
    host,
    port,
    accessCode,
    user,
    ca: identity.ca,
    cached: async () => readdir(join(server.root, "cache")),
    cut: async () => server.cut(),
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}
