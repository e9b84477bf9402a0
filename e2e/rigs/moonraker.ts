// A real Moonraker in front of a stand-in for Klipper, on a free loopback port, in a folder that is
// thrown away. It trusts nobody: an API key is needed. Facts: Moonraker docs/configuration.md.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { KlipperHost } from "./moonraker-klipper.ts";

const startMs = 60_000;
const stopMs = 15_000;

export interface MoonrakerOptions {
  readonly program: string;
  /** Seconds of the machine's time in one second. */
  readonly speed: number;
}

export class MoonrakerServer implements AsyncDisposable {
  readonly url: string;
  apiKey = "";
  readonly #program: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #host: KlipperHost;
  #child: ChildProcess | undefined;

  private constructor(program: string, folder: string, port: number, host: KlipperHost) {
    this.#program = program;
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
    const child = spawn(this.#program, ["-d", this.#folder, "-n"], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const log = createWriteStream(join(this.#folder, "server.out"), { flags: "a" });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once("close", () => log.end());
    await this.#until("it has made its API key", async () => this.#readKey());
    await this.#until("Klipper is ready", async () => {
      const headers = { "x-api-key": this.apiKey };
      const response = await fetch(`${this.url}/server/info`, { headers, signal: AbortSignal.timeout(5000) });
      return response.ok && (await response.text()).includes('"ready"');
    });
  }

  /** SIGTERM, and SIGKILL for one that does not listen. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), stopMs);
    await exited;
    clearTimeout(late);
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

  async #until(what: string, ask: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + startMs;
    while (performance.now() < deadline && this.#child?.exitCode === null) {
      if (await ask().catch(() => false)) return;
      await wait(250);
    }
    const log = await readFile(join(this.#folder, "server.out"), "utf8").catch(() => "");
    throw new Error(`Moonraker: it never came that ${what}:\n${log.slice(-3000)}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
