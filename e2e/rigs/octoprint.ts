// A real OctoPrint with its virtual printer, on a free loopback port, in a folder that is thrown away.
// Facts: OctoPrint's manuals of its command line, its configuration and its virtual printer.

import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../tools/command.ts";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";

const startMs = 120_000;
const connectMs = 60_000;

/** Nothing that phones home, nothing that takes long to start. */
const config = `server:
  firstRun: false
  onlineCheck: {enabled: false}
  pluginBlacklist: {enabled: false}
serial: {autoconnect: false, port: VIRTUAL, baudrate: 115200, log: false}
plugins:
  _disabled: [softwareupdate, announcements, tracking, errortracking, discovery, achievements, pluginmanager, backup, health_check]
  virtual_printer: {enabled: true, simulated_errors: []}
`;

export class OctoPrintServer implements AsyncDisposable {
  readonly url: string;
  readonly apiKey: string;
  readonly #program: string;
  readonly #folder: string;
  readonly #process: ServerProcess;

  private constructor(program: string, folder: string, port: number, apiKey: string) {
    this.#program = program;
    this.#folder = folder;
    this.apiKey = apiKey;
    this.url = `http://127.0.0.1:${port}`;
    const asRoot = process.getuid?.() === 0 ? ["--iknowwhatimdoing"] : [];
    const address = ["--host", "127.0.0.1", "--port", String(port)];
    const args = ["--basedir", folder, "serve", ...asRoot, ...address];
    this.#process = new ServerProcess({ name: "OctoPrint", program, args, folder });
  }

  /** Sets a server up and starts it, its virtual printer connected. @throws Error with the end of its log */
  static async start(program: string): Promise<OctoPrintServer> {
    const folder = await mkdtemp(join(tmpdir(), "octoprint-"));
    const server = new OctoPrintServer(
      program,
      folder,
      await freePort(),
      randomBytes(16).toString("hex").toUpperCase(),
    );
    try {
      await writeFile(join(folder, "config.yaml"), config);
      await server.#addUser();
      await server.run();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the process and connects its printer. */
  async run(): Promise<void> {
    this.#process.spawn();
    await this.#process.until("it answers", startMs, async () => (await this.#call("/api/version")).ok);
    await this.connectMachine();
  }

  /** Has it connect to its virtual printer and waits until that is ready. */
  async connectMachine(): Promise<void> {
    await this.post("/api/connection", { command: "connect", port: "VIRTUAL", baudrate: 115_200 });
    await this.#process.until("its printer is connected", connectMs, async () => {
      const response = await this.#call("/api/printer?exclude=sd,state");
      return response.ok && (await response.text()).includes("tool0");
    });
  }

  /** SIGTERM, and SIGKILL for one that does not listen. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  /** @throws Error when OctoPrint refuses */
  async post(path: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    const response = await this.#call(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The key of a user can only be given before the server runs. */
  async #addUser(): Promise<void> {
    const user = ["user", "add", "--password", randomBytes(12).toString("hex"), "-g", "users", "gantry"];
    const added = await run(this.#program, ["--basedir", this.#folder, ...user], { timeoutMs: startMs });
    if (!added.ok) throw new Error(`OctoPrint would not add a user: ${added.text}`);
    const users = join(this.#folder, "users.yaml");
    const text = await readFile(users, "utf8");
    await writeFile(users, text.replace(/^( *apikey:).*$/mu, `$1 ${this.apiKey}`));
  }

  async #call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string> | undefined), "x-api-key": this.apiKey };
    return fetch(`${this.url}${path}`, { ...init, headers, signal: AbortSignal.timeout(10_000) });
  }
}
