// The simulated Elegoo Centauri Carbon 2: puts the daemon's ports around one printer, lets it die,
// lose its power and come back, and gives the admin interface its handles. Sources: ../README.md.

import { cameraOf } from "../elegoo/view.ts";
import { opened, passTime } from "../lifetime.ts";
import { httpServer } from "../net/http.ts";
import { BarrablePort, TcpPort } from "../net/port.ts";
import { addressOf, pictureRate, rowNamed, textLike, wordOf } from "../settings.ts";
import type { Control, Simulator, SimulatorDefinition, StartOptions } from "../simulator.ts";
import { Broker } from "./broker.ts";
import { CameraServer } from "./camera.ts";
import { Clients } from "./clients.ts";
import { startDiscovery } from "./discovery.ts";
import { faultTable } from "./faults.ts";
import { createPrinter, passwordOf, type Printer, serialFor } from "./printer.ts";
import { profiles } from "./profiles.ts";
import { Pushes } from "./pushes.ts";
import { Requests } from "./requests.ts";
import { enterScenario, fillStorage, scenarios } from "./scenarios.ts";
import { attributesObject, type JsonObject, statusObject } from "./status.ts";
import { Uploads } from "./uploads.ts";
import { seen } from "./view.ts";
import { webHandler } from "./web.ts";

const sensor = { width: 640, height: 360 } as const;

export const elegooCc2: SimulatorDefinition = {
  title: "Elegoo Centauri Carbon 2, MQTT",
  ports: { main: 1883, http: 80, camera: 8080, discovery: 52_700, websocket: 9001 },
  scenarios,
  settings: {
    profile: { summary: `firmware: ${Object.keys(profiles).join(", ")}`, default: "fw-0201" },
    name: { summary: "the name its owner gave it", default: "Centauri Carbon 2" },
    serial: { summary: "serial number, capital letters and digits; by default made from the address", default: "" },
    "access-code": { summary: "access code; by default none is set, and 123456 counts", default: "" },
    canvas: { summary: "the Canvas filament changer: on or off", default: "on" },
    fps: { summary: "pictures a second, 1 to 30", default: "10" },
  },
  start: async (options) => opened(new CentauriCarbon2(options)),
};

class CentauriCarbon2 implements Simulator {
  readonly control: Control;
  readonly facts: Record<string, string> = {};
  readonly ports: Record<string, number> = {};
  readonly #options: StartOptions;
  readonly #printer: Printer;
  readonly #uploads: Uploads;
  readonly #clients: Clients;
  readonly #requests: Requests;
  readonly #pushes: Pushes;
  readonly #broker: Broker;
  readonly #camera: CameraServer;
  readonly #http: TcpPort;
  readonly #cameraPort: BarrablePort;
  readonly #stack = new AsyncDisposableStack();
  #alive = false;
  #goesOn = true;

  constructor(options: StartOptions) {
    const { ports } = options;
    this.#options = options;
    this.#printer = printerFor(options);
    const printer = this.#printer;
    const publish = (topic: string, message: JsonObject, qos: 0 | 1): void =>
      this.#broker.publish(topic, encode(message, printer.knobs.prettyJson), qos);
    this.#uploads = new Uploads(printer);
    this.#clients = new Clients(printer);
    this.#requests = new Requests(printer, this.#clients, publish);
    this.#broker = new Broker(
      printer,
      { tcp: ports["main"] ?? 0, webSocket: ports["websocket"] ?? 0 },
      {
        received: (peer, topic, payload) => this.#requests.receive(peer, topic, payload),
        left: (peer, clean) => this.#clients.left(peer, clean),
      },
    );
    this.#pushes = new Pushes(printer, this.#clients, publish);
    printer.machine.onTransition = () => this.#pushes.tellStatus();
    printer.attributesChanged = () => this.#pushes.tellAttributes();
    this.#camera = new CameraServer(printer);
    this.#http = new TcpPort(httpServer(webHandler(printer, this.#uploads)), addressOf(options, "http"));
    this.#cameraPort = new BarrablePort(this.#camera.server, addressOf(options, "camera"));
    this.control = this.#makeControl();
  }

  /** @throws the listening error. */
  async open(): Promise<void> {
    const printer = this.#printer;
    const { settings, ports, host, scenario, speed } = this.#options;
    const discovery = this.#stack.use(await startDiscovery(printer, ports["discovery"] ?? 0));
    await this.#listen();
    const main = this.#broker.tcp.number;
    Object.assign(this.ports, {
      main,
      http: this.#http.number,
      camera: this.#cameraPort.number,
      discovery: discovery.port,
      websocket: this.#broker.webSocket.number,
    });
    const serial = textLike("serial", settings, /^[A-Z0-9]{8,32}$/, "8 to 32 capital letters and digits");
    printer.cameraPort = this.#cameraPort.number;
    printer.serial = serial ?? serialFor(host, main);
    Object.assign(this.facts, { serial: printer.serial, access_code: passwordOf(printer) });
    await fillStorage(printer);
    await this.#setScenario(scenario);
    this.#stack.use(
      passTime((seconds) => {
        if (this.#alive) printer.machine.advance(seconds * speed, seconds);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#printer.machine.die();
    for (const part of [this.#uploads, this.#requests, this.#pushes, this.#printer.camera]) part[Symbol.dispose]();
    this.#camera.drop();
    await this.#shut("end");
    await this.#stack.disposeAsync();
  }

  async #listen(): Promise<void> {
    await this.#broker.open();
    if (this.#printer.knobs.lanOnly) await this.#http.open();
    await this.#cameraPort.open();
    this.#alive = true;
  }

  async #shut(how: "reset" | "end"): Promise<void> {
    this.#alive = false;
    await Promise.all([this.#broker.close(how), this.#http.close(how), this.#cameraPort.close(how)]);
  }

  /** Nothing that was is any more: no registration, no job, no socket. */
  async #die(): Promise<void> {
    this.#printer.machine.die();
    this.#uploads[Symbol.dispose]();
    this.#requests[Symbol.dispose]();
    this.#clients.forget();
    this.#camera.drop();
    await this.#shut("reset");
  }

  /** The daemon dies: RST on every socket, its ports refuse, the job is lost. Discovery goes on. */
  async #crash(): Promise<void> {
    if (!this.#alive) return;
    this.#printer.counters.crashes += 1;
    await this.#die();
  }

  async #powerCut(goOn: boolean): Promise<void> {
    this.#goesOn = goOn;
    this.#printer.knobs.dark = true;
    await this.#die();
  }

  async #powerReturns(): Promise<void> {
    this.#printer.knobs.dark = false;
    await this.#listen();
    this.#printer.machine.boot(this.#goesOn);
  }

  async #lanOnly(on: boolean): Promise<void> {
    this.#printer.knobs.lanOnly = on;
    if (!on) {
      this.#clients.forget();
      await this.#http.close("end");
    } else if (this.#alive) await this.#http.open();
  }

  async #setScenario(name: string): Promise<void> {
    this.#printer.knobs.dark = false;
    if (!this.#alive) await this.#listen();
    enterScenario(this.#printer, name);
    await this.#lanOnly(name !== "cloud-mode");
    this.#pushes.tellStatus();
    if (name === "crashed") await this.#crash();
  }

  #makeControl(): Control {
    const printer = this.#printer;
    return {
      scenarios,
      faults: faultTable({
        printer,
        broker: this.#broker,
        clients: this.#clients,
        pushes: this.#pushes,
        camera: this.#camera,
        cameraPort: this.#cameraPort,
        crash: async () => this.#crash(),
        powerCut: async (goOn) => this.#powerCut(goOn),
        powerReturns: async () => this.#powerReturns(),
        lanOnly: async (on) => this.#lanOnly(on),
      }),
      counters: () => structuredClone({ ...printer.counters }),
      state: () => ({
        alive: this.#alive,
        stage: printer.machine.job?.stage ?? null,
        switching: printer.machine.job?.switching ?? false,
        accessCode: passwordOf(printer),
        registered: this.#clients.connected(),
        status: statusObject(printer),
        attributes: attributesObject(printer),
      }),
      setScenario: async (name) => this.#setScenario(name),
      powerCycle: async () => {
        await this.#powerCut(true);
        await this.#powerReturns();
      },
      advance: (seconds) => printer.machine.advance(seconds, seconds),
    };
  }
}

function printerFor({ host, journal, settings }: StartOptions): Printer {
  const framesPerSecond = pictureRate(settings);
  return createPrinter({
    host,
    journal,
    profile: rowNamed("profile", settings, profiles),
    name: settings["name"] ?? "",
    accessCode: settings["access-code"] ?? "",
    canvas: wordOf("canvas", settings, ["on", "off"]) === "on",
    lookThrough: (machine) => cameraOf({ ...sensor, framesPerSecond }, () => seen(machine)),
  });
}

/** The printer writes the speeds of its fans as floats, also whole ones. */
function encode(message: JsonObject, pretty: boolean): string {
  return JSON.stringify(message, undefined, pretty ? 2 : undefined).replaceAll(/("speed": ?\d+)(?=[,\s}])/g, "$1.0");
}
