// The whole of Gantry on loopback, as processes: simulated printers, gateway, bridge; every port free.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cameraUrls, connections } from "../../contract/connections.ts";
import { freePort } from "../../rigs/free-port.ts";
import { startSimulator, type LaunchedSimulator, type LaunchOptions } from "../../simulators/launch.ts";
import { fault } from "./fault.ts";
import { Service } from "./service.ts";
import { Viewer } from "./viewer.ts";

export interface StackOptions {
  /** Printers by id; each is a simulator and its inventory entry. */
  readonly printers?: Readonly<Record<string, PrinterOptions>>;
  /** Further entries of the inventory, as they stand there. */
  readonly entries?: readonly Readonly<Record<string, unknown>>[];
  /** Without it no bridge runs. */
  readonly bridge?: boolean;
  /** `bridge.linger` of the inventory. */
  readonly linger?: string;
  /** Further top-level blocks of the inventory. */
  readonly inventory?: Readonly<Record<string, unknown>>;
}

export interface PrinterOptions extends Partial<LaunchOptions> {
  readonly control?: boolean;
  /** Keys of the inventory entry's connection beside those that reach the simulator. */
  readonly connection?: Readonly<Record<string, unknown>>;
  /** The inventory entry's `camera`, of a printer with a camera of its own. */
  readonly camera?: Readonly<Record<string, unknown>>;
}

export class Stack implements AsyncDisposable {
  readonly printers: Record<string, LaunchedSimulator> = {};
  readonly #resources = new AsyncDisposableStack();
  readonly #blocks: Readonly<Record<string, unknown>>;
  #folder = "";
  #gateway: Service | undefined;
  #bridge: Service | undefined;
  /** The gateway has to know it before the bridge runs. */
  #bridgePort = 0;
  gatewayUrl = "";
  bridgeUrl = "";
  rtspUrl = "";

  private constructor(blocks: Readonly<Record<string, unknown>>) {
    this.#blocks = blocks;
  }

  static async start(options: StackOptions = {}): Promise<Stack> {
    const { printers = { cc1: {} }, entries = [], bridge = false, linger = "2s", inventory = {} } = options;
    const { bridge: settings, ...blocks } = inventory;
    const stack = new Stack({ ...blocks, bridge: { linger, ...(settings as object | undefined) } });
    try {
      await stack.#start(printers, entries);
      await stack.startGateway();
      if (bridge) await stack.startBridge();
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  get gateway(): Service {
    if (this.#gateway === undefined) throw new Error("there is no gateway");
    return this.#gateway;
  }

  get bridge(): Service {
    if (this.#bridge === undefined) throw new Error("there is no bridge");
    return this.#bridge;
  }

  get inventory(): string {
    return join(this.#folder, "printers.yaml");
  }

  /** The simulator behind an id. */
  printer(id: string): LaunchedSimulator {
    const simulator = this.printers[id];
    if (simulator === undefined) throw new Error(`there is no printer ${id}`);
    return simulator;
  }

  /** Starts the gateway; a second start takes the same port as the first. */
  async startGateway(): Promise<void> {
    const service = new Service("gateway", ["gateway/src/main.ts"], {
      GANTRY_INVENTORY: this.inventory,
      GANTRY_DATA_DIR: join(this.#folder, "data"),
      GANTRY_HTTP_HOST: "127.0.0.1",
      GANTRY_HTTP_PORT: this.gatewayUrl === "" ? "0" : new URL(this.gatewayUrl).port,
      GANTRY_BRIDGE_URL: `http://127.0.0.1:${this.#bridgePort}`,
    });
    this.#resources.use(service);
    this.gatewayUrl = String((await service.listening())["http"]);
    this.#gateway = service;
  }

  async startBridge(): Promise<void> {
    const service = new Service("bridge", ["rtsp-bridge/src/main.ts"], {
      GANTRY_INVENTORY: this.inventory,
      GANTRY_DATA_DIR: join(this.#folder, "data"),
      GANTRY_GATEWAY_URL: this.gatewayUrl,
      GANTRY_BRIDGE_HTTP_HOST: "127.0.0.1",
      GANTRY_BRIDGE_HTTP_PORT: String(this.#bridgePort),
      GANTRY_RTSP_PORT: "0",
      GANTRY_RTSPS_PORT: "0",
      GANTRY_WEBRTC_PORT: "0",
      GANTRY_WEBRTC_UDP_PORT: "0",
      GANTRY_HLS_PORT: "0",
    });
    this.#resources.use(service);
    const line = await service.listening();
    this.bridgeUrl = String(line["http"]);
    this.rtspUrl = String(line["rtsp"]);
    this.#bridge = service;
  }

  /** A JSON answer of the gateway. */
  async get(path: string): Promise<Record<string, unknown>> {
    return (await (await fetch(`${this.gatewayUrl}${path}`)).json()) as Record<string, unknown>;
  }

  /** The one item of the bridge's stream list. */
  async stream(id: string): Promise<Record<string, unknown>> {
    return (await (await fetch(`${this.bridgeUrl}/api/v1/streams/${id}`)).json()) as Record<string, unknown>;
  }

  watch(id: string): Viewer {
    return new Viewer(`${this.rtspUrl}/${id}`);
  }

  /** Makes the simulator behind an id misbehave. */
  async fault(id: string, name: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await fault(this.printer(id), name, more);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
    if (this.#folder !== "") await rm(this.#folder, { recursive: true, force: true });
  }

  async #start(
    printers: Readonly<Record<string, PrinterOptions>>,
    more: readonly Readonly<Record<string, unknown>>[],
  ): Promise<void> {
    this.#bridgePort = await freePort();
    this.#folder = await mkdtemp(join(tmpdir(), "gantry-e2e-"));
    const entries = more.map((entry) => `  - ${JSON.stringify(entry)}\n`);
    for (const [id, { control = false, connection = {}, camera = {}, ...options }] of Object.entries(printers)) {
      const simulator = await startSimulator({ family: "elegoo-cc1", ports: { main: 0 }, ...options });
      this.#resources.use(simulator);
      this.printers[id] = simulator;
      entries.push(printerEntry(id, simulator, control, connection, camera));
    }
    const blocks = Object.entries(this.#blocks).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
    await writeFile(this.inventory, `${blocks.join("")}printers:\n${entries.join("")}`);
  }
}

/** The inventory entry of a simulated printer; `more` goes into its connection. */
export function printerEntry(
  id: string,
  simulator: LaunchedSimulator,
  control: boolean,
  more: Readonly<Record<string, unknown>> = {},
  camera: Readonly<Record<string, unknown>> = {},
): string {
  const { family } = simulator;
  const url = cameraUrls[family]?.(simulator);
  const reached =
    url === undefined
      ? { connection: { ...connections[family]?.(simulator), ...more }, camera }
      : { camera: { url, ...camera } };
  return `  - ${JSON.stringify({ id, family, control, ...reached })}\n`;
}
