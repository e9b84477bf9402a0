// A bare client of the simulated printer for the tests beside it: publishes text, keeps what came. It
// shares nothing with any driver.

import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { until } from "../../scenarios/harness/until.ts";
import { type LaunchedSimulator, type LaunchOptions, startSimulator } from "../launch.ts";

export type Json = Readonly<Record<string, unknown>>;

interface Message {
  readonly topic: string;
  readonly text: string;
}

/** A printer on free ports, its own time standing still unless `speed` says otherwise. */
export async function startPrinter(options: Partial<LaunchOptions> = {}): Promise<LaunchedSimulator> {
  return startSimulator({ family: "elegoo-cc2", ports: { main: 0 }, speed: 0.001, ...options });
}

/** An MQTT connection with the printer's access code, unless told otherwise. */
export async function connectMqtt(
  { host, ports, facts }: LaunchedSimulator,
  options: IClientOptions = {},
  url = `mqtt://${host}:${ports["main"]}`,
): Promise<MqttClient> {
  const login = { username: "elegoo", password: facts["access_code"] ?? "" };
  return connectAsync(url, { ...login, protocolVersion: 4, reconnectPeriod: 0, ...options }, false);
}

export class RawClient implements AsyncDisposable {
  readonly mqtt: MqttClient;
  readonly id: string;
  readonly messages: Message[] = [];
  readonly #serial: string;
  #requests = 100;

  private constructor(mqtt: MqttClient, id: string, serial: string) {
    this.mqtt = mqtt;
    this.id = id;
    this.#serial = serial;
    mqtt.on("message", (topic, payload) => this.messages.push({ topic, text: payload.toString("utf8") }));
    mqtt.on("error", () => {});
  }

  /** Connected and subscribed, as the vendor's slicer does it, and not registered yet. */
  static async connect(printer: LaunchedSimulator, id = "1_PC_4711"): Promise<RawClient> {
    const serial = printer.facts["serial"] ?? "";
    const client = new RawClient(await connectMqtt(printer, { clientId: id }), id, serial);
    const topics = [`${id}/api_response`, "api_status", `${id}_req/register_response`];
    await client.mqtt.subscribeAsync(
      topics.map((topic) => `elegoo/${serial}/${topic}`),
      { qos: 1 },
    );
    return client;
  }

  /** Connected and registered. */
  static async registered(printer: LaunchedSimulator, id?: string): Promise<RawClient> {
    const client = await RawClient.connect(printer, id);
    const error = await client.register();
    if (error !== "ok") throw new Error(`not registered: ${error}`);
    return client;
  }

  /** @returns the printer's word: ok, fail or too many clients. */
  async register(): Promise<string> {
    const topic = `elegoo/${this.#serial}/${this.id}_req/register_response`;
    const before = this.messages.filter((message) => message.topic === topic).length;
    await this.publish("api_register", { client_id: this.id, request_id: `${this.id}_req` });
    const answer = await until("a registration answer", () =>
      this.messages.filter((message) => message.topic === topic).at(before),
    );
    return String((JSON.parse(answer.text) as Json)["error"]);
  }

  async publish(topic: string, message: unknown): Promise<void> {
    const text = typeof message === "string" ? message : JSON.stringify(message);
    await this.mqtt.publishAsync(`elegoo/${this.#serial}/${topic}`, text, { qos: 1 });
  }

  /** @returns the id of the request. */
  async send(method: number, params: unknown = {}): Promise<number> {
    this.#requests += 1;
    await this.publish(`${this.id}/api_request`, { id: this.#requests, method, params });
    return this.#requests;
  }

  /** `result` of the answer to a request that was sent. */
  answerTo(id: number): Json | undefined {
    return this.responses.find((message) => message["id"] === id && !isPush(message))?.["result"] as Json | undefined;
  }

  async ask(method: number, params: unknown = {}): Promise<Json> {
    const id = await this.send(method, params);
    return until(`an answer to method ${method}`, () => this.answerTo(id));
  }

  async code(method: number, params: unknown = {}): Promise<unknown> {
    return (await this.ask(method, params))["error_code"];
  }

  /** Part of the whole status, by its path. */
  async status(...path: readonly string[]): Promise<unknown> {
    return path.reduce<unknown>((value, key) => (value as Json)[key], await this.ask(1002));
  }

  /** `status` and `sub_status`, when asked. */
  async codes(): Promise<readonly [unknown, unknown]> {
    const { status, sub_status: subStatus } = (await this.status("machine_status")) as Json;
    return [status, subStatus];
  }

  async ping(): Promise<void> {
    await this.publish(`${this.id}/api_request`, { type: "PING" });
  }

  get pongs(): number {
    return this.responses.filter(({ type }) => type === "PONG").length;
  }

  /** Everything on this client's own response topic that is JSON. */
  get responses(): readonly Json[] {
    return this.#of(`${this.id}/api_response`);
  }

  /** Pushes on the topic for all. */
  get pushes(): readonly Json[] {
    return this.#of("api_status").filter(isPush);
  }

  /** Each `status/sub_status` that was pushed, in order. */
  get pushedCodes(): readonly string[] {
    const shown: Record<string, unknown> = {};
    return this.pushes.flatMap((push) => {
      const machine = (push["result"] as Json)["machine_status"] as Json | undefined;
      if (machine?.["status"] === undefined && machine?.["sub_status"] === undefined) return [];
      Object.assign(shown, machine);
      return [`${JSON.stringify(shown["status"])}/${JSON.stringify(shown["sub_status"])}`];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mqtt.endAsync(true);
  }

  #of(topic: string): readonly Json[] {
    return this.messages
      .filter((message) => message.topic === `elegoo/${this.#serial}/${topic}`)
      .flatMap(({ text }) => {
        try {
          return [JSON.parse(text) as Json];
        } catch {
          return [];
        }
      });
  }
}

function isPush({ method }: Json): boolean {
  return method === 6000 || method === 6008;
}

/** Settles when the connection is over. */
export async function closing(mqtt: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    mqtt.once("close", () => resolve());
  });
}

/** Sets a fault through the admin interface. */
export async function fault({ admin }: LaunchedSimulator, name: string, more: Json = {}): Promise<void> {
  const response = await fetch(`${admin}/fault`, { method: "POST", body: JSON.stringify({ name, ...more }) });
  if (!response.ok) throw new Error(await response.text());
}
