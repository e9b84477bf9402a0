// The whole HTTP app over a fake fleet, on a free loopback port, with a clock that stands still.

import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@gantry/platform/fake-clock";
import { listen } from "@gantry/platform/http-server";
import { silentLog } from "@gantry/platform/log";
import type { FakeFleet } from "./fake-fleet.ts";
import { createHttpApp, type HttpApp, type HttpAppOptions } from "./http-app.ts";

export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly clock: FakeClock;
  readonly app: HttpApp;
}

export async function startTestGateway(
  fleet: FakeFleet,
  options: Partial<Omit<HttpAppOptions, "allowedHosts">> & { readonly allowedHosts?: readonly string[] } = {},
): Promise<TestGateway> {
  const clock = new FakeClock();
  const { allowedHosts = [], ...others } = options;
  // Without a folder of the test's own, one that nothing is to appear in.
  const spoolFolder = join(tmpdir(), `gantry-${randomUUID()}`);
  const defaults = { clock, log: silentLog, version: "1.2.3", spoolFolder };
  const app = createHttpApp(fleet, { ...defaults, ...others, allowedHosts: () => allowedHosts });
  const server = await listen(app.handler, { host: "127.0.0.1", port: 0 });
  return {
    url: server.url,
    clock,
    app,
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Reads a stream of text until `found` is in it, and gives everything read so far. */
export function textReader(response: Response): (found: string) => Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return async (found) => {
    while (!text.includes(found)) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) throw new Error(`the stream ended without ${JSON.stringify(found)}: ${text}`);
      text += value;
    }
    return text;
  };
}
