// What a session asks the printer by itself, and when: the whole status now and then, the Canvas,
// the disk, the layers of a file, how a job ended, and the speed mode after a filament change.
// Pushes bring the rest. One look a second; every request goes through the session's queue.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { Readings } from "../../model/printer.ts";
import { fields, list, number, type Fields } from "./codec.ts";
import type { Memory } from "./memory.ts";
import type { MethodName, Params } from "./method-table.ts";
import { outcomeOf } from "./history.ts";
import { SpeedDisplay } from "./speed.ts";
import { filamentChange } from "./stages.ts";
import { hasCanvas, lacksLayers, readStage } from "./state.ts";
import { storedFile } from "./stored-file.ts";
import { hasJob, jobOf, withOutcome, type View } from "./view.ts";

const lookEveryMs = 1000;
/** Ask for the status when nothing came for this long. */
const quietJobMs = 15_000;
const quietIdleMs = 60_000;
/** Changes can get lost: the whole status every five minutes, whatever comes. */
const wholeEveryMs = 300_000;
const canvasInJobMs = 60_000;
const diskEveryMs = 600_000;

type Upkept = Extract<MethodName, "status" | "attributes" | "canvas" | "disk" | "fileDetail" | "history">;

/** What the upkeep needs of the session that it keeps fresh. */
export interface UpkeptSession {
  readonly options: { readonly memory: Memory; readonly clock: Clock; readonly log: Log };
  readonly view: View;
  readonly readings: Readings;
  /** When the printer last told of its state, monotonic ms. */
  readonly reportedMs: number;
  isAsking(name: MethodName): boolean;
  ask<Name extends MethodName>(name: Name, params: Params<Name>): Promise<Fields>;
  /** Takes a new view and tells it. */
  update(view: View): void;
  /** Reports the readings as they are. */
  tell(): void;
}

export class Upkeep {
  readonly speed = new SpeedDisplay();
  readonly #session: UpkeptSession;
  /** When each was last asked, monotonic ms. */
  readonly #askedMs = new Map<Upkept, number>();
  readonly #wanted = new Set<Upkept>(["canvas", "disk"]);
  #layersTriedFor = "";
  #shownSpeed: string | null = null;

  constructor(session: UpkeptSession) {
    this.#session = session;
  }

  /** The whole status is wanted as soon as there is room. */
  wantStatus(): void {
    this.#wanted.add("status");
  }

  wantCanvas(): void {
    this.#wanted.add("canvas");
  }

  /** Files came or went. */
  wantDisk(): void {
    this.#wanted.add("disk");
  }

  /** Looks at what came: the start and end of jobs and of filament changes. */
  changed(before: View, after: View): void {
    const { memory, clock } = this.#session.options;
    const runs = hasJob(after);
    if (!runs) {
      memory.pinnedSpeed = null;
      this.speed.interrupt();
    }
    if (before.status === undefined) return;
    const another = jobOf(before).uuid !== jobOf(after).uuid;
    if (hasJob(before) !== runs || another) this.wantStatus();
    if (another) memory.pinnedSpeed = null;
    if (!runs) return;
    const [was, is] = [readStage(before), readStage(after)];
    if (was.stage === is.stage) return;
    if (was.stage === filamentChange) {
      this.wantCanvas();
      if (is.phase === "printing") this.speed.changeEnded(clock.monotonic());
    } else if (is.phase !== "printing" || is.stage === filamentChange) this.speed.interrupt();
  }

  /** Looks once a second, until the signal aborts. @throws its reason */
  async run(signal: AbortSignal): Promise<never> {
    while (true) {
      this.#look();
      await this.#session.options.clock.wait(lookEveryMs, signal);
    }
  }

  #look(): void {
    const session = this.#session;
    const { view, options } = session;
    const nowMs = options.clock.monotonic();
    const quietMs = nowMs - session.reportedMs;
    if (this.#isDue("status", wholeEveryMs, nowMs) || quietMs >= (hasJob(view) ? quietJobMs : quietIdleMs)) {
      this.wantStatus();
    }
    if (hasJob(view) && hasCanvas(view) && this.#isDue("canvas", canvasInJobMs, nowMs)) this.wantCanvas();
    if (this.#isDue("disk", diskEveryMs, nowMs)) this.wantDisk();
    if (this.#isDue("attributes", diskEveryMs, nowMs)) this.#wanted.add("attributes");
    if (view.outcome === "unknown") this.#wanted.add("history");
    if (lacksLayers(view)) this.#wantLayers(view);
    for (const name of this.#wanted) this.#fetch(name, nowMs);
    if (this.speed.isDue(nowMs)) this.#reapplySpeed();
    this.#showSpeed();
  }

  /** Once for each run of each file. */
  #wantLayers(view: View): void {
    const { file, uuid } = jobOf(view);
    const run = `${uuid} ${file}`;
    if (run === this.#layersTriedFor) return;
    this.#layersTriedFor = run;
    this.#wanted.add("fileDetail");
  }

  #isDue(name: Upkept, everyMs: number, nowMs: number): boolean {
    const askedMs = this.#askedMs.get(name);
    if (askedMs === undefined) this.#askedMs.set(name, nowMs); // just asked, or wanted from the start
    return askedMs !== undefined && nowMs - askedMs >= everyMs;
  }

  #fetch(name: Upkept, nowMs: number): void {
    const session = this.#session;
    if (session.isAsking(name)) return;
    this.#wanted.delete(name);
    this.#askedMs.set(name, nowMs);
    if (session.options.memory.isUnanswered(name)) {
      if (name === "history") session.update(withOutcome(session.view, null));
      return;
    }
    this.#perform(name).catch((error: unknown) => {
      session.options.log.debug("a request of the upkeep failed", { request: name, error });
      if (name === "history") session.update(withOutcome(session.view, null));
    });
  }

  /** Status, attributes, Canvas and disk are taken by the session as they come in. */
  async #perform(name: Upkept): Promise<void> {
    if (name === "fileDetail") await this.#readLayers();
    else if (name === "history") await this.#readOutcome();
    else await this.#session.ask(name, {});
  }

  async #readLayers(): Promise<void> {
    const session = this.#session;
    const { file } = jobOf(session.view);
    if (file === null) return;
    const detail = await session.ask("fileDetail", storedFile(file));
    const count = number(detail["layer"]) ?? number(detail["TotalLayers"]) ?? number(detail["total_layer"]);
    if (count !== null && count > 0) session.update({ ...session.view, layers: { file, count } });
  }

  async #readOutcome(): Promise<void> {
    const session = this.#session;
    const { history_task_list: tasks } = await session.ask("history", {});
    session.update(
      withOutcome(
        session.view,
        outcomeOf(
          list(tasks).map((task) => fields(task)),
          jobOf(session.view).file,
        ),
      ),
    );
  }

  /** Once after a filament change, and only what somebody asked for through Gantry. */
  #reapplySpeed(): void {
    const { pinnedSpeed: mode } = this.#session.options.memory;
    if (mode === null || !hasJob(this.#session.view)) return;
    this.#session.ask("setSpeedMode", { mode }).catch((error: unknown) => {
      this.#session.options.log.warn("the speed mode could not be set again after a filament change", { error });
    });
  }

  /** A mode is shown when it has stood for a while: that may come about without any report. */
  #showSpeed(): void {
    const readings = this.#session.readings;
    if (readings.speedMode === this.#shownSpeed) return;
    this.#shownSpeed = readings.speedMode;
    this.#session.tell();
  }
}
