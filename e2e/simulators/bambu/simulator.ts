// The simulated Bambu Lab printer: puts its ports around one machine, lets its power be cut, and gives
// the admin interface its handles. Sources: ../README.md.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holding, passTime } from "../lifetime.ts";
import { rowNamed, textLike, wholeNumber, wordOf } from "../settings.ts";
import { type Control, type Simulator, type SimulatorDefinition, type StartOptions, UsageError } from "../simulator.ts";
import { readAuthorization } from "./authorization-settings.ts";
import { Broker } from "./broker.ts";
import { createIdentity, serverTls } from "./certificates.ts";
import { faultTable } from "./faults.ts";
import { createPrinter, type Printer, serialFor } from "./printer.ts";
import { profiles } from "./profiles.ts";
import { reportObject } from "./report.ts";
import { Reporter } from "./reporter.ts";
import { Requests } from "./requests.ts";
import { enterScenario, fillCard, scenarios } from "./scenarios.ts";
import type { ServiceOptions } from "./service.ts";
import { Services, servicePorts } from "./services.ts";
import { Card } from "./storage.ts";

export const bambu: SimulatorDefinition = {
  title: "Bambu Lab P1S, A1 mini, X1C, H2D: MQTT, FTPS, cameras, discovery",
  ports: { main: 8883, ...servicePorts },
  scenarios,
  settings: {
    model: { summary: `one of ${Object.keys(profiles).join(", ")}`, default: "p1s" },
    firmware: { summary: "version of its firmware; by default one that the model has had", default: "" },
    name: { summary: "the name its owner gave it", default: "Workshop printer" },
    serial: { summary: "15 capital letters and digits; by default made from the address", default: "" },
    "access-code": { summary: "8 letters and digits", default: "12345678" },
    authorization: { summary: "developer: commands need no signature; locked: they do", default: "developer" },
    "public-key": { summary: "file with the PEM key or certificate of whoever signs commands", default: "" },
    "cert-id": { summary: "cert_id of that key", default: "" },
    announce: { summary: "HOST:PORT that announcements go to; by default nowhere", default: "" },
    tls: { summary: "highest TLS version: 1.2, or 1.3 as some newer models have", default: "1.2" },
  },
  start: async (options) => {
    await using stack = new AsyncDisposableStack();
    const card = stack.use(await Card.create());
    const printer = printerFor(options, card);
    const identity = await createIdentity(printer.serial);
    printer.privateKey = identity.key;
    const folder = await mkdtemp(join(tmpdir(), "gantry-bambu-ca-"));
    stack.defer(async () => rm(folder, { recursive: true, force: true }));
    const ca = join(folder, "ca.pem");
    await writeFile(ca, identity.ca);
    const tls = serverTls(identity, { allowTls13: wordOf("tls", options.settings, ["1.2", "1.3"]) === "1.3" });
    const simulator = stack.use(new BambuPrinter(options, printer, tls));
    await simulator.open();
    const { ports, control } = simulator;
    return holding(stack, { ports, control, facts: { ...factsOf(printer), ca } });
  },
};

class BambuPrinter implements Omit<Simulator, "facts"> {
  readonly control: Control;
  readonly ports: Record<string, number> = {};
  readonly #options: StartOptions;
  readonly #printer: Printer;
  readonly #broker: Broker;
  readonly #reporter: Reporter;
  readonly #requests: Requests;
  readonly #services: Services;
  #ticking: Disposable | undefined;
  #alive = false;

  constructor(options: StartOptions, printer: Printer, tls: ServiceOptions["tls"]) {
    this.#options = options;
    this.#printer = printer;
    const publish = (payload: Buffer): void => this.#broker.publish(payload);
    this.#reporter = new Reporter(printer, publish);
    this.#requests = new Requests(printer, this.#reporter, {
      publish,
      revive: (client) => this.#broker.revive(client),
    });
    this.#broker = new Broker(printer, {
      port: options.ports["main"] ?? 0,
      tls,
      received: (client, packet) => this.#requests.receive(client, packet),
    });
    this.#services = new Services(printer, {
      ports: options.ports,
      tls,
      announceTo: addressFrom(options.settings["announce"] ?? ""),
    });
    printer.machine.onTransition = () => {
      if (this.#alive) this.#reporter.tell();
    };
    this.control = this.#makeControl();
  }

  /** @throws the listening error. */
  async open(): Promise<void> {
    await fillCard(this.#printer);
    await this.#listen();
    enterScenario(this.#printer, this.#options.scenario);
    this.#ticking = passTime((seconds) => {
      if (this.#alive) this.#advance(seconds * this.#options.speed, seconds);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ticking?.[Symbol.dispose]();
    this.#requests[Symbol.dispose]();
    await this.#shut("end");
    await this.#services[Symbol.asyncDispose]();
  }

  #advance(seconds: number, wallSeconds: number): void {
    this.#printer.machine.advance(seconds, wallSeconds);
    this.#reporter.advance(wallSeconds);
  }

  async #listen(): Promise<void> {
    await this.#broker.open();
    await this.#services.open();
    Object.assign(this.ports, { main: this.#broker.tcp.number }, this.#services.ports());
    this.#printer.rtspPort = this.ports["rtsps"] ?? servicePorts.rtsps;
    this.#alive = true;
  }

  async #shut(how: "reset" | "end"): Promise<void> {
    this.#alive = false;
    await Promise.all([this.#broker.close(how), this.#services.close(how)]);
  }

  async #powerCut(): Promise<void> {
    await this.#shut("reset");
    this.#printer.machine.boot();
  }

  async #powerReturns(): Promise<void> {
    this.#reporter.forget();
    await this.#listen();
  }

  async #setScenario(name: string): Promise<void> {
    if (!this.#alive) await this.#powerReturns();
    enterScenario(this.#printer, name);
    this.#reporter.tell();
  }

  #makeControl(): Control {
    const printer = this.#printer;
    return {
      scenarios,
      faults: faultTable({
        printer,
        broker: this.#broker,
        reporter: this.#reporter,
        services: this.#services,
        powerCut: async () => this.#powerCut(),
        powerReturns: async () => this.#powerReturns(),
      }),
      counters: () => structuredClone({ ...printer.counters, ...this.#services.counters() }),
      state: () => ({
        alive: this.#alive,
        model: printer.profile.name,
        serial: printer.serial,
        accessCode: printer.accessCode,
        locked: printer.authorization.locked,
        report: reportObject(printer),
      }),
      setScenario: async (name) => this.#setScenario(name),
      powerCycle: async () => {
        await this.#powerCut();
        await this.#powerReturns();
      },
      advance: (seconds) => this.#advance(seconds, seconds),
    };
  }
}

function printerFor({ host, journal, settings, ports }: StartOptions, card: Card): Printer {
  const profile = rowNamed("model", settings, profiles);
  const firmware = settings["firmware"] === "" ? profile.firmware : (settings["firmware"] ?? "");
  if (!/^\d\d\.\d\d\.\d\d\.\d\d$/.test(firmware)) {
    throw new UsageError(`--firmware: "${firmware}" is not of the form 01.08.02.00`);
  }
  const accessCode = settings["access-code"] ?? "";
  if (!/^[A-Za-z0-9]{8}$/.test(accessCode)) throw new UsageError("--access-code: 8 letters and digits");
  const serial = textLike("serial", settings, /^[A-Z0-9]{15}$/, "15 capital letters and digits");
  return createPrinter({
    host,
    journal,
    profile,
    firmware,
    accessCode,
    card,
    name: settings["name"] ?? "",
    serial: serial ?? serialFor(profile, host, ports["main"] ?? 0),
    authorization: readAuthorization(settings),
  });
}

function factsOf({ serial, accessCode, profile, firmware }: Printer): Record<string, string> {
  return { serial, access_code: accessCode, model: profile.name, model_code: profile.code, firmware };
}

/** @returns undefined for an empty setting. */
function addressFrom(text: string): { readonly host: string; readonly port: number } | undefined {
  if (text === "") return undefined;
  const [, host, port] = /^([^:]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined) throw new UsageError(`--announce: "${text}" is not HOST:PORT`);
  return { host, port: wholeNumber("announce", port, 1, 65_535) };
}
