// What the printers are doing, from the gateway's event stream: one connection for those that are asked
// about, opened again for as long as anybody asks, none while nobody does.

import type { IncomingMessage } from "node:http";
import { Backoff } from "@gantry/platform/backoff";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { clientFor } from "@gantry/platform/node-http";
import * as z from "zod";
import { EventReader, type ServerEvent } from "./events.ts";
import { jobNews, printerStateSchema, unclear, type JobNews, type PrinterState } from "./job.ts";

export interface PrinterJobsOptions {
  readonly gatewayUrl: string;
  /** What the gateway wants to be shown; read at each request. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  /** A printer's news are others than before, or told anew. */
  readonly onNews: (printer: string, news: JobNews) => void;
}

/** The gateway writes a comment every 15 s. */
const silenceMs = 40_000;

const snapshotSchema = z.object({ items: z.array(z.object({ state: printerStateSchema })) });

export class PrinterJobs implements AsyncDisposable {
  readonly #options: PrinterJobsOptions;
  readonly #news = new Map<string, JobNews>();
  #asked = "";
  #stop = new AbortController();
  #reading: Promise<void> = Promise.resolve();

  constructor(options: PrinterJobsOptions) {
    this.#options = options;
  }

  /** Which printers are asked about from now on. */
  follow(ids: readonly string[]): void {
    const asked = ids.toSorted().join(",");
    if (asked === this.#asked) return;
    this.#asked = asked;
    for (const id of this.#news.keys()) if (!ids.includes(id)) this.#news.delete(id);
    this.#stop.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    if (asked !== "") this.#reading = Promise.all([this.#reading, this.#follow(asked, signal)]).then(() => undefined);
  }

  /** `unclear` until the gateway has told. */
  of(id: string): JobNews {
    return this.#news.get(id) ?? unclear;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  /** Never rejects. */
  async #follow(asked: string, signal: AbortSignal): Promise<void> {
    const { clock, log, gatewayUrl } = this.#options;
    const base = gatewayUrl.endsWith("/") ? gatewayUrl : `${gatewayUrl}/`;
    const url = new URL(`api/v1/events?printers=${encodeURIComponent(asked)}`, base).href;
    const backoff = new Backoff({ firstMs: 500, maxMs: 15_000 });
    while (!signal.aborted) {
      try {
        await this.#read(url, signal, () => backoff.reset());
      } catch (error) {
        if (!signal.aborted) log.debug("the gateway's events are asked for again", { error });
      }
      await clock.wait(backoff.next(), signal).catch(() => undefined);
    }
  }

  async #read(url: string, signal: AbortSignal, onUnderstood: () => void): Promise<void> {
    const response = await open(url, this.#options.headers(), signal);
    response.setTimeout(silenceMs, () => response.destroy(new Error("the gateway's event stream went silent")));
    const reader = new EventReader();
    for await (const piece of response.setEncoding("utf8") as AsyncIterable<string>) {
      for (const event of reader.take(piece)) {
        if (signal.aborted) return;
        this.#take(event);
        onUnderstood();
      }
    }
  }

  #take({ name, data }: ServerEvent): void {
    if (name === "state") this.#tell(printerStateSchema.parse(JSON.parse(data)));
    if (name !== "snapshot") return;
    for (const { state } of snapshotSchema.parse(JSON.parse(data)).items) this.#tell(state);
  }

  #tell(state: PrinterState): void {
    const news = jobNews(state);
    this.#news.set(state.id, news);
    this.#options.onNews(state.id, news);
  }
}

/** Not fetch, which costs several times as much memory. @throws Error for any answer but 200 */
async function open(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const asking = clientFor(url).get(url, { signal, headers, agent: false }, (response) => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      reject(new Error(`the gateway answered HTTP ${response.statusCode} to a request for its events`));
    });
    asking.setTimeout(silenceMs, () => asking.destroy(new Error("the gateway does not answer")));
    asking.on("error", reject);
  });
}
