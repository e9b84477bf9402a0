// The simulated Elegoo Centauri Carbon: puts the daemon's ports around one printer, lets it die and
// come back, and gives the admin interface its handles. Sources: ../README.md.

import type { Server } from "node:http";
import { cameraOf } from "../elegoo/view.ts";
import { opened, passTime } from "../lifetime.ts";
import { httpServer } from "../net/http.ts";
import { BarrablePort, TcpPort } from "../net/port.ts";
import { addressOf, pictureRate, rowNamed, textLike } from "../settings.ts";
import type { Control, Simulator, SimulatorDefinition, StartOptions } from "../simulator.ts";
import { CameraServer } from "./camera.ts";
import { startDiscovery } from "./discovery.ts";
import { faultTable } from "./faults.ts";
import { createPrinter, mainboardIdFor, type Printer } from "./printer.ts";
import { profiles } from "./profiles.ts";
import { enterScenario, fillStorage, scenarios } from "./scenarios.ts";
import { SdcpServer } from "./sdcp-server.ts";
import { attributesObject, statusObject } from "./status.ts";
import { Uploads } from "./uploads.ts";
import { seen } from "./view.ts";
import { webHandler } from "./web.ts";

const sensor = { width: 640, height: 360 } as const;

export const elegooCc1: SimulatorDefinition = {
  title: "Elegoo Centauri Carbon, SDCP v3",
  ports: { main: 3030, http: 80, camera: 3031, discovery: 3000 },
  scenarios,
  settings: {
    profile: { summary: `firmware: ${Object.keys(profiles).join(", ")}`, default: "stock-1.1" },
    name: { summary: "the name its owner gave it", default: "Centauri Carbon" },
    serial: { summary: "mainboard id, 32 hex digits; by default made from the address", default: "" },
    fps: { summary: "pictures a second, 1 to 30", default: "10" },
  },
  start: async (options) => opened(new CentauriCarbon(options)),
};

class CentauriCarbon implements Simulator {
  readonly control: Control;
  readonly facts: Record<string, string> = {};
  readonly ports: Record<string, number> = {};
  readonly #options: StartOptions;
  readonly #printer: Printer;
  readonly #uploads: Uploads;
  readonly #sdcp: SdcpServer;
  readonly #camera: CameraServer;
  readonly #main: TcpPort;
  readonly #http: TcpPort;
  readonly #cameraPort: BarrablePort;
  readonly #stack = new AsyncDisposableStack();
  #alive = false;

  constructor(options: StartOptions) {
    const { host, journal, settings } = options;
    const framesPerSecond = pictureRate(settings);
    this.#options = options;
    this.#printer = createPrinter({
      host,
      journal,
      profile: rowNamed("profile", settings, profiles),
      name: settings["name"] ?? "",
      lookThrough: (machine) => cameraOf({ ...sensor, framesPerSecond }, () => seen(machine)),
    });
    const printer = this.#printer;
    this.#uploads = new Uploads(printer, (code) => this.#sdcp.reportError(code));
    this.#camera = new CameraServer(printer);
    const context = { printer, uploads: this.#uploads, cameraTaken: () => this.#camera.taken };
    this.#sdcp = new SdcpServer(context, () => this.#crash());
    const handler = webHandler(printer, this.#uploads);
    const main: Server = httpServer(handler);
    main.on("upgrade", (request, socket, head) => this.#sdcp.upgrade(request, socket, head));
    this.#main = new TcpPort(main, addressOf(options, "main"));
    this.#http = new TcpPort(httpServer(handler), addressOf(options, "http"));
    this.#cameraPort = new BarrablePort(this.#camera.server, addressOf(options, "camera"));
    this.control = this.#makeControl();
  }

  /** @throws the listening error. */
  async open(): Promise<void> {
    const printer = this.#printer;
    const discovery = this.#stack.use(await startDiscovery(printer, this.#options.ports["discovery"] ?? 0));
    await this.#boot();
    const main = this.#main.number;
    Object.assign(this.ports, { main, http: this.#http.number, camera: this.#cameraPort.number });
    this.ports["discovery"] = discovery.port;
    printer.cameraPort = this.#cameraPort.number;
    const { host, settings } = this.#options;
    const serial = textLike("serial", settings, /^[0-9a-f]{32}$/, "32 lower-case hex digits");
    printer.mainboardId = serial ?? mainboardIdFor(host, main);
    this.facts["serial"] = printer.mainboardId;
    fillStorage(printer);
    this.#setScenario(this.#options.scenario);
    this.#stack.use(passTime((seconds) => printer.machine.advance(seconds * this.#options.speed, seconds)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#uploads[Symbol.dispose]();
    this.#sdcp[Symbol.dispose]();
    this.#printer.camera[Symbol.dispose]();
    this.#camera.drop();
    await Promise.all([this.#main, this.#http, this.#cameraPort].map(async (port) => port.close("end")));
    await this.#stack.disposeAsync();
  }

  async #boot(): Promise<void> {
    const ports = [this.#main, this.#http, this.#cameraPort];
    for (const port of ports) await port.open();
    this.#alive = true;
  }

  /** The daemon dies: RST on every socket, its ports refuse, the job is lost. Discovery goes on. */
  #crash(): void {
    if (!this.#alive) return;
    this.#printer.counters.crashes += 1;
    void this.#die();
  }

  async #die(): Promise<void> {
    this.#alive = false;
    this.#printer.machine.die();
    this.#uploads[Symbol.dispose]();
    this.#sdcp.drop("reset");
    this.#camera.drop();
    const ports = [this.#main, this.#http, this.#cameraPort];
    await Promise.all(ports.map(async (port) => port.close("reset")));
  }

  async #powerCycle(): Promise<void> {
    await this.#die();
    await this.#boot();
  }

  #setScenario(name: string): void {
    enterScenario(this.#printer, name);
    if (name === "crashed") this.#crash();
  }

  #makeControl(): Control {
    const printer = this.#printer;
    return {
      scenarios,
      faults: faultTable({
        printer,
        sdcp: this.#sdcp,
        camera: this.#camera,
        cameraPort: this.#cameraPort,
        crash: () => this.#crash(),
      }),
      counters: () => structuredClone({ ...printer.counters }),
      state: () => ({
        alive: this.#alive,
        stage: printer.machine.job?.stage ?? null,
        status: statusObject(printer),
        attributes: attributesObject(printer),
      }),
      setScenario: async (name) => {
        if (!this.#alive) await this.#boot();
        this.#setScenario(name);
      },
      powerCycle: async () => this.#powerCycle(),
      advance: (seconds) => printer.machine.advance(seconds, seconds),
    };
  }
}
