// MediaMTX's control API, the few requests that the bridge makes. It decides nothing.
// Shapes: MediaMTX v1.20.1, api/openapi.yaml.

import { text } from "node:stream/consumers";
import { clientFor } from "@gantry/platform/node-http";
import * as z from "zod";
import type { PathConfig } from "./config.ts";
import { MediamtxError } from "./errors.ts";
import type { GlobalConfig } from "./outputs.ts";

/** How long an answer may take. The path manager answers in milliseconds unless it hangs. */
const answerMs = 3000;

const infoSchema = z.object({ version: z.string() });
const pathSchema = z.object({ name: z.string(), readers: z.array(z.unknown()).nullish() });
const pathListSchema = z.object({ pageCount: z.number(), items: z.array(pathSchema).nullish() });

const sessionSchema = z.object({
  id: z.string(),
  path: z.string(),
  user: z.string().nullish(),
  /** HLS has none: its sessions only ever read. */
  state: z.string().nullish(),
});
const sessionListSchema = z.object({ pageCount: z.number(), items: z.array(sessionSchema).nullish() });

/** A viewer's session. */
export interface ViewerSession {
  /** As the control API calls its list: `rtspsessions`, `hlssessions`, … */
  readonly kind: string;
  readonly id: string;
  readonly path: string;
  /** Empty for who showed no credentials. */
  readonly user: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface ControlApiOptions {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Ends every request. */
  readonly signal?: AbortSignal;
}

export class ControlApi {
  readonly #options: ControlApiOptions;

  constructor(options: ControlApiOptions) {
    this.#options = options;
  }

  /** The version, as soon as the API answers. @throws MediamtxError `unreachable`, `refused` */
  async version(): Promise<string> {
    return infoSchema.parse(await this.#request("GET", "info")).version;
  }

  /** Adds a path, or puts new settings in place of its old ones: its publisher and viewers then go. */
  async replacePath(name: string, config: PathConfig): Promise<void> {
    await this.#request("POST", `config/paths/replace/${encodeURIComponent(name)}`, config);
  }

  /** Takes a path away, and with it its publisher and viewers. A path that is not there is fine. */
  async deletePath(name: string): Promise<void> {
    await this.#request("DELETE", `config/paths/delete/${encodeURIComponent(name)}`, undefined, [404]);
  }

  /** Puts settings that are not of one path in force. What listens may listen anew, this API too. */
  async patchGlobal(config: GlobalConfig): Promise<void> {
    await this.#request("PATCH", "config/global/patch", config);
  }

  /** Everybody who watches, by these kinds of sessions. */
  async sessions(kinds: readonly string[]): Promise<ViewerSession[]> {
    const sessions: ViewerSession[] = [];
    for (const kind of kinds) {
      for (let page = 0, pages = 1; page < pages; page += 1) {
        const list = sessionListSchema.parse(await this.#request("GET", `${kind}/list?itemsPerPage=1000&page=${page}`));
        for (const { id, path, user, state } of list.items ?? []) {
          if ((state ?? "read") === "read") sessions.push({ kind, id, path, user: user ?? "" });
        }
        pages = list.pageCount;
      }
    }
    return sessions;
  }

  /** Ends a viewer's session. One that is gone is fine. */
  async kick({ kind, id }: Pick<ViewerSession, "kind" | "id">): Promise<void> {
    await this.#request("POST", `${kind}/kick/${encodeURIComponent(id)}`, undefined, [404]);
  }

  /** Number of viewers of every path. */
  async viewers(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (let page = 0, pages = 1; page < pages; page += 1) {
      const list = pathListSchema.parse(await this.#request("GET", `paths/list?itemsPerPage=1000&page=${page}`));
      for (const path of list.items ?? []) counts.set(path.name, path.readers?.length ?? 0);
      pages = list.pageCount;
    }
    return counts;
  }

  async #request(method: string, route: string, body?: unknown, fine: readonly number[] = []): Promise<unknown> {
    const { signal } = this.#options;
    const deadline = AbortSignal.timeout(answerMs);
    let answer: Answer;
    try {
      const either = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
      answer = await this.#ask(method, route, body, either);
    } catch (error) {
      throw new MediamtxError("unreachable", `MediaMTX does not answer ${method} /v3/${route}`, { cause: error });
    }
    const { status, text: told } = answer;
    if (status >= 200 && status < 300) return parseJson(told, route);
    if (fine.includes(status)) return undefined;
    throw new MediamtxError("refused", `MediaMTX refuses ${method} /v3/${route}: ${faultOf(told, status)}`);
  }

  /** Not fetch: it is asked all the time, and fetch costs several times as much memory and work. */
  async #ask(method: string, route: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    const { url, user, password } = this.#options;
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    const headers = { authorization, "content-type": "application/json" };
    return new Promise((resolve, reject) => {
      const address = `${url}/v3/${route}`;
      const asking = clientFor(address).request(address, { method, headers, signal, agent: false }, (response) => {
        text(response).then((told) => resolve({ status: response.statusCode ?? 0, text: told }), reject);
      });
      asking.on("error", reject);
      asking.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function parseJson(text: string, route: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MediamtxError("refused", `MediaMTX answers /v3/${route} with no JSON`, { cause: error });
  }
}

/** Failures are `{"status": "error", "error": TEXT}`. */
function faultOf(text: string, status: number): string {
  try {
    return z.object({ error: z.string() }).parse(JSON.parse(text)).error;
  } catch {
    // Some other text, or none: the status says what there is to say.
    return `HTTP ${status}`;
  }
}
