// MCP over stdin and stdout for a gateway that runs elsewhere: it carries messages to and fro and
// owns no printer, because printers allow few connections. Nothing but JSON-RPC goes to stdout.

import type { Readable, Writable } from "node:stream";
import { Relay } from "./relay.ts";
import { setCallbacks, StdioServerTransport } from "./sdk.ts";

export interface McpStdioOptions {
  /** Base address of the gateway, `http://127.0.0.1:8787`; `/mcp` is added unless it is there. */
  readonly url: string;
  readonly signal: AbortSignal;
  readonly input?: Readable;
  readonly output?: Writable;
  /** Takes what the user should read; stderr by default. */
  readonly tell?: (line: string) => void;
}

const probeMs = 5000;
/** How long answers under way are waited for once stdin has ended. */
const lastAnswersMs = 5000;

/** Runs until stdin ends or the signal aborts. Gives the exit code: 1 when no gateway answers. */
export async function runMcpStdio(options: McpStdioOptions): Promise<number> {
  const { signal, input = process.stdin, output = process.stdout } = options;
  const tell = options.tell ?? ((line) => void process.stderr.write(`${line}\n`));
  const endpoint = endpointOf(options.url);
  if (endpoint === undefined) {
    tell(`gantry mcp: ${JSON.stringify(options.url)} is not an address; give --url http://HOST:8787`);
    return 1;
  }
  const fault = await probe(endpoint, signal);
  if (fault !== undefined) {
    tell(`gantry mcp: no gateway answers at ${endpoint.href} (${fault}); start it, or give --url http://HOST:8787`);
    return 1;
  }
  const stdio = new StdioServerTransport(input, output);
  const relay = new Relay(endpoint, async (message) => stdio.send(message), tell);
  const ended = Promise.withResolvers<void>();
  for (const event of ["end", "close"]) input.once(event, () => ended.resolve());
  signal.addEventListener("abort", () => ended.resolve(), { once: true });
  setCallbacks(stdio, {
    onmessage: (message) => relay.send(message),
    onerror: (error) => tell(`gantry mcp: ${error.message}`),
    onclose: () => ended.resolve(),
  });
  await stdio.start();
  await ended.promise;
  if (!signal.aborted) await relay.answered(AbortSignal.any([signal, AbortSignal.timeout(lastAnswersMs)]));
  await relay[Symbol.asyncDispose]();
  await stdio.close();
  return 0;
}

function endpointOf(url: string): URL | undefined {
  if (!URL.canParse(url)) return undefined;
  const endpoint = new URL(url);
  if (!/^https?:$/u.test(endpoint.protocol)) return undefined;
  if (!endpoint.pathname.endsWith("/mcp")) endpoint.pathname = `${endpoint.pathname.replace(/\/$/u, "")}/mcp`;
  return endpoint;
}

/** Why there is no gateway, in words; undefined when there is one. */
async function probe(endpoint: URL, signal: AbortSignal): Promise<string | undefined> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(probeMs)]);
    const response = await fetch(new URL("healthz", endpoint), { signal: limit });
    await response.body?.cancel();
    return response.ok ? undefined : `HTTP ${response.status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error && cause.message !== "" ? cause.message : message;
  }
}
