// A fleet for the tests of surfaces: printers whose states are written by hand, a gate that does
// what it is told, and a camera with one picture. It talks to nothing.

import { Emitter } from "@gantry/platform/emitter";
import type { CameraHub, CameraStatistics, Frame, ViewerKind } from "../camera/hub.ts";
import type {
  CommandAnswer,
  CommandRequest,
  Fleet,
  FleetEvent,
  InventoryStatus,
  Printer,
  VideoSource,
} from "../fleet/fleet.ts";
import { capabilities } from "../model/capabilities.ts";
import { commandNames, commandRow } from "../model/commands.ts";
import type { JsonObject } from "../model/document.ts";
import { PrinterError } from "../model/errors.ts";
import { unknownIdentity, unknownReadings, type PrinterState, type Readings } from "../model/printer.ts";

/** Readings with every part there and known, so that every row of the telemetry table has a value. */
const fullReadings: Readings = {
  phase: "printing",
  stage: "first layer",
  job: {
    id: "j1",
    file: "cube.gcode",
    progressRatio: 0.42,
    elapsedSeconds: 812,
    remainingSeconds: 1120,
    layer: 42,
    layers: 100,
  },
  nozzles: [
    {
      id: "0",
      actualCelsius: 219.9,
      targetCelsius: 220,
      diameterMillimeters: 0.4,
      kind: "hardened steel",
      active: true,
    },
  ],
  bed: { actualCelsius: 60.1, targetCelsius: 60 },
  chamber: { actualCelsius: 31.2, targetCelsius: 35 },
  fans: [
    { id: "part", speedRatio: 1 },
    { id: "aux", speedRatio: 0.5 },
  ],
  speedRatio: 1,
  speedMode: "balanced",
  lights: [{ id: "chamber", on: true }],
  materials: [
    {
      unit: "0",
      slot: "2",
      type: "PLA",
      name: "Basic PLA",
      colorHex: "#FF8800",
      remainingRatio: 0.6,
      active: true,
      present: true,
      nozzleMinimumCelsius: 190,
      nozzleMaximumCelsius: 240,
      profile: "GFL99",
    },
  ],
  materialUnits: [
    {
      id: "0",
      kind: "dryer box",
      temperatureCelsius: 26.1,
      humidityRatio: 0.22,
      drynessLevel: 4,
      dryingRemainingSeconds: 3600,
    },
  ],
  filamentLoaded: true,
  doorOpen: false,
  airMode: "cooling",
  options: [{ id: "spaghetti_detector", on: true, sensitivity: "medium" }],
  recording: true,
  timelapse: false,
  modules: [{ id: "ota", version: "1.1.29", availableVersion: "1.2.0" }],
  commandAccess: "open",
  autoRefill: true,
  position: { xMillimeters: 202, yMillimeters: 264.5, zMillimeters: 41.2 },
  zOffsetMillimeters: 0.05,
  signalDbm: -56,
  storages: [{ id: "local", usedBytes: 1e9, freeBytes: 7e9, sizeBytes: 8e9 }],
  connections: [{ id: "control", used: 1, allowed: 5 }],
  powerDevices: [{ id: "plug", on: true }],
  faults: [{ code: "17", severity: "warning", text: "filament runs low", help: "https://help.invalid/17" }],
};

/** A connected printer that has everything and may be controlled. */
export function fakePrinter(id: string, changes: Partial<Printer> = {}, readings: Partial<PrinterState> = {}): Printer {
  const control = changes.control ?? true;
  const commands = commandNames.filter((name) => control || commandRow(name).effect === "observes");
  return {
    id,
    name: `The ${id}`,
    family: "bench",
    identity: { model: "Bench One", firmware: "1.1.29", serial: "S-1" },
    control,
    has: new Set(capabilities),
    fileTypes: [".gcode"],
    commands: new Set(commands),
    unavailable: new Map(),
    state: {
      ...fullReadings,
      id,
      connected: true,
      reason: null,
      updatedAt: "2026-01-01T00:00:00.000Z",
      control,
      ...readings,
    },
    ...changes,
  };
}

/** A printer that was never reached. */
export function offlinePrinter(id: string): Printer {
  const gone = {
    ...unknownReadings,
    connected: false,
    reason: "nothing listens at the printer's address",
    updatedAt: null,
  };
  const never = { has: new Set<never>(), commands: new Set<never>(), identity: unknownIdentity };
  return fakePrinter(id, never, gone);
}

/** The smallest thing that counts as a JPEG here. */
export const tinyJpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);

export class FakeCamera implements CameraHub {
  readonly opened: ViewerKind[] = [];
  failure: PrinterError | undefined;
  frame: Frame = { jpeg: tinyJpeg, arrivedMs: 0, sequence: 1 };
  statistics: CameraStatistics = {
    frames: 7,
    bytes: 700,
    restarts: 1,
    dropped: 0,
    viewers: { mjpeg: 1, snapshot: 0, rtsp: 2 },
    open: true,
    reason: null,
  };

  /** One picture, then silence until the viewer goes. */
  async watch({ kind, signal }: { kind: ViewerKind; signal: AbortSignal }): Promise<AsyncIterable<Frame>> {
    this.opened.push(kind);
    if (this.failure !== undefined) throw this.failure;
    return this.#pictures(signal);
  }

  async *#pictures(signal: AbortSignal): AsyncGenerator<Frame> {
    yield this.frame;
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  async snapshot(): Promise<Frame> {
    this.opened.push("snapshot");
    if (this.failure !== undefined) throw this.failure;
    return this.frame;
  }
}

type FakeAnswer = JsonObject | CommandAnswer;

function isAnswer(answer: FakeAnswer): answer is CommandAnswer {
  return "kind" in answer;
}

export class FakeFleet implements Fleet {
  readonly requests: CommandRequest[] = [];
  readonly cameras = new Map<string, FakeCamera>();
  /** What the cameras send, of those that send video. */
  readonly videos = new Map<string, VideoSource>();
  readonly #printers = new Map<string, Printer>();
  readonly #emitter = new Emitter<FleetEvent>((error) => {
    throw error;
  });
  inventory: InventoryStatus = {
    valid: true,
    loadedAtMs: Date.UTC(2026, 0, 1),
    missing: false,
    file: "config/printers.yaml",
    problems: [],
  };
  /** What the gate answers: an output, or more than that. */
  answer: (request: CommandRequest) => FakeAnswer | Promise<FakeAnswer> = () => ({ outcome: "acknowledged" });

  constructor(...printers: readonly Printer[]) {
    for (const printer of printers) this.#printers.set(printer.id, printer);
  }

  list(): readonly Printer[] {
    return [...this.#printers.values()];
  }

  get(id: string): Printer {
    const printer = this.#printers.get(id);
    if (printer === undefined) throw new PrinterError("not_found", `there is no printer ${id}`, { printer: id });
    return printer;
  }

  camera(id: string): CameraHub {
    this.get(id);
    const camera = this.cameras.get(id);
    if (camera === undefined) throw new PrinterError("not_found", `${id} has no camera`, { printer: id });
    return camera;
  }

  async video(id: string): Promise<VideoSource | null> {
    this.camera(id);
    return this.videos.get(id) ?? null;
  }

  async dispatch(request: CommandRequest): Promise<CommandAnswer> {
    this.requests.push(request);
    const answer = await this.answer(request);
    if (isAnswer(answer)) return answer;
    if (request.dryRun === true) return { kind: "dry_run" };
    return answer["outcome"] === "unconfirmed" ? { kind: "unconfirmed" } : { kind: "output", output: answer };
  }

  on(listener: (event: FleetEvent) => void): Disposable {
    return this.#emitter.on(listener);
  }

  emit(event: FleetEvent): void {
    this.#emitter.emit(event);
  }

  /** A new state of a printer, told to all who listen. */
  put(printer: Printer): void {
    this.#printers.set(printer.id, printer);
    this.emit({ type: "state", printer });
  }

  /** Another inventory. */
  replace(...printers: readonly Printer[]): void {
    this.#printers.clear();
    for (const printer of printers) this.#printers.set(printer.id, printer);
    this.emit({ type: "inventory" });
  }
}
