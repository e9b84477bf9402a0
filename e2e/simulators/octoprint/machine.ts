// The machine and OctoPrint's line to it: states as comm.py has them, heaters, axes and the one job.
// It knows no wire and no clock; somebody calls `advance`. Changes are told as OctoPrint's events.

import type { StoredFile } from "./files.ts";

export type State =
  | "OFFLINE"
  | "CLOSED_WITH_ERROR"
  | "OPEN_SERIAL"
  | "CONNECTING"
  | "OPERATIONAL"
  | "STARTING"
  | "PRINTING"
  | "PAUSING"
  | "PAUSED"
  | "RESUMING"
  | "FINISHING"
  | "CANCELLING";

export const stateTexts: Readonly<Record<State, string>> = {
  OFFLINE: "Offline",
  CLOSED_WITH_ERROR: "Offline after error",
  OPEN_SERIAL: "Opening serial connection",
  CONNECTING: "Connecting",
  OPERATIONAL: "Operational",
  STARTING: "Starting",
  PRINTING: "Printing",
  PAUSING: "Pausing",
  PAUSED: "Paused",
  RESUMING: "Resuming",
  FINISHING: "Finishing",
  CANCELLING: "Cancelling",
};

/** Where a state goes by itself, after how many seconds of the wall clock. */
const passing: Partial<Record<State, readonly [number, State]>> = {
  OPEN_SERIAL: [0.2, "CONNECTING"],
  CONNECTING: [0.3, "OPERATIONAL"],
  STARTING: [0.2, "PRINTING"],
  PAUSING: [0.4, "PAUSED"],
  RESUMING: [0.2, "PRINTING"],
  FINISHING: [0.4, "OPERATIONAL"],
  CANCELLING: [0.3, "OPERATIONAL"],
};

export interface Heater {
  actual: number;
  target: number;
  offset: number;
}

/** What was selected; its numbers are null while it was never printed, and after a cancel. */
export interface Selection {
  readonly file: StoredFile | undefined;
  readonly path: string;
  readonly origin: "local" | "sdcard";
  readonly size: number;
  completion: number | null;
  printSeconds: number;
}

export type EventSink = (type: string, payload: Readonly<Record<string, unknown>> | null) => void;

const ambientCelsius = 21.3;
const heatingPerSecond = 5;
const coolingPerSecond = 1.5;
const usualSeconds = 600;

export class Machine {
  state: State = "OPERATIONAL";
  error = "";
  port: string | null = "VIRTUAL";
  baudrate: number | null = 115_200;
  heaters: Record<string, Heater> = {};
  selected: Selection | undefined;
  z: number | null = null;
  /** Not before the first report after connecting. */
  reportsTemperatures = true;
  readonly gcode: string[] = [];
  readonly #emit: EventSink;
  #leftSeconds = 0;

  constructor(emit: EventSink, parts: readonly string[]) {
    this.#emit = emit;
    for (const part of parts) this.heaters[part] = { actual: ambientCelsius, target: 0, offset: 0 };
  }

  get isOperational(): boolean {
    return !["OFFLINE", "CLOSED_WITH_ERROR", "OPEN_SERIAL", "CONNECTING"].includes(this.state);
  }

  /** A job runs or is held. */
  get isBusy(): boolean {
    return this.isOperational && this.state !== "OPERATIONAL";
  }

  get isPrinting(): boolean {
    return this.isBusy && this.state !== "PAUSED";
  }

  enter(state: State): void {
    this.state = state;
    this.#leftSeconds = passing[state]?.[0] ?? 0;
    this.#emit("PrinterStateChanged", { state_id: state, state_string: stateTexts[state] });
  }

  connect(port: string, baudrate: number): void {
    this.error = "";
    this.port = port;
    this.baudrate = baudrate;
    this.reportsTemperatures = false;
    this.#emit("Connecting", null);
    this.enter("OPEN_SERIAL");
  }

  /** The line is closed; with an error it says why. */
  disconnect(error = "", faq?: string): void {
    const printing = this.isBusy;
    this.error = error;
    if (error !== "") this.#emit("Error", { error, reason: "firmware", consequence: "emergency", faq });
    if (printing) this.#emit("PrintFailed", { ...this.#payload(), reason: "error", error });
    this.port = null;
    this.baudrate = null;
    this.selected = undefined;
    this.z = null;
    this.enter(error === "" ? "OFFLINE" : "CLOSED_WITH_ERROR");
    this.#emit("Disconnected", null);
  }

  select(selection: Selection): void {
    this.selected = selection;
    this.#emit("FileSelected", this.#payload());
  }

  /** Prints what is selected; without a selection nothing happens, as in OctoPrint. */
  start(): void {
    const { selected } = this;
    if (selected === undefined) return;
    selected.completion = 0;
    selected.printSeconds = 0;
    for (const [name, target] of [
      ["tool0", selected.file?.nozzleCelsius],
      ["bed", selected.file?.bedCelsius],
    ] as const) {
      const heater = this.heaters[name];
      if (heater !== undefined && target !== undefined) heater.target = target;
    }
    this.enter("STARTING");
    this.#emit("PrintStarted", this.#payload());
  }

  pause(): void {
    this.enter("PAUSING");
  }

  resume(): void {
    this.#emit("PrintResumed", this.#payload());
    this.enter("RESUMING");
  }

  cancel(): void {
    this.#emit("PrintCancelling", this.#payload());
    this.enter("CANCELLING");
    this.#emit("PrintCancelled", this.#payload());
    this.#emit("PrintFailed", { ...this.#payload(), reason: "cancelled" });
    if (this.selected?.file !== undefined) this.selected.file.failure += 1;
    if (this.selected !== undefined) this.selected.completion = null;
    this.coolDown();
  }

  coolDown(): void {
    for (const heater of Object.values(this.heaters)) heater.target = 0;
  }

  heat(part: string, target: number): void {
    const heater = this.heaters[part];
    if (heater !== undefined) heater.target = target;
  }

  /** Straight into the middle of a job, without the events of its beginning. */
  putInto(selection: Selection, completion: number, state: State): void {
    this.selected = { ...selection, completion, printSeconds: (completion / 100) * secondsOf(selection) };
    for (const [part, target] of [
      ["tool0", 220],
      ["bed", 60],
    ] as const) {
      Object.assign(this.heaters[part] ?? {}, { actual: target, target });
    }
    this.z = 12.4;
    this.state = state;
  }

  /** `machineSeconds` for heat and the job, `wallSeconds` for what OctoPrint itself takes. */
  advance(machineSeconds: number, wallSeconds: number): void {
    for (const heater of Object.values(this.heaters)) heatUp(heater, machineSeconds);
    this.#pass(wallSeconds);
    const { selected } = this;
    if (this.state !== "PRINTING" || selected === undefined || !this.#isHot) return;
    selected.printSeconds += machineSeconds;
    selected.completion = Math.min(100, (selected.printSeconds / secondsOf(selected)) * 100);
    this.z = Math.floor(selected.completion) * 0.2;
    if (selected.completion < 100) return;
    selected.printSeconds = secondsOf(selected);
    if (selected.file !== undefined) {
      selected.file.success += 1;
      selected.file.lastPrintTime = selected.printSeconds;
    }
    this.enter("FINISHING");
    this.#emit("PrintDone", { ...this.#payload(), time: selected.printSeconds });
    this.coolDown();
  }

  get leftSeconds(): number | null {
    const { selected } = this;
    if (selected?.completion == null || selected.completion < 5) return null;
    return Math.max(0, Math.round(secondsOf(selected) - selected.printSeconds));
  }

  get #isHot(): boolean {
    return Object.values(this.heaters).every(({ actual, target }) => target === 0 || actual >= target - 1);
  }

  #pass(wallSeconds: number): void {
    const [, next] = passing[this.state] ?? [];
    if (next === undefined) return;
    this.#leftSeconds -= wallSeconds;
    if (this.#leftSeconds > 0) return;
    const connected = this.state === "CONNECTING";
    if (this.state === "PAUSING") this.#emit("PrintPaused", this.#payload());
    this.enter(next);
    if (connected) this.#emit("Connected", { port: this.port, baudrate: this.baudrate });
    this.reportsTemperatures = !connected;
  }

  #payload(): Readonly<Record<string, unknown>> {
    const { path = null, origin = null, size = null } = this.selected ?? {};
    return { name: path?.split("/").at(-1) ?? null, path, origin, size, owner: "admin", user: "admin" };
  }
}

function secondsOf({ file }: Selection): number {
  return file?.printSeconds ?? usualSeconds;
}

function heatUp(heater: Heater, seconds: number): void {
  const goal = Math.max(heater.target, ambientCelsius);
  const step = goal > heater.actual ? heatingPerSecond : -coolingPerSecond;
  const left = goal - heater.actual;
  heater.actual = Math.abs(left) <= Math.abs(step * seconds) ? goal : heater.actual + step * seconds;
}
