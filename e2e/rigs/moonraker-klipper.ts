// A stand-in for Klipper's host process, for a real Moonraker to connect to: the simulated machine of
// ../simulators/moonraker behind Klipper's own API, JSON objects ended by a byte 03 on a Unix socket.
// Facts: Klipper docs/API_Server.md.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readHeader } from "../simulators/moonraker/files.ts";
import { Klippy, KlippyError } from "../simulators/moonraker/klippy.ts";
import { select, statusObjects, type Fields } from "../simulators/moonraker/objects.ts";

const endOfMessage = "\u0003";
const tickMs = 100;
const pushMs = 250;

interface Client {
  readonly socket: Socket;
  query: Fields | undefined;
  template: Fields;
  output: Fields | undefined;
}

export interface KlipperOptions {
  /** Path of the Unix socket. */
  readonly socket: string;
  /** Folder of the files that it prints. */
  readonly gcodes: string;
  /** Seconds of the machine's time in one second. */
  readonly speed: number;
}

export class KlipperHost implements AsyncDisposable {
  readonly klippy: Klippy;
  readonly #options: KlipperOptions;
  readonly #clients = new Set<Client>();
  readonly #life = new AbortController();
  #server: Server | undefined;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(options: KlipperOptions) {
    this.#options = options;
    this.klippy = new Klippy({
      files: { get: (path) => this.#file(path) },
      // Moonraker keeps its own.
      history: { begin: () => "0", finish: () => undefined },
      tell: () => undefined,
      say: (line) => this.#say(line),
    });
  }

  static async start(options: KlipperOptions): Promise<KlipperHost> {
    const host = new KlipperHost(options);
    await host.#open();
    host.#running = Promise.all([host.#tick(), host.#push()]);
    return host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    this.klippy[Symbol.dispose]();
    await this.#running;
    await this.#close();
  }

  #file(path: string): ReturnType<typeof readHeader> | undefined {
    try {
      return readHeader(path, readFileSync(join(this.#options.gcodes, path)));
    } catch {
      return undefined; // there is none
    }
  }

  async #open(): Promise<void> {
    if (this.#server !== undefined) return;
    await rm(this.#options.socket, { force: true });
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    server.listen(this.#options.socket);
    await once(server, "listening");
  }

  async #close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const { socket } of this.#clients) socket.destroy();
    await closed;
  }

  /** Time passes, and the socket is there while the process would be. */
  async #tick(): Promise<void> {
    while (await this.#later(tickMs)) {
      this.klippy.advance((tickMs / 1000) * this.#options.speed);
      await (this.klippy.state === "disconnected" ? this.#close() : this.#open());
    }
  }

  async #push(): Promise<void> {
    while (await this.#later(pushMs)) {
      const objects = this.#objects();
      for (const { socket, query, template } of this.#clients) {
        if (query === undefined) continue;
        const params = { eventtime: performance.now() / 1000, status: select(objects, query) };
        send(socket, { ...template, params });
      }
    }
  }

  async #later(ms: number): Promise<boolean> {
    const { signal } = this.#life;
    await wait(ms, undefined, { signal }).catch(() => undefined); // it ends
    return !signal.aborted;
  }

  #say(line: string): void {
    for (const { socket, output } of this.#clients) {
      if (output !== undefined) send(socket, { ...output, params: { response: line } });
    }
  }

  #objects(): Readonly<Record<string, Fields>> {
    const objects = statusObjects(this.klippy);
    const { settings } = objects["configfile"] ?? {};
    const virtual_sdcard = { path: this.#options.gcodes };
    const configfile = { config: {}, settings: { ...(settings as Fields), virtual_sdcard }, warnings: [] };
    return { ...objects, configfile };
  }

  #serve(socket: Socket): void {
    const client: Client = { socket, query: undefined, template: {}, output: undefined };
    this.#clients.add(client);
    socket.on("error", () => undefined);
    socket.once("close", () => this.#clients.delete(client));
    let rest = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      const parts = (rest + chunk).split(endOfMessage);
      rest = parts.pop() ?? "";
      for (const part of parts) void this.#answer(client, JSON.parse(part) as Fields);
    });
  }

  async #answer(client: Client, { id, method, params }: Fields): Promise<void> {
    const reply = await this.#run(client, String(method), (params ?? {}) as Fields);
    if (id !== undefined) send(client.socket, { id, ...reply });
  }

  async #run(client: Client, method: string, params: Fields): Promise<Fields> {
    try {
      return { result: (await this.#endpoint(client, method, params)) ?? {} };
    } catch (error) {
      const message = error instanceof KlippyError ? error.message : String(error);
      return { error: { error: "WebRequestError", message } };
    }
  }

  async #endpoint(client: Client, method: string, params: Fields): Promise<unknown> {
    const { klippy } = this;
    switch (method) {
      case "info":
        return this.#info();
      case "list_endpoints":
        return { endpoints };
      case "objects/list":
        return { objects: Object.keys(this.#objects()) };
      case "objects/query":
        return { eventtime: performance.now() / 1000, status: select(this.#objects(), params["objects"] as Fields) };
      case "objects/subscribe":
        client.query = params["objects"] as Fields;
        client.template = (params["response_template"] ?? {}) as Fields;
        return { eventtime: performance.now() / 1000, status: select(this.#objects(), client.query) };
      case "gcode/subscribe_output":
        client.output = (params["response_template"] ?? {}) as Fields;
        return {};
      case "gcode/help":
        return Object.fromEntries(
          Object.entries(klippy.macros).map(([name, words]) => [name, words || "G-Code macro"]),
        );
      case "gcode/script":
        klippy.run(String(params["script"]));
        await klippy.settled();
        return {};
      default:
        return this.#act(method);
    }
  }

  #act(method: string): void {
    const { klippy } = this;
    const actions: Readonly<Record<string, () => void>> = {
      "pause_resume/pause": () => klippy.pause(),
      "pause_resume/resume": () => klippy.resume(),
      "pause_resume/cancel": () => klippy.cancel(),
      emergency_stop: () => klippy.shutdown("Shutdown due to webhooks request"),
      "gcode/restart": () => klippy.restart(),
      "gcode/firmware_restart": () => klippy.restart(),
      register_remote_method: () => undefined,
    };
    const action = actions[method];
    if (action === undefined) throw new KlippyError(`webhooks: No registered callback for path '${method}'`);
    action();
  }

  #info(): Fields {
    const { state, stateMessage } = this.klippy;
    const base = join(this.#options.gcodes, "..");
    return {
      state,
      state_message: stateMessage,
      hostname: "rig",
      software_version: "v0.12.0-rig",
      cpu_info: "simulated",
      klipper_path: join(base, "klipper"),
      python_path: "/usr/bin/python3",
      config_file: join(base, "config/printer.cfg"),
      log_file: null,
      process_id: process.pid,
      user_id: 0,
      group_id: 0,
    };
  }
}

const endpoints = [
  "info",
  "list_endpoints",
  "objects/list",
  "objects/query",
  "objects/subscribe",
  "gcode/help",
  "gcode/script",
  "gcode/restart",
  "gcode/firmware_restart",
  "gcode/subscribe_output",
  "pause_resume/pause",
  "pause_resume/resume",
  "pause_resume/cancel",
  "emergency_stop",
  "register_remote_method",
];

function send(socket: Socket, message: Fields): void {
  if (!socket.destroyed) socket.write(JSON.stringify(message) + endOfMessage);
}
