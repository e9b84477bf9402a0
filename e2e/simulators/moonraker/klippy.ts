// Klipper's host process: its state, the G-code it runs, the job it prints. One script at a time;
// an error in it is one text, and everybody who listens to its output hears it.

import { setTimeout as wait } from "node:timers/promises";
import { axes, type Axis, Body, travel } from "./body.ts";
import type { Files } from "./files.ts";
import type { History } from "./history.ts";

/** Klipper's own words; they go out as the answer's error. */
export class KlippyError extends Error {}

export type KlippyState = "ready" | "startup" | "error" | "shutdown" | "disconnected";

const advice =
  '\nOnce the underlying issue is corrected, use the\n"FIRMWARE_RESTART" command to reset the firmware, reload the\nconfig, and restart the host software.\nPrinter is shutdown\n';
const startupWords = "Printer is not ready\nThe klippy host software is attempting to connect.";
const restartMs = 400;
const pollMs = 20;
const homingSeconds = 20;

type Parameters = Readonly<Record<string, string>>;

export interface KlippyOptions {
  readonly files: Pick<Files, "get">;
  readonly history: Pick<History, "begin" | "finish">;
  /** The state changed: `klippy_ready`, `klippy_shutdown`, `klippy_disconnected`. */
  readonly tell: (event: "ready" | "shutdown" | "disconnected") => void;
  readonly say: (line: string) => void;
}

export class Klippy {
  readonly body = new Body();
  /** Macros by name, with their description. `_CLEAN` is internal by its underscore. */
  readonly macros: Readonly<Record<string, string>> = {
    START_PRINT: "Heat, home and prime",
    END_PRINT: "",
    PARK: "Park the head at the front",
    _CLEAN: "",
  };
  readonly ran: string[] = [];
  state: KlippyState = "ready";
  stateMessage = "Printer is ready";
  isPaused = false;
  readonly #options: KlippyOptions;
  #relative = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: KlippyOptions) {
    this.#options = options;
  }

  /** @throws KlippyError at the first line that fails; the ones before have been run. */
  run(script: string): void {
    for (const line of script.split("\n")) {
      try {
        this.#line(line.split(";", 1)[0]?.trim() ?? "");
      } catch (error) {
        if (error instanceof KlippyError) this.#options.say(`!! ${error.message}`);
        throw error;
      }
    }
  }

  start(path: string): void {
    this.#mustBeReady();
    if (this.body.isOccupied) throw this.#refuse("SD busy");
    const file = this.#options.files.get(path);
    if (file === undefined) throw this.#refuse("Unable to open file");
    this.isPaused = false;
    this.body.begin(file, this.#options.history.begin(file));
  }

  pause(): void {
    this.#mustBeReady();
    if (!this.body.isPrinting) return this.#options.say("// Print already paused");
    this.isPaused = true;
    this.body.enter("paused");
  }

  resume(): void {
    this.#mustBeReady();
    if (!this.isPaused) return this.#options.say("// Print is not paused, resume aborted");
    this.isPaused = false;
    this.body.enter("printing");
  }

  cancel(): void {
    this.#mustBeReady();
    this.isPaused = false;
    if (!this.body.isOccupied) return this.#options.say("// action:cancel");
    this.#end("cancelled");
  }

  advance(seconds: number): void {
    if (this.state !== "ready") return;
    if (this.body.advance(seconds)) this.#options.history.finish(this.body.job, "completed");
    if (!this.body.filamentPresent && this.body.isPrinting) this.pause();
  }

  /** Resolves once what it was told to move has moved: Klipper answers a script when it is done. */
  async settled(): Promise<void> {
    while (this.body.busySeconds > 0 && this.state === "ready") await wait(pollMs);
  }

  /** The job ends with an error of the printer. */
  failJob(message: string): void {
    if (!this.body.isOccupied) return;
    this.#options.say(`!! ${message}`);
    this.#end("error", message);
  }

  shutdown(why: string): void {
    if (this.state === "shutdown") return;
    if (this.body.isOccupied) this.#end("error", why, "klippy_shutdown");
    this.body.coolDown();
    this.body.homed = "";
    this.state = "shutdown";
    this.stateMessage = why + advice;
    this.#options.say(`!! ${why}`);
    this.#options.tell("shutdown");
  }

  /** Its process goes away, and stays away. */
  disconnect(): void {
    clearTimeout(this.#restart);
    if (this.state === "disconnected") return;
    if (this.body.isOccupied) this.#options.history.finish(this.body.job, "klippy_disconnect");
    this.body.reset();
    this.isPaused = false;
    this.state = "disconnected";
    this.#options.tell("disconnected");
  }

  /** Gone, starting, and ready a moment later. */
  restart(): void {
    this.disconnect();
    this.state = "startup";
    this.stateMessage = startupWords;
    this.#restart = setTimeout(() => {
      this.state = "ready";
      this.stateMessage = "Printer is ready";
      this.#options.tell("ready");
    }, restartMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#restart);
  }

  #end(state: "cancelled" | "error", message = "", result: string = state): void {
    this.#options.history.finish(this.body.job, result);
    this.body.enter(state, message);
    this.isPaused = false;
  }

  #mustBeReady(): void {
    if (this.state !== "ready") throw new KlippyError(this.stateMessage);
  }

  #refuse(words: string): KlippyError {
    this.#options.say(`!! ${words}`);
    return new KlippyError(words);
  }

  #line(line: string): void {
    if (line === "") return;
    const [, name = "", rest = ""] = /^([GM]\d+|\S+)\s*(.*)$/iu.exec(line) ?? [];
    const command = name.toUpperCase();
    if (this.state !== "ready" && command !== "FIRMWARE_RESTART") throw new KlippyError(this.stateMessage);
    this.ran.push(line);
    const parameters = /^[GM]\d+$/u.test(command) ? letters(rest) : words(rest);
    const handler = this.#commands[command];
    if (handler !== undefined) handler(parameters);
    else if (this.macros[command] === undefined) this.#options.say(`// Unknown command:"${command}"`);
  }

  readonly #commands: Readonly<Record<string, (parameters: Parameters) => void>> = {
    G28: (parameters) => this.#home(parameters),
    G90: () => (this.#relative = false),
    G91: () => (this.#relative = true),
    G1: (parameters) => this.#move(parameters),
    G0: (parameters) => this.#move(parameters),
    M104: ({ S = "0" }) => this.#heat("extruder", S),
    M140: ({ S = "0" }) => this.#heat("heater_bed", S),
    M105: () => this.#options.say("// T:22.0"),
    M106: ({ S = "255" }) => (this.body.fanRatio = Number(S) / 255),
    M107: () => (this.body.fanRatio = 0),
    M112: () => this.shutdown("Shutdown due to M112 command"),
    M220: ({ S = "100" }) => (this.body.speedFactor = Number(S) / 100),
    SAVE_GCODE_STATE: () => undefined,
    RESTORE_GCODE_STATE: () => (this.#relative = false),
    SET_HEATER_TEMPERATURE: ({ HEATER = "", TARGET = "0" }) => this.#heat(HEATER, TARGET),
    SET_FAN_SPEED: ({ SPEED = "0" }) => (this.body.exhaustRatio = Number(SPEED)),
    SET_PIN: ({ VALUE = "0" }) => (this.body.lightValue = Number(VALUE)),
    SDCARD_PRINT_FILE: ({ FILENAME = "" }) => this.start(FILENAME),
    FIRMWARE_RESTART: () => this.restart(),
    PAUSE: () => this.pause(),
    RESUME: () => this.resume(),
    CANCEL_PRINT: () => this.cancel(),
  };

  #home(parameters: Parameters): void {
    const asked = axes.filter((axis) => parameters[axis.toUpperCase()] !== undefined);
    for (const axis of asked.length === 0 ? axes : asked) {
      this.body.position[axis] = 0;
      if (!this.body.homed.includes(axis)) this.body.homed += axis;
    }
    this.body.busySeconds = homingSeconds;
  }

  #move(parameters: Parameters): void {
    for (const axis of axes) {
      const given = parameters[axis.toUpperCase()];
      if (given === undefined) continue;
      const goal = Number(given) + (this.#relative ? this.body.position[axis] : 0);
      this.#checkMove(axis, goal);
      this.body.position[axis] = goal;
    }
  }

  #checkMove(axis: Axis, goal: number): void {
    const [least, most] = travel[axis];
    if (!this.body.homed.includes(axis)) throw new KlippyError(`Must home axis first: ${goal.toFixed(3)}`);
    if (goal < least || goal > most) throw new KlippyError(`Move out of range: ${goal.toFixed(3)}`);
  }

  #heat(name: string, target: string): void {
    const heater = this.body.heaters[name] === undefined ? `heater_generic ${name}` : name;
    const found = this.body.heaters[heater];
    if (found === undefined) throw new KlippyError(`The value '${name}' is not valid for HEATER`);
    const celsius = Number(target);
    if (celsius < 0 || celsius > found.maximum) {
      const range = `(0.0:${found.maximum.toFixed(1)})`;
      throw new KlippyError(`Requested temperature (${celsius.toFixed(1)}) out of range ${range}`);
    }
    found.target = celsius;
  }
}

/** `X10 F3000` → {X: "10", F: "3000"} */
function letters(text: string): Parameters {
  return Object.fromEntries(
    [...text.matchAll(/([A-Z])\s*([-+]?[\d.]*)/giu)].map(([, letter = "", value = ""]) => [
      letter.toUpperCase(),
      value,
    ]),
  );
}

/** `HEATER=extruder TARGET=200` → {HEATER: "extruder", TARGET: "200"}; a value may be quoted. */
function words(text: string): Parameters {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)=(?:"([^"]*)"|(\S*))/gu)].map(([, key = "", quoted, plain]) => [
      key.toUpperCase(),
      quoted ?? plain ?? "",
    ]),
  );
}
