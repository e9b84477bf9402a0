// The printer's ports beside MQTT: files, camera, bind, discovery, as one thing that opens and closes.

import { FtpServer } from "./ftp/server.ts";
import type { Printer } from "./printer.ts";
import type { ServiceOptions } from "./service.ts";

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
  open(): Promise<void>;
  close(how: "reset" | "end"): Promise<void>;
}

export class Services implements AsyncDisposable {
  readonly ftp: FtpServer;
  /** Those that this model has. */
  readonly #all: readonly (readonly [Name, Service])[];

  constructor(printer: Printer, ports: Readonly<Record<string, number>>, tls: ServiceOptions["tls"]) {
    const { host, journal, card, profile } = printer;
    const shared = { host, journal, tls, accessCode: () => printer.accessCode };
    this.ftp = new FtpServer({ ...shared, port: ports["ftps"] ?? 0, card });
    this.ftp.knobs.nlst = profile.nlstPaths ? "full" : "bare";
    this.#all = [["ftps", this.ftp]];
  }

  /** @throws the listening error. */
  async open(): Promise<void> {
    for (const [, service] of this.#all) await service.open();
  }

  async close(how: "reset" | "end"): Promise<void> {
    await Promise.all(this.#all.map(async ([, service]) => service.close(how)));
  }

  /** Those that listen. */
  ports(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#all.map(([name, { port }]) => [name, port]));
  }

  counters(): Readonly<Record<string, unknown>> {
    return { ftp: this.ftp.counters };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [, service] of this.#all) await service[Symbol.asyncDispose]();
  }
}
