// The hidden control of a simulator: HTTP with JSON on a port of its own, never on the printer's
// wire. Loopback and trusted: it is there for tests.

import type { IncomingMessage } from "node:http";
import { listenHttp, pathOf } from "../net/http.ts";
import type { Control } from "../simulator.ts";
import { FaultBoard } from "./faults.ts";
import type { Journal } from "./journal.ts";
import { AdminInputError } from "./parameters.ts";

type JsonObject = Readonly<Record<string, unknown>>;
type Route = (request: { readonly body: JsonObject; readonly query: URLSearchParams }) => unknown;

export interface AdminServer extends AsyncDisposable {
  /** `http://HOST:PORT` */
  readonly url: string;
}

const bodyLimitBytes = 64 * 1024;

/** Listens on `port` (0: any free one). Bad input gets 400 with what is legal; it changes nothing. */
export async function startAdmin(
  control: Control,
  journal: Journal,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<AdminServer> {
  const board = new FaultBoard(control.faults);
  const routes = routesFor(control, journal, board);
  const server = await listenHttp({ host, port }, async (request, response) => {
    const { status, body } = await answer(routes, request);
    const text = JSON.stringify(body, undefined, 2);
    response.writeHead(status, { "Content-Type": "application/json" }).end(`${text}\n`);
  });
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    async [Symbol.asyncDispose]() {
      board[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function answer(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
): Promise<{ status: number; body: unknown }> {
  const route = routes.get(`${request.method} ${pathOf(request)}`);
  if (route === undefined) {
    return { status: 404, body: { error: `no such request; legal: ${[...routes.keys()].join(", ")}` } };
  }
  try {
    const body = request.method === "POST" ? await readBody(request) : {};
    return { status: 200, body: await route({ body, query: new URLSearchParams(request.url?.split("?", 2)[1]) }) };
  } catch (error) {
    if (error instanceof AdminInputError) return { status: 400, body: { error: error.message } };
    return { status: 500, body: { error: String(error) } };
  }
}

function routesFor(control: Control, journal: Journal, board: FaultBoard): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ["GET /", () => ({ faults: board.describe(), active: board.active(), scenarios: control.scenarios })],
    ["GET /log", ({ query }) => ({ items: journal.items(Number(query.get("after")) || 0) })],
    ["GET /counters", () => control.counters()],
    ["GET /state", () => control.state()],
    ["POST /fault", async ({ body }) => fault(board, body)],
    ["POST /scenario", async ({ body }) => scenario(control, body)],
    ["POST /advance", ({ body }) => advance(control, body)],
    ["POST /power-cycle", async () => control.powerCycle().then(() => ({ ok: true }))],
  ]);
}

async function fault(board: FaultBoard, { name, clear, ...parameters }: JsonObject): Promise<unknown> {
  if (clear !== undefined && typeof clear !== "boolean") throw new AdminInputError('"clear" must be true or false');
  if (name === undefined && clear === true) await board.clearAll();
  else if (typeof name !== "string") throw new AdminInputError('"name" must be the name of a fault; GET / lists them');
  else if (clear === true) await board.clear(name);
  else await board.set(name, parameters);
  return { ok: true, active: board.active() };
}

async function scenario(control: Control, body: JsonObject): Promise<unknown> {
  const { name } = body;
  if (typeof name !== "string" || !control.scenarios.includes(name)) {
    throw new AdminInputError(`"name" must be a scenario; legal: ${control.scenarios.join(", ")}`);
  }
  await control.setScenario(name);
  return { ok: true };
}

function advance(control: Control, { seconds }: JsonObject): unknown {
  if (typeof seconds !== "number" || !(seconds > 0 && seconds <= 7 * 86_400)) {
    throw new AdminInputError('"seconds" must be a number above 0 and up to 604800');
  }
  control.advance(seconds);
  return { ok: true };
}

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitBytes) throw new AdminInputError(`a body is at most ${bodyLimitBytes} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  if (text.trim() === "") return {};
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as JsonObject;
  } catch {
    // Falls through to the one message for everything that is no object.
  }
  throw new AdminInputError('the body must be one JSON object, such as {"name": "..."}');
}
