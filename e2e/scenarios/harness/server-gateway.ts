// A gateway process with one print server in its inventory, twice: with its own credential, and with
// a wrong one. What a test asks of it, in the words of the REST interface.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Service } from "./service.ts";
import { until } from "./until.ts";

export type Json = Readonly<Record<string, unknown>>;

/** The id of the printer in the inventory. */
export const id = "server";
const slowMs = 90_000;

export class ServerGateway implements AsyncDisposable {
  readonly #service: Service;
  readonly #folder: string;
  #url = "";

  private constructor(folder: string) {
    this.#folder = folder;
    this.#service = new Service("gateway", ["gateway/src/main.ts"], {
      GANTRY_INVENTORY: join(folder, "printers.yaml"),
      GANTRY_DATA_DIR: join(folder, "data"),
      GANTRY_HTTP_HOST: "127.0.0.1",
      GANTRY_HTTP_PORT: "0",
    });
  }

  static async start(family: string, connection: Json, wrongConnection: Json): Promise<ServerGateway> {
    const folder = await mkdtemp(join(tmpdir(), "gantry-server-"));
    const printers = [
      { id, family, control: true, connection },
      { id: "stranger", family, control: true, connection: wrongConnection },
    ];
    await writeFile(join(folder, "printers.yaml"), JSON.stringify({ printers }));
    const gateway = new ServerGateway(folder);
    gateway.#url = String((await gateway.#service.listening())["http"]);
    return gateway;
  }

  async request(method: string, path: string, body?: string, type = "application/json"): Promise<[number, Json]> {
    const response = await fetch(`${this.#url}/api/v1/printers${path}`, {
      method,
      signal: AbortSignal.timeout(slowMs),
      ...(body === undefined ? {} : { body, headers: { "content-type": type } }),
    });
    const text = await response.text();
    return [response.status, text === "" ? {} : (JSON.parse(text) as Json)];
  }

  /** An answer that is no JSON, such as a picture. */
  async get(path: string): Promise<Response> {
    return fetch(`${this.#url}/api/v1/printers${path}`, { signal: AbortSignal.timeout(slowMs) });
  }

  async state(printer = id): Promise<Json> {
    return (await this.request("GET", `/${printer}/state`))[1];
  }

  async command(name: string, input?: Json): Promise<[number, Json]> {
    return this.request("POST", `/${id}/commands/${name}`, input === undefined ? undefined : JSON.stringify(input));
  }

  async acknowledged(name: string, input?: Json): Promise<void> {
    const [status, answer] = await this.command(name, input);
    assert.deepEqual([status, answer["outcome"]], [200, "acknowledged"], `${name}: ${JSON.stringify(answer)}`);
  }

  async refused(code: string, name: string, input?: Json): Promise<Json> {
    const [, problem] = await this.command(name, input);
    assert.equal(problem["code"], code, `${name}: ${JSON.stringify(problem)}`);
    return problem;
  }

  /** Waits for one of the phases, and says the last state when it never comes. */
  async phase(...wanted: readonly string[]): Promise<Json> {
    let last: Json = {};
    try {
      return await until(
        `the printer is ${wanted.join(" or ")}`,
        async () => {
          last = await this.state();
          return wanted.includes(String(last["phase"])) && last;
        },
        slowMs,
      );
    } catch (cause) {
      throw new Error(`not ${wanted.join(" or ")}: ${JSON.stringify(last)}`, { cause });
    }
  }

  async connected(is: boolean): Promise<Json> {
    return until(
      is ? "the printer is connected" : "the printer is told as lost",
      async () => {
        const state = await this.state();
        return state["connected"] === is && state;
      },
      slowMs,
    );
  }

  /** Which of the commands the printer has. */
  async has(...names: readonly string[]): Promise<boolean> {
    const [, { commands }] = await this.request("GET", `/${id}`);
    return names.every((name) => (commands as readonly string[]).includes(name));
  }

  async files(): Promise<readonly string[]> {
    const [, { items }] = await this.request("GET", `/${id}/files`);
    return (items as readonly { readonly name: string }[]).map(({ name }) => name);
  }

  /** Stores a file on the printer. */
  async store({ file, content }: { readonly file: string; readonly content: string }): Promise<void> {
    const [status, answer] = await this.request("PUT", `/${id}/files/${file}`, content, "text/x.gcode");
    assert.ok(status === 200 || status === 201, JSON.stringify(answer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
