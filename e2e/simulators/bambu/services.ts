// The printer's ports beside MQTT: files, camera, bind, discovery, as one thing that opens and closes.

import { BindDetect } from "./bind-detect.ts";
import { Discovery, type Introduction } from "./discovery.ts";
import { FtpServer } from "./ftp/server.ts";
import { JpegCamera } from "./jpeg-camera.ts";
import type { Printer } from "./printer.ts";
import { RtspsCamera } from "./rtsps.ts";
import type { ServiceOptions } from "./service.ts";
import { cameraOf } from "./view.ts";

/** Their names on the command line, with the printer's own numbers. */
export const servicePorts = {
  ftps: 990,
  camera: 6000,
  rtsps: 322,
  bind: 3000,
  "bind-tls": 3002,
  discovery: 2021,
} as const;

type Name = keyof typeof servicePorts;

interface Service extends AsyncDisposable {
  readonly port: number;
  readonly counters: unknown;
  open(): Promise<void>;
  close(how: "reset" | "end"): Promise<void>;
}

export interface ServicesOptions {
  readonly ports: Readonly<Record<string, number>>;
  readonly tls: ServiceOptions["tls"];
  /** Where announcements go; undefined: nowhere. */
  readonly announceTo: { readonly host: string; readonly port: number } | undefined;
}

const announceEveryMs = 5000;
const jpegsPerSecond = 1;
const videoFramesPerSecond = 15;

export class Services implements AsyncDisposable {
  readonly ftp: FtpServer;
  /** Of the models that have it. */
  readonly jpeg: JpegCamera | undefined;
  readonly rtsps: RtspsCamera | undefined;
  readonly discovery: Discovery;
  /** Those that this model has. */
  readonly #all: ReadonlyMap<Name, Service>;
  readonly #closed = new Set<Name>();
  readonly #stack = new DisposableStack();

  constructor(printer: Printer, { ports, tls, announceTo }: ServicesOptions) {
    const { host, journal, card, profile, machine } = printer;
    const port = (name: Name): number => ports[name] ?? 0;
    const shared = { host, journal, tls, accessCode: () => printer.accessCode };
    const introduce = (): Introduction => introduction(printer);
    this.ftp = new FtpServer({ ...shared, port: port("ftps"), card });
    this.ftp.knobs.nlst = profile.nlstPaths ? "full" : "bare";
    this.discovery = new Discovery({
      host,
      port: port("discovery"),
      announceTo,
      everyMs: announceEveryMs,
      introduce,
      journal,
    });
    const all = new Map<Name, Service>([["ftps", this.ftp]]);
    if (profile.camera === "jpeg") {
      const source = this.#stack.use(cameraOf(machine, jpegsPerSecond));
      this.jpeg = new JpegCamera({ ...shared, port: port("camera"), source });
      all.set("camera", this.jpeg);
    } else {
      const source = this.#stack.use(cameraOf(machine, videoFramesPerSecond));
      this.rtsps = new RtspsCamera({ ...shared, port: port("rtsps"), source });
      all.set("rtsps", this.rtsps);
    }
    all.set("bind", new BindDetect({ host, journal, port: port("bind"), tls: undefined, introduce }));
    all.set("bind-tls", new BindDetect({ host, journal, port: port("bind-tls"), tls, introduce }));
    all.set("discovery", this.discovery);
    this.#all = all;
  }

  /** All but those that were closed by name. @throws the listening error. */
  async open(): Promise<void> {
    for (const [name, service] of this.#all) if (!this.#closed.has(name)) await service.open();
  }

  async close(how: "reset" | "end"): Promise<void> {
    await Promise.all([...this.#all.values()].map(async (service) => service.close(how)));
  }

  /** Shuts the camera's port, or opens it again; it stays so when power returns. */
  async listenCamera(on: boolean): Promise<void> {
    const name = this.jpeg === undefined ? "rtsps" : "camera";
    if (on) this.#closed.delete(name);
    else this.#closed.add(name);
    const service = this.#all.get(name);
    await (on ? service?.open() : service?.close("end"));
  }

  /** Ends every session, as when the access code changes. */
  drop(): void {
    this.ftp.drop();
    this.dropCamera();
  }

  /** Ends the streams that run. */
  dropCamera(): void {
    this.jpeg?.drop();
    this.rtsps?.drop();
  }

  /** Those that this model has. */
  ports(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#all].map(([name, { port }]) => [name, port]));
  }

  counters(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.#all].map(([name, { counters }]) => [name, counters]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of this.#all.values()) await service[Symbol.asyncDispose]();
    this.#stack.dispose();
  }
}

function introduction(printer: Printer): Introduction {
  const { serial, profile, name, firmware, networkAddress } = printer;
  return {
    serial,
    modelCode: profile.code,
    name,
    firmware,
    connect: "lan",
    bind: "free",
    address: networkAddress,
    signal: String(printer.wifiDbm()),
  };
}
