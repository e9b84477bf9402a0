// A simulated Klipper printer behind Moonraker: its port, its webcam's port, the passing of time, and
// the handles of the admin interface. Facts: Moonraker's docs/external_api, Klipper's
// docs/Status_Reference.md, and Moonraker 0.11 in front of a stand-in.

import { holding } from "../lifetime.ts";
import { httpServer } from "../net/http.ts";
import { TcpPort } from "../net/port.ts";
import { Webcam } from "../mjpeg-camera/webcam.ts";
import { FrameSource } from "../picture/frame-source.ts";
import { addressOf, pictureRate } from "../settings.ts";
import type { Control, Simulator, SimulatorDefinition, StartOptions } from "../simulator.ts";
import { faultTable } from "./faults.ts";
import { sampleFile } from "./files.ts";
import { Moonraker } from "./moonraker.ts";
import { statusObjects } from "./objects.ts";
import { enterScenario, scenarios } from "./scenarios.ts";
import { Sockets } from "./sockets.ts";
import { sceneOf } from "./view.ts";
import { webHandler } from "./web.ts";

const tickMs = 100;

export const moonraker: SimulatorDefinition = {
  title: "Klipper with Moonraker, JSON-RPC",
  ports: { main: 7125, camera: 8080 },
  scenarios,
  settings: {
    key: { summary: "the API key", default: "0123456789abcdef0123456789abcdef" },
    fps: { summary: "pictures a second, 1 to 30", default: "10" },
  },
  start: startMoonraker,
};

async function startMoonraker(options: StartOptions): Promise<Simulator> {
  const { host, settings, scenario, speed, journal } = options;
  await using opened = new AsyncDisposableStack();
  const apiKey = settings["key"] ?? "";
  // As its owner would write it, who knows no address that everybody reaches.
  const webcamHost = host === "0.0.0.0" ? "localhost" : host;
  const server = new Moonraker({ apiKey, journal, webcam: () => `http://${webcamHost}:${camera.number}` });
  const { klippy } = server;
  opened.use(klippy);
  const framesPerSecond = pictureRate(settings);
  const source = opened.use(new FrameSource({ width: 640, height: 480, framesPerSecond, look: () => sceneOf(klippy) }));
  const sockets = opened.use(new Sockets(server));
  const http = httpServer(webHandler(server));
  http.on("upgrade", (request, stream, head: Buffer) => sockets.upgrade(request, stream, head));
  const main = opened.use(new TcpPort(http, addressOf(options, "main")));
  const camera = opened.use(new TcpPort(webcamServer(new Webcam(source)), addressOf(options, "camera")));
  await main.open();
  await camera.open();
  server.files.put("cube.gcode", sampleFile({ time: "20m 0s", thumbnail: true }));
  server.files.put("parts/bracket.gcode", sampleFile({ time: "1h 5m 0s", thumbnail: false }));
  enterScenario(server, scenario);
  const ticking = setInterval(() => klippy.advance((tickMs / 1000) * speed), tickMs);
  opened.defer(() => clearInterval(ticking));
  const control: Control = {
    scenarios,
    faults: faultTable({ moonraker: server, sockets, port: main }),
    counters: () => structuredClone({ ...server.counters, gcode: klippy.ran }),
    state: () => ({ klippy: klippy.state, objects: statusObjects(klippy) }),
    setScenario: (name) => enterScenario(server, name),
    powerCycle: async () => {
      await main.close("reset");
      klippy.restart();
      await main.open();
    },
    advance: (seconds) => klippy.advance(seconds),
  };
  return holding(opened, {
    ports: { main: main.number, camera: camera.number },
    facts: { api_key: apiKey },
    control,
  });
}

function webcamServer(webcam: Webcam): ReturnType<typeof httpServer> {
  return httpServer(async (request, response) => {
    if (request.url === "/stream") webcam.stream(response);
    else if (request.url === "/snapshot.jpg") await webcam.snapshot(response);
    else response.writeHead(404, { "Content-Type": "text/html" }).end("<p>no such page</p>\n");
  });
}
