// What the tests of the Bambu family's file store need of a server and of a network between them. The
// tests that every server runs are in ./bambu-file-cases.ts. Loopback only.

import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileStore } from "@gantry/gateway/families/bambu/files/file-store";
import type { FileStore } from "@gantry/gateway/families/bambu/printer-link";
import { printerTls } from "@gantry/gateway/families/bambu/trust/trust";
import { PrinterError } from "@gantry/gateway/model/errors";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";

const timeout = 240_000;
export const megabyte = 1024 * 1024;
const graceMs = 200;
export const serial = "01P00A000000001";

export interface FileServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly accessCode: string;
  /** Where it is not the printer's. */
  readonly user?: string;
  /** Names in its folder `cache`. */
  cached(): Promise<readonly string[]>;
  /** Cuts all control and data connections. */
  cut(): Promise<void>;
}

export type StartFileServer = (options: { readonly bytesPerSecond?: number }) => Promise<FileServer>;

export interface TestFile extends AsyncDisposable {
  readonly path: string;
  readonly sizeBytes: number;
  readonly md5: string;
}

/** A file of noise. */
export async function noise(sizeBytes: number): Promise<TestFile> {
  const folder = await mkdtemp(join(tmpdir(), "bambu-file-"));
  const path = join(folder, "noise");
  const hash = createHash("md5");
  const file = createWriteStream(path);
  for (let left = sizeBytes; left > 0; left -= megabyte) {
    const chunk = randomBytes(Math.min(megabyte, left));
    hash.update(chunk);
    if (!file.write(chunk)) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
  return {
    path,
    sizeBytes,
    md5: hash.digest("hex"),
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }),
  };
}

/** A relay between store and server for control connections; data connections go past it. */
export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;
  most = 0;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((near) => {
      const far = connect(target.port, target.host);
      this.connections += 1;
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      // One that has just said goodbye is not counted.
      setTimeout(() => (this.most = Math.max(this.most, this.#sockets.size / 2)), graceMs).unref();
      near.pipe(far).pipe(near);
    });
  }

  static async to(target: { readonly host: string; readonly port: number }): Promise<Relay> {
    const relay = new Relay(target);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}

export interface Opened extends AsyncDisposable {
  readonly store: FileStore;
}

/** A store of that server. @param port where it is not the server's own */
export async function openStore(
  server: FileServer,
  { port = server.port, accessCode = server.accessCode, ca = server.ca, timing = {} }: Partial<StoreOptions> = {},
): Promise<Opened> {
  const dataFolder = await mkdtemp(join(tmpdir(), "bambu-store-"));
  const trusted = {
    serial,
    tls: "verify",
    tls_ca: ca,
    client_certificate: undefined,
    client_key: undefined,
  } as const;
  const store = createFileStore(
    { host: server.host, ftps_port: port, access_code: accessCode },
    {
      tls: printerTls(trusted, { port, dataFolder, log: silentLog }),
      dataFolder,
      clock: systemClock,
      log: silentLog,
      timing,
      ...(server.user === undefined ? {} : { user: server.user }),
    },
  );
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

interface StoreOptions {
  readonly port: number;
  readonly accessCode: string;
  readonly ca: string;
  readonly timing: { readonly openMs?: number; readonly handshakeMs?: number; readonly idleMs?: number };
}

/** The MD5 of what a store downloads. */
export async function downloaded(store: FileStore, name: string): Promise<string> {
  const hash = createHash("md5");
  const { content } = await store.download(name, AbortSignal.timeout(timeout));
  for await (const chunk of content) hash.update(chunk);
  return hash.digest("hex");
}

export function isError(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof PrinterError && thrown.code === code;
}
