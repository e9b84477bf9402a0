// A plain webcam: MJPEG on /stream with correct multipart headers, one picture on /snapshot.jpg. Its
// faults are what cheap cameras and bad networks do.

import type { IncomingMessage, ServerResponse } from "node:http";
import { httpServer, pathOf } from "../net/http.ts";
import { TcpPort } from "../net/port.ts";
import { FrameSource } from "../picture/frame-source.ts";
import type { Scene } from "../picture/scene.ts";
import { addressOf, wholeNumber } from "../settings.ts";
import { type Control, type Simulator, type SimulatorDefinition, type StartOptions, UsageError } from "../simulator.ts";
import { webcamFaults } from "./faults.ts";
import { Webcam } from "./webcam.ts";

const rates = { minimum: 1, maximum: 60 } as const;
const sides = { minimum: 160, maximum: 4096 } as const;
/** How long the print in the picture takes to grow, seconds. */
const growthSeconds = 240;

export const mjpegCamera: SimulatorDefinition = {
  title: "a plain MJPEG webcam: /stream and /snapshot.jpg",
  ports: { main: 8080 },
  scenarios: ["printing", "idle"],
  settings: {
    fps: { summary: "pictures a second, 1 to 60", default: "10" },
    size: { summary: "width and height in pixels", default: "1280x720" },
  },
  start: startWebcam,
};

async function startWebcam(options: StartOptions): Promise<Simulator> {
  const { settings, scenario, journal } = options;
  let scene = scenario;
  const source = new FrameSource({
    ...readSize(settings["size"] ?? ""),
    framesPerSecond: wholeNumber("fps", settings["fps"] ?? "", rates.minimum, rates.maximum),
    look: () => (scene === "idle" ? idleScene : printingScene()),
  });
  const webcam = new Webcam(source);
  const port = new TcpPort(
    httpServer(async (request, response) => {
      journal.add("http", { request: `${request.method} ${request.url}`, headers: request.headers });
      await route(webcam, request, response);
    }),
    addressOf(options, "main"),
  );
  await port.open();
  const control: Control = {
    scenarios: mjpegCamera.scenarios,
    faults: webcamFaults(webcam, source, port),
    counters: () => ({ camera: { ...webcam.counters } }),
    state: () => ({ scenario: scene }),
    setScenario: (name) => {
      scene = name;
    },
    powerCycle: async () => {
      await port.close("reset");
      await port.open();
    },
    advance: () => {},
  };
  return {
    ports: { main: port.number },
    facts: {},
    control,
    [Symbol.asyncDispose]: async () => {
      source[Symbol.dispose]();
      await port.close("end");
    },
  };
}

async function route(webcam: Webcam, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = pathOf(request);
  if (request.method === "GET" && path === "/stream") webcam.stream(response);
  else if (request.method === "GET" && path === "/snapshot.jpg") await webcam.snapshot(response);
  else response.writeHead(404, { "Content-Type": "text/plain" }).end("GET /stream or /snapshot.jpg\n");
}

/** Reads `1280x720`. @throws UsageError for anything else. */
function readSize(text: string): { width: number; height: number } {
  const [, width = "", height = ""] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (width === "") throw new UsageError(`--size: "${text}" is not a width and a height such as 1280x720`);
  return { width: readSide(width), height: readSide(height) };
}

function readSide(text: string): number {
  return wholeNumber("size", text, sides.minimum, sides.maximum);
}

const idleScene: Scene = { headX: 0.8, headY: 0, grown: undefined, bedDrop: 0.4, lightOn: true, nozzleHeat: 0 };

function printingScene(): Scene {
  const seconds = Date.now() / 1000;
  const grown = (seconds % growthSeconds) / growthSeconds;
  return {
    headX: 0.5 + 0.13 * Math.sin(seconds * 3.1),
    headY: 0.5 + 0.4 * Math.sin(seconds * 2.3),
    grown,
    bedDrop: grown * 0.95,
    lightOn: true,
    nozzleHeat: 1,
  };
}
