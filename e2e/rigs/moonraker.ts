// A real Moonraker in front of a stand-in for Klipper, on a free loopback port, in a folder that is
// thrown away. It trusts nobody: an API key is needed. Facts: Moonraker docs/configuration.md.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { freePort } from "./free-port.ts";
import { KlipperHost } from "./moonraker-klipper.ts";
import { ServerProcess } from "./server-process.ts";

const startMs = 60_000;

export interface MoonrakerOptions {
  readonly program: string;
  /** Seconds of the machine's time in one second. */
  readonly speed: number;
}

export class MoonrakerServer implements AsyncDisposable {
  readonly url: string;
  apiKey = "";
  readonly #folder: string;
  readonly #port: number;
  readonly #host: KlipperHost;
  readonly #process: ServerProcess;

  private constructor(program: string, folder: string, port: number, host: KlipperHost) {
    this.#process = new ServerProcess({ name: "Moonraker", program, args: ["-d", folder, "-n"], folder });
    this.#folder = folder;
    this.#port = port;
    this.#host = host;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Sets both up and starts them; Klipper is ready then. @throws Error with the end of its log */
  static async start({ program, speed }: MoonrakerOptions): Promise<MoonrakerServer> {
    const folder = await mkdtemp(join(tmpdir(), "moonraker-"));
    for (const name of ["config", "gcodes", "comms", "klipper/config", "klipper/docs"]) {
      await mkdir(join(folder, name), { recursive: true });
    }
    await writeFile(join(folder, "config/printer.cfg"), "");
    const socket = join(folder, "comms/klippy.sock");
    const host = await KlipperHost.start({ socket, gcodes: join(folder, "gcodes"), speed });
    const server = new MoonrakerServer(program, folder, await freePort(), host);
    try {
      await server.#configure(socket);
      await server.run();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get klippy(): KlipperHost["klippy"] {
    return this.#host.klippy;
  }

  async run(): Promise<void> {
    this.#process.spawn();
    await this.#process.until("it has made its API key", startMs, async () => this.#readKey());
    await this.#process.until("Klipper is ready", startMs, async () => {
      const headers = { "x-api-key": this.apiKey };
      const response = await fetch(`${this.url}/server/info`, { headers, signal: AbortSignal.timeout(5000) });
      return response.ok && (await response.text()).includes('"ready"');
    });
  }

  /** SIGTERM, and SIGKILL for one that does not listen. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#host[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #configure(socket: string): Promise<void> {
    const sections = {
      server: { host: "127.0.0.1", port: this.#port, klippy_uds_address: socket },
      authorization: {},
      machine: { provider: "none", validate_service: "False" },
      "webcam shed": {
        service: "mjpegstreamer",
        stream_url: "http://127.0.0.1:9/stream",
        snapshot_url: "http://127.0.0.1:9/snapshot.jpg",
      },
    };
    const lines = Object.entries(sections).flatMap(([name, settings]) => [
      `[${name}]`,
      ...Object.entries(settings).map(([key, value]) => `${key}: ${value}`),
    ]);
    await writeFile(join(this.#folder, "config/moonraker.conf"), `${lines.join("\n")}\n`);
  }

  /** Moonraker makes the key up at its first start, and shows it to nobody without one. */
  #readKey(): boolean {
    const file = join(this.#folder, "database/moonraker-sql.db");
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const row = database.prepare("SELECT password FROM authorized_users WHERE username = '_API_KEY_USER_'").get();
      this.apiKey = typeof row?.["password"] === "string" ? row["password"] : "";
    } finally {
      database.close();
    }
    return this.apiKey !== "";
  }
}
