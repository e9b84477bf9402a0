// A real OctoPrint with its virtual printer, on a free loopback port, in a folder that is thrown away.
// Facts: OctoPrint's manuals of its command line, its configuration and its virtual printer.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { run } from "../tools/command.ts";

const startMs = 120_000;
const stopMs = 15_000;
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
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(program: string, folder: string, port: number, apiKey: string) {
    this.#program = program;
    this.#folder = folder;
    this.#port = port;
    this.apiKey = apiKey;
    this.url = `http://127.0.0.1:${port}`;
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
    const asRoot = process.getuid?.() === 0 ? ["--iknowwhatimdoing"] : [];
    const address = ["--host", "127.0.0.1", "--port", String(this.#port)];
    const child = spawn(this.#program, ["--basedir", this.#folder, "serve", ...asRoot, ...address], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const log = createWriteStream(join(this.#folder, "server.out"), { flags: "a" });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once("close", () => log.end());
    await this.#until("it answers", startMs, async () => (await this.#call("/api/version")).ok);
    await this.connectMachine();
  }

  /** Has it connect to its virtual printer and waits until that is ready. */
  async connectMachine(): Promise<void> {
    await this.post("/api/connection", { command: "connect", port: "VIRTUAL", baudrate: 115_200 });
    await this.#until("its printer is connected", connectMs, async () => {
      const response = await this.#call("/api/printer?exclude=sd,state");
      return response.ok && (await response.text()).includes("tool0");
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

  async #until(what: string, limitMs: number, ask: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (performance.now() < deadline && this.#child?.exitCode === null) {
      if (await ask().catch(() => false)) return;
      await wait(250);
    }
    const log = await readFile(join(this.#folder, "server.out"), "utf8").catch(() => "");
    throw new Error(`OctoPrint: it never came that ${what}:\n${log.slice(-3000)}`);
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
