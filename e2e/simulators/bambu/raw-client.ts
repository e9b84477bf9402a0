// A bare client of the simulated printer for the tests beside it: checks the certificate's name,
// publishes text, keeps what came. It shares nothing with any driver.

import { readFileSync } from "node:fs";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { until } from "../../scenarios/harness/until.ts";
import { type LaunchedSimulator, type LaunchOptions, startSimulator } from "../launch.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A printer on free ports, its own time standing still unless `speed` says otherwise. */
export async function startPrinter(model: string, options: Partial<LaunchOptions> = {}): Promise<LaunchedSimulator> {
  const { settings, ...rest } = options;
  return startSimulator({
    family: "bambu",
    ports: { main: 0 },
    speed: 0.001,
    ...rest,
    settings: { model, ...settings },
  });
}

/** An MQTT connection that believes only the printer's own root and serial. */
export async function connectMqtt(
  { host, ports, facts }: LaunchedSimulator,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const { serial = "", access_code: password = "", ca = "" } = facts;
  const login = { username: "bblp", password, protocolVersion: 4, reconnectPeriod: 0 } as const;
  const tls = { ca: readFileSync(ca), servername: serial, minVersion: "TLSv1.2" } as const;
  return connectAsync(`mqtts://${host}:${ports["main"]}`, { ...login, ...tls, ...options }, false);
}

export class RawClient implements AsyncDisposable {
  readonly mqtt: MqttClient;
  readonly texts: string[] = [];
  readonly serial: string;
  #sequence = 20_000;

  private constructor(mqtt: MqttClient, serial: string) {
    this.mqtt = mqtt;
    this.serial = serial;
    mqtt.on("message", (_topic, payload) => this.texts.push(payload.toString("utf8")));
    mqtt.on("error", () => {});
  }

  /** Connected and subscribed to the reports. */
  static async connect(printer: LaunchedSimulator, options: IClientOptions = {}): Promise<RawClient> {
    const client = new RawClient(await connectMqtt(printer, options), printer.facts["serial"] ?? "");
    await client.mqtt.subscribeAsync(`device/${client.serial}/report`);
    return client;
  }

  get messages(): readonly Json[] {
    return this.texts.map((text) => JSON.parse(text) as Json);
  }

  /** The `print` objects of the status stream. */
  get reports(): readonly Json[] {
    return this.messages.flatMap(({ print }) =>
      (print as Json | undefined)?.["command"] === "push_status" ? [print as Json] : [],
    );
  }

  async publish(text: string, qos: 0 | 1 = 0): Promise<void> {
    await this.mqtt.publishAsync(`device/${this.serial}/request`, text, { qos });
  }

  /** Sends one command. @returns its sequence_id */
  async send(type: string, command: string, body: Json = {}, beside: Json = {}): Promise<string> {
    this.#sequence += 1;
    const sequence_id = String(this.#sequence);
    await this.publish(JSON.stringify({ [type]: { sequence_id, command, ...body }, ...beside }));
    return sequence_id;
  }

  /** The reply to one command. @throws Error when none comes */
  async ask(type: string, command: string, body: Json = {}, beside: Json = {}): Promise<Json> {
    const id = await this.send(type, command, body, beside);
    return until(`a reply to ${type}.${command}`, () => this.reply(type, command, id));
  }

  reply(type: string, command: string, id: string): Json | undefined {
    return this.messages
      .map((message) => message[type] as Json | undefined)
      .find((body) => body?.["command"] === command && body["sequence_id"] === id);
  }

  /** The next full report that is asked for. */
  async pushAll(): Promise<Json> {
    const before = this.reports.length;
    await this.send("pushing", "pushall");
    return until("a full report", () => this.reports.slice(before).find(({ msg }) => msg === 0));
  }

  /** A report of the status stream from now on that has this. */
  async report(what: string, has: (report: Json) => boolean): Promise<Json> {
    return until(what, () => this.reports.find(has));
  }

  /** Forgets what has come. */
  forget(): void {
    this.texts.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mqtt.endAsync(true);
  }
}

/** POST to the admin interface. @throws Error for anything but 200 */
export async function admin({ admin }: LaunchedSimulator, path: string, body: Json = {}): Promise<Json> {
  const response = await fetch(`${admin}${path}`, { method: "POST", body: JSON.stringify(body) });
  const answer = (await response.json()) as Json;
  if (response.status !== 200) throw new Error(`${path}: ${String(answer["error"])}`);
  return answer;
}

export async function fault(printer: LaunchedSimulator, name: string, parameters: Json = {}): Promise<void> {
  await admin(printer, "/fault", { name, ...parameters });
}

/** The machine's true report. */
export function trueReport(printer: LaunchedSimulator): Json {
  return printer.control.state()["report"] as Json;
}
