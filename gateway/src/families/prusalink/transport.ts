// PrusaLink's HTTP: one request after the other, each on a connection of its own, because Buddy
// boards have few sockets. Key or digest, deadline, and what a refusal means in the product's codes.
// No meaning of any answer.

import { randomBytes } from "node:crypto";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { clientFor } from "@gantry/platform/node-http";
import { PrinterError } from "../../model/errors.ts";
import type { Connection } from "./connection.ts";
import { authorization, parseChallenge, type Challenge } from "./digest.ts";
import { Lane } from "./lane.ts";
import { readBody, readJson, refusal, refusedCredential } from "./answers.ts";

/** A nonce is bound to it on the Raspberry Pi. */
const userAgent = "Gantry";
const answerMs = 15_000;

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path and query, percent-encoded, from the first slash. */
  readonly path: string;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, made anew for each try. Its length is a header. */
  readonly body?: () => Readable;
  /** Longest time in which nothing comes and nothing goes, ms. */
  readonly deadlineMs?: number;
  /** Statuses that are answers, besides 2xx. */
  readonly accept?: readonly number[];
}

export class Transport {
  readonly #connection: Connection;
  readonly #control = new Lane();
  /** Transfers take long: the status goes on beside them. */
  readonly #bulk = new Lane();
  #challenge: Challenge | undefined;
  #cnonce = "";
  #count = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** A JSON answer; null where there is none (204). @throws PrinterError as `refusal` says */
  async json(path: string, signal: AbortSignal): Promise<unknown> {
    return this.#control.run(signal, async () => {
      const response = await this.#ask({ method: "GET", path, signal });
      const body = await readBody(response);
      return response.statusCode === 204 ? null : readJson(body);
    });
  }

  /** Asks for something to be done, with JSON where there is an input. @throws PrinterError as `refusal` says */
  async command(method: "POST" | "PUT" | "DELETE", path: string, signal: AbortSignal, input?: object): Promise<void> {
    const text = input === undefined ? "" : JSON.stringify(input);
    const type = input === undefined ? {} : { "Content-Type": "application/json" };
    const headers = { ...type, "Content-Length": String(Buffer.byteLength(text)) };
    await this.#control.run(signal, async () => {
      const response = await this.#ask({
        method,
        path,
        signal,
        headers,
        ...(text !== "" && { body: () => bodyOf(text) }),
      });
      await readBody(response);
    });
  }

  /** Sends a file, one at a time. @throws PrinterError as `refusal` says */
  async upload(request: Request): Promise<void> {
    // A body is not sent in vain: the nonce is fetched first.
    if (this.#needsChallenge) await this.json("/api/version", request.signal);
    await this.#bulk.run(request.signal, async () => readBody(await this.#ask(request)));
  }

  /** An answer whose body is left to who asked. @throws PrinterError as `refusal` says */
  async open(request: Request): Promise<IncomingMessage> {
    return this.#ask(request);
  }

  get #needsChallenge(): boolean {
    return this.#connection.api_key === undefined && this.#challenge === undefined;
  }

  /** One request, with a second try where a digest is asked for or its nonce has grown old. */
  async #ask(request: Request): Promise<IncomingMessage> {
    const before = this.#challenge;
    const response = await this.#send(request);
    if (response.statusCode !== 401) return this.#judged(response, request);
    response.resume();
    const challenge = parseChallenge(response.headers["www-authenticate"] ?? "");
    if (this.#connection.api_key !== undefined || challenge === undefined) throw refusedCredential();
    if (before !== undefined && before === this.#challenge && !challenge.stale && before.nonce === challenge.nonce) {
      throw refusedCredential();
    }
    this.#challenge = challenge;
    this.#cnonce = randomBytes(16).toString("hex");
    this.#count = 0;
    const again = await this.#send(request);
    if (again.statusCode !== 401) return this.#judged(again, request);
    again.resume();
    this.#challenge = undefined;
    throw refusedCredential();
  }

  async #judged(response: IncomingMessage, { accept = [] }: Request): Promise<IncomingMessage> {
    const { statusCode: status = 0 } = response;
    if ((status >= 200 && status < 300) || accept.includes(status)) return response;
    throw refusal(status, (await readBody(response)).toString("utf8"));
  }

  async #send({ method, path, signal, headers = {}, body, deadlineMs = answerMs }: Request): Promise<IncomingMessage> {
    signal.throwIfAborted();
    const url = new URL(this.#connection.url);
    const uri = `${url.pathname.replace(/\/$/u, "")}${path}`;
    const request = clientFor(url).request({
      protocol: url.protocol,
      // The URL writes an IPv6 address in brackets, the socket takes it without.
      hostname: url.hostname.replace(/^\[(.*)\]$/u, "$1"),
      port: url.port,
      method,
      path: uri,
      agent: false,
      // From connecting to the last byte of the answer, whenever nothing moves.
      timeout: deadlineMs,
      signal,
      headers: { Accept: "application/json", "User-Agent": userAgent, ...headers, ...this.#credential(method, uri) },
    });
    request.on("timeout", () => {
      request.destroy(new PrinterError("timeout", `PrusaLink did not answer within ${deadlineMs} ms`));
    });
    try {
      return await answered(request, body);
    } catch (error) {
      signal.throwIfAborted();
      throw PrinterError.from(error);
    }
  }

  #credential(method: string, uri: string): Record<string, string> {
    const { api_key: key, username, password = "" } = this.#connection;
    if (key !== undefined) return { "X-Api-Key": key };
    if (this.#challenge === undefined) return {};
    this.#count += 1;
    const asked = { method, uri, count: this.#count, cnonce: this.#cnonce };
    return { Authorization: authorization(this.#challenge, { username, password }, asked) };
  }
}

async function answered(request: ClientRequest, body: (() => Readable) | undefined): Promise<IncomingMessage> {
  const content = body?.();
  try {
    return await new Promise((resolve, reject) => {
      request.once("response", (response) => {
        // Answered before its end, the rest of the body is for nobody.
        response.once("close", () => content?.destroy());
        resolve(response);
      });
      // A printer that refuses an upload may close in its midst: what it answered comes first.
      request.on("error", (error) => setImmediate(() => reject(error)));
      if (content === undefined) request.end();
      else content.once("error", (error) => request.destroy(error)).pipe(request);
    });
  } catch (error) {
    content?.destroy();
    throw error;
  }
}

function bodyOf(text: string): Readable {
  return Readable.from([Buffer.from(text)]);
}
