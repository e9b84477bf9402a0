// A simulated Prusa with PrusaLink: its one port, the passing of time, and the handles of the admin
// interface. Facts: Prusa-Link-Web spec/openapi.yaml, Prusa-Link, and PrusaLink 0.8.1 itself.

import type { IncomingMessage, ServerResponse } from "node:http";
import sharp from "sharp";
import { holding } from "../lifetime.ts";
import { httpServer } from "../net/http.ts";
import { TcpPort } from "../net/port.ts";
import { FrameSource } from "../picture/frame-source.ts";
import type { Scene } from "../picture/scene.ts";
import { addressOf, rowNamed } from "../settings.ts";
import { type Simulator, type SimulatorDefinition, type StartOptions, UsageError } from "../simulator.ts";
import { faultTable } from "./faults.ts";
import { Gate } from "./gate.ts";
import { Printer, type State } from "./printer.ts";
import { profiles } from "./profiles.ts";
import { answer, type Knobs, type Parts } from "./routes.ts";
import { Storage } from "./storage.ts";

const tickMs = 100;
const bodyLimitBytes = 256 * 1024 * 1024;
const algorithms = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"];

const scenarioStates: Readonly<Record<string, State>> = {
  idle: "IDLE",
  printing: "PRINTING",
  paused: "PAUSED",
  finished: "FINISHED",
  stopped: "STOPPED",
  error: "ERROR",
  attention: "ATTENTION",
  ready: "READY",
};

export const prusalink: SimulatorDefinition = {
  title: "Prusa with PrusaLink, API v1",
  ports: { main: 80 },
  scenarios: ["idle", ...Object.keys(scenarioStates).slice(1)],
  settings: {
    profile: { summary: `kind: ${Object.keys(profiles).join(", ")}`, default: "pi" },
    key: { summary: "the API key", default: "simulated-key" },
    password: { summary: "the password of the user maker", default: "simulated-password" },
    algorithm: { summary: `of the digest: ${algorithms.join(", ")}`, default: "MD5-sess" },
  },
  start: startPrusaLink,
};

async function startPrusaLink(options: StartOptions): Promise<Simulator> {
  const { settings, scenario, speed, journal } = options;
  await using opened = new AsyncDisposableStack();
  const { key = "", password = "", algorithm = "" } = settings;
  if (!algorithms.includes(algorithm)) throw new UsageError(`--algorithm: legal: ${algorithms.join(", ")}`);
  const profile = rowNamed("profile", settings, profiles);
  const gate = new Gate({ apiKey: key, username: "maker", password, algorithm });
  const printer = new Printer();
  printer.settleSeconds = profile.settleSeconds;
  const storage = new Storage(profile);
  const cube = storage.put("cube.gcode", Buffer.from("; thumbnail begin\n; estimated printing time = 20m 0s\nG28\n"));
  storage.put("parts/bracket.gcode", Buffer.from("; estimated printing time = 65m 0s\nG28\n"));
  const knobs: Knobs = { silent: false, starting: false, uploadStatus: 0 };
  const look = (): Scene => sceneOf(printer);
  const source = opened.use(new FrameSource({ width: 640, height: 480, framesPerSecond: 10, look }));
  const picture = async (): Promise<Buffer> => (await source.next()).jpeg;
  const parts = { profile, printer, storage, knobs, picture, thumbnail };
  const counters = { requests: 0, now: 0, peak: 0, refused: 0 };
  const server = httpServer(async (request, response) => {
    counters.requests += 1;
    counters.now += 1;
    counters.peak = Math.max(counters.peak, counters.now);
    response.once("close", () => (counters.now -= 1));
    journal.add("http", { request: `${request.method} ${request.url}`, headers: request.headers });
    const verdict = gate.judge(request);
    if (verdict.kind !== "allowed") {
      counters.refused += 1;
      request.resume();
      if (verdict.kind === "bad-key") send(response, 403, Buffer.from("Bad X-Api-Key."), "text/html");
      else response.writeHead(401, { "WWW-Authenticate": verdict.header, Connection: "close" }).end("<h1>401</h1>");
      return;
    }
    await respond(parts, request, response);
  });
  const port = opened.use(new TcpPort(server, addressOf(options, "main")));
  await port.open();
  const enter = (name: string): void => printer.enter(scenarioStates[name] ?? "IDLE", cube);
  enter(scenario);
  const ticking = setInterval(() => printer.advance((tickMs / 1000) * speed, tickMs / 1000), tickMs);
  opened.defer(() => clearInterval(ticking));
  return holding(opened, {
    ports: { main: port.number },
    facts: { api_key: key, username: "maker", password },
    control: {
      scenarios: prusalink.scenarios,
      faults: faultTable({ gate, printer, storage, knobs, port }),
      counters: () => ({ ...counters }),
      state: () => structuredClone({ state: printer.state, job: printer.job?.id ?? null, position: printer.position }),
      setScenario: enter,
      powerCycle: async () => {
        await port.close("reset");
        enter("idle");
        await port.open();
      },
      advance: (seconds) => printer.advance(seconds, seconds),
    },
  });
}

async function respond(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= bodyLimitBytes) chunks.push(chunk);
  }
  if (parts.knobs.silent) return;
  if (parts.knobs.starting) {
    send(response, 503, Buffer.from('{"title":"Printer is not ready"}'), json);
    return;
  }
  const path = decodeURIComponent((request.url ?? "/").split("?", 1)[0] ?? "/");
  const { status, body, bytes, type = json } = await answer(parts, { request, path, body: Buffer.concat(chunks) });
  send(response, status, bytes ?? Buffer.from(body === undefined ? "" : JSON.stringify(body)), type);
}

const json = "application/json";

function send(response: ServerResponse, status: number, body: Buffer, type: string): void {
  const fresh = type === "image/jpeg" ? { "Last-Modified": new Date().toUTCString() } : {};
  // The answers have no body at all then, not an empty one of some type.
  const about = status === 204 || status === 304 ? {} : { "Content-Type": type, "Content-Length": body.length };
  response.writeHead(status, { ...about, ...fresh, Connection: "close" }).end(body);
}

function sceneOf({ position, job, nozzle }: Printer): Scene {
  const grown = job === undefined ? undefined : Math.min(1, job.printedSeconds / job.file.seconds);
  const heat = Math.min(1, nozzle.actual / 215);
  return {
    headX: position.x / 250,
    headY: position.y / 210,
    grown,
    bedDrop: grown ?? 0.3,
    lightOn: true,
    nozzleHeat: heat,
  };
}

/** An orange vase on grey. */
async function thumbnail(): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160"><rect width="160" height="160" fill="#39424d"/>
    <path d="M62 128C30 96 44 76 72 52V34H88V52C116 76 130 96 98 128Z" fill="#fa7624"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}
