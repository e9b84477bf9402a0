// For tests: the part of the RTSP bridge that keeps recordings, with one of each kind for each printer.

import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { listen } from "@gantry/platform/http-server";

export const content = "0123456789".repeat(10);

export class TestBridge implements AsyncDisposable {
  readonly asked: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = [];
  /** By printer: how many recordings it has. */
  readonly recordings = new Map<string, number>([["a", 1]]);
  /** Answers files instead, when set. */
  onFile: ((response: ServerResponse) => void) | undefined;
  #server: Awaited<ReturnType<typeof listen>> | undefined;

  static async start(): Promise<TestBridge> {
    const bridge = new TestBridge();
    bridge.#server = await listen(({ url = "", headers }, response) => bridge.#answer(url, headers, response), {
      host: "127.0.0.1",
      port: 0,
      graceMs: 0,
    });
    return bridge;
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  #answer(url: string, headers: IncomingHttpHeaders, response: ServerResponse): void {
    this.asked.push({ url, headers });
    const { pathname, searchParams } = new URL(url, "http://bridge");
    const [shelf = "", id] = pathname.split("/").slice(3);
    const items = this.#items(shelf, searchParams.get("printer") ?? "");
    if (id === undefined)
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ items }));
    else if (!items.some((item) => item.id === id)) response.writeHead(404).end();
    else if (this.onFile !== undefined) this.onFile(response);
    else sendPart(headers.range, response);
  }

  #items(shelf: string, printer: string) {
    const kept = Array.from({ length: this.recordings.get(printer) ?? 0 }, (_, index) => ({
      id: `${printer}.${100 - index}`,
      printer,
      startedAt: "2026-01-31T18:45:02.000Z",
      endedAt: index === 0 ? null : "2026-01-31T18:55:02.000Z",
      sizeBytes: 6_900_000,
      seconds: index === 0 ? null : 600,
    }));
    const films = kept.slice(0, 1).map((item) => ({ ...item, job: "<Würfel>", seconds: 12, endedAt: item.startedAt }));
    return shelf === "timelapses" ? films : kept;
  }
}

function sendPart(range: string | undefined, response: ServerResponse): void {
  const [, from] = /^bytes=(\d+)-$/u.exec(range ?? "") ?? [];
  const start = Number(from ?? 0);
  const about = { "Content-Type": "video/mp4", "Accept-Ranges": "bytes", ETag: '"x"', "X-Other": "y" };
  if (start >= content.length) {
    response.writeHead(416, { "Content-Range": `bytes */${content.length}` }).end();
    return;
  }
  const part = { "Content-Range": `bytes ${start}-${content.length - 1}/${content.length}` };
  response.writeHead(from === undefined ? 200 : 206, { ...about, ...(from === undefined ? {} : part) });
  response.end(content.slice(start));
}
