// A simulated OctoPrint with its machine: its port, its webcam's port, the passing of time, and the
// handles of the admin interface. Facts: OctoPrint's REST and push manuals and its sources, held
// against OctoPrint 1.11.8 with its virtual printer by the scenarios.

import type { IncomingMessage, ServerResponse } from "node:http";
import { holding } from "../lifetime.ts";
import { Webcam } from "../mjpeg-camera/webcam.ts";
import { httpServer } from "../net/http.ts";
import { TcpPort } from "../net/port.ts";
import { FrameSource } from "../picture/frame-source.ts";
import type { Scene } from "../picture/scene.ts";
import { addressOf, pictureRate, rowNamed } from "../settings.ts";
import type { Control, Simulator, SimulatorDefinition, StartOptions } from "../simulator.ts";
import { connectionDocument, jobDocument, temperatures } from "./documents.ts";
import { faultTable } from "./faults.ts";
import type { Machine } from "./machine.ts";
import { OctoPrint } from "./octoprint.ts";
import { PushServer } from "./push.ts";
import { releases } from "./releases.ts";
import { enterScenario, fillStorage, scenarios } from "./scenarios.ts";
import { webHandler } from "./web.ts";

const tickMs = 100;

export const octoprint: SimulatorDefinition = {
  title: "OctoPrint, REST and push socket",
  ports: { main: 5000, camera: 8080 },
  scenarios,
  settings: {
    release: { summary: `which OctoPrint: ${Object.keys(releases).join(", ")}`, default: "1.11" },
    key: { summary: "the API key", default: "0C70B4D5A1E64C7F9B3E2D1A0F5C6E7D" },
    fps: { summary: "pictures a second, 1 to 30", default: "10" },
  },
  start: startOctoPrint,
};

async function startOctoPrint(options: StartOptions): Promise<Simulator> {
  const { host, settings, scenario, speed, journal } = options;
  await using opened = new AsyncDisposableStack();
  const apiKey = settings["key"] ?? "";
  const framesPerSecond = pictureRate(settings);
  const server = new OctoPrint({
    release: rowNamed("release", settings, releases),
    apiKey,
    journal,
    webcamUrl: () => `http://${hostFor(host)}:${camera.number}`,
  });
  const { machine } = server;
  const look = (): Scene => sceneOf(machine);
  const webcam = new Webcam(opened.use(new FrameSource({ width: 640, height: 480, framesPerSecond, look })));
  const push = opened.use(new PushServer(server));
  const http = httpServer(webHandler(server));
  http.on("upgrade", (request, stream, head: Buffer) => push.upgrade(request, stream, head));
  const main = opened.use(new TcpPort(http, addressOf(options, "main")));
  const camera = opened.use(
    new TcpPort(
      httpServer(async (request, response) => showPicture(webcam, request, response)),
      addressOf(options, "camera"),
    ),
  );
  await main.open();
  await camera.open();
  fillStorage(server);
  enterScenario(server, scenario);
  const ticking = setInterval(() => machine.advance((tickMs / 1000) * speed, tickMs / 1000), tickMs);
  opened.defer(() => clearInterval(ticking));
  const control: Control = {
    scenarios,
    faults: faultTable({ octoprint: server, push, port: main, webcam }),
    counters: () => structuredClone({ ...server.counters, camera: webcam.counters, gcode: machine.gcode }),
    state: () => ({
      connection: connectionDocument(server),
      job: jobDocument(server),
      temperature: temperatures(machine),
    }),
    setScenario: (name) => enterScenario(server, name),
    powerCycle: async () => {
      await main.close("reset");
      push.drop("reset");
      server.sessions.clear();
      enterScenario(server, "idle");
      await main.open();
    },
    advance: (seconds) => machine.advance(seconds, seconds),
  };
  return holding(opened, {
    ports: { main: main.number, camera: camera.number },
    facts: { api_key: apiKey },
    control,
  });
}

/** mjpg-streamer's addresses, as OctoPi has them. */
async function showPicture(webcam: Webcam, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const action = URL.parse(request.url ?? "/", "http://webcam")?.searchParams.get("action");
  if (action === "stream") webcam.stream(response);
  else if (action === "snapshot") await webcam.snapshot(response);
  else response.writeHead(404, { "Content-Type": "text/html" }).end("<p>404</p>\n");
}

function sceneOf({ selected, isBusy, state, heaters, z }: Machine): Scene {
  const seconds = Date.now() / 1000;
  const moving = state === "PRINTING";
  const done = (selected?.completion ?? 0) / 100;
  return {
    headX: moving ? 0.5 + 0.13 * Math.sin(seconds * 3.1) : 0.5,
    headY: moving ? 0.5 + 0.4 * Math.sin(seconds * 2.3) : 0,
    grown: isBusy || done === 1 ? done : undefined,
    bedDrop: Math.min(1, (z ?? 20) / 100),
    lightOn: true,
    nozzleHeat: Math.min(1, (heaters["tool0"]?.actual ?? 0) / 220),
  };
}

/** What a webcam on every address is called in its settings, as owners write it; IPv6 in brackets. */
function hostFor(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
