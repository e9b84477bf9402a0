// One printer of a running gateway, asked over REST in a test's words. It starts nothing.

import assert from "node:assert/strict";
import type { Stack } from "./stack.ts";
import { until } from "./until.ts";

export type Json = Readonly<Record<string, unknown>>;

export class RestPrinter {
  readonly id: string;
  readonly #stack: Stack;
  readonly #slowMs: number;

  /** `slowMs`: how long answers and changes are waited for. */
  constructor(stack: Stack, id: string, slowMs = 45_000) {
    this.#stack = stack;
    this.id = id;
    this.#slowMs = slowMs;
  }

  async request(method: string, path: string, body?: string | Buffer): Promise<Response> {
    return fetch(`${this.#stack.gatewayUrl}/api/v1/printers/${this.id}${path}`, {
      method,
      signal: AbortSignal.timeout(this.#slowMs),
      ...(body === undefined ? {} : { body: new Blob([body]), headers: { "content-type": "application/json" } }),
    });
  }

  async state(): Promise<Json> {
    return (await (await this.request("GET", "/state")).json()) as Json;
  }

  /** Status and answer of a command, named as in its path: `list-files`. */
  async command(name: string, input: Json = {}): Promise<[number, Json]> {
    const response = await this.request("POST", `/commands/${name}`, JSON.stringify(input));
    return [response.status, (await response.json()) as Json];
  }

  async acknowledged(name: string, input?: Json): Promise<void> {
    const [status, answer] = await this.command(name, input);
    assert.deepEqual([status, answer["outcome"]], [200, "acknowledged"], `${name}: ${JSON.stringify(answer)}`);
  }

  /** The refusal as it was answered. */
  async problem(code: string, name: string, input?: Json): Promise<Json> {
    const [, problem] = await this.command(name, input);
    assert.equal(problem["code"], code, `${name}: ${JSON.stringify(problem)}`);
    return problem;
  }

  /** What the refusal says. */
  async refused(code: string, name: string, input?: Json): Promise<string> {
    return String((await this.problem(code, name, input))["detail"]);
  }

  async output(name: string, input?: Json): Promise<Json> {
    const [status, answer] = await this.command(name, input);
    assert.equal(status, 200, `${name}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Waits for such a state, and says the last one when it never comes. */
  async shows(what: string, is: (state: Json) => boolean, limitMs = this.#slowMs): Promise<Json> {
    let last: Json = {};
    try {
      return await until(
        what,
        async () => {
          last = await this.state();
          return is(last) && last;
        },
        limitMs,
      );
    } catch (cause) {
      throw new Error(`${this.id} never had: ${what}: ${JSON.stringify(last)}`, { cause });
    }
  }

  async phase(...wanted: readonly string[]): Promise<Json> {
    return this.shows(`the phase ${wanted.join(" or ")}`, ({ phase }) => wanted.includes(String(phase)));
  }

  async connected(is = true): Promise<Json> {
    return this.shows(is ? "a connection" : "no connection", ({ connected }) => connected === is);
  }

  /** Waits until the gateway tells why it does not reach the printer. */
  async reason(words: RegExp): Promise<void> {
    await this.shows(`the reason ${words}`, ({ reason }) => words.test(String(reason)));
  }

  async files(): Promise<readonly { readonly name: string; readonly sizeBytes: number | null }[]> {
    const { items } = (await (await this.request("GET", "/files")).json()) as { items: [] };
    return items;
  }

  async lists(file: string): Promise<boolean> {
    return (await this.files()).some(({ name }) => name === file);
  }

  async store(file: string, content: string | Buffer): Promise<void> {
    const response = await this.request("PUT", `/files/${encodeURIComponent(file)}`, content);
    assert.equal(response.status, 200, await response.text());
  }
}
