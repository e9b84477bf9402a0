// Every command, asked of every firmware of the Centauri Carbon, idle and in mid-print: no frame that
// a firmware does not know may reach it, for that is what kills its prints.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { families } from "@gantry/gateway/families";
import type { Session } from "@gantry/gateway/families/family";
import type { Capabilities } from "@gantry/gateway/model/capabilities";
import { commandRow, isMedia, type CommandName } from "@gantry/gateway/model/commands";
import { unknownReadings, type Readings } from "@gantry/gateway/model/printer";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import { handlerOf, inputFor, spooledFile } from "../contract/command-inputs.ts";
import { connections } from "../contract/connections.ts";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { until } from "./harness/until.ts";

const id = "elegoo-cc1";

class Printer implements AsyncDisposable {
  readonly #life = new AbortController();
  readonly #stack = new AsyncDisposableStack();
  readings: Readings = unknownReadings;
  has: Capabilities = new Set();
  session: Session | undefined;
  simulator: LaunchedSimulator | undefined;

  static async open(profile: string, scenario: string): Promise<Printer> {
    const printer = new Printer();
    const simulator = await startSimulator({
      family: id,
      ports: { main: 0 },
      scenario,
      settings: { profile },
      speed: 1,
    });
    printer.simulator = printer.#stack.use(simulator);
    const family = families[id];
    assert.ok(family !== undefined);
    printer.session = await family.connect({
      connection: family.connection.parse(connections[id]?.(simulator)),
      signal: printer.#life.signal,
      clock: systemClock,
      log: silentLog,
      dataFolder: "unused",
      report: (readings) => (printer.readings = readings),
      identify: (_identity, has) => (printer.has = has),
    });
    printer.#stack.use(printer.session);
    await until("it has told what it has", () => printer.has.size > 0);
    return printer;
  }

  /** What came of it: `ok`, or the code of the error. */
  async ask(name: CommandName, input?: Readonly<Record<string, unknown>>): Promise<string> {
    const { session, readings } = this;
    assert.ok(session !== undefined);
    const { signal } = this.#life;
    await using file = await spooledFile();
    const phase = (): Readings["phase"] => this.readings.phase;
    try {
      const asked = input ?? (await inputFor(name, { session, signal, readings, phase, fileType: ".gcode" }));
      if (asked === undefined) return "not_found";
      const answer = await handlerOf(session, name)?.(asked, { signal, file });
      if (answer !== undefined && isMedia(answer)) for await (const part of answer.content) assert.ok(part.length > 0);
      return "ok";
    } catch (error) {
      return String((error as { code?: unknown }).code ?? error);
    }
  }

  /** Nothing unknown came, and the printer lives. */
  unharmed(): void {
    const { crashes, unknownFrames } = this.simulator?.control.counters() ?? {};
    assert.deepEqual({ crashes, unknownFrames }, { crashes: 0, unknownFrames: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    await this.#stack.disposeAsync();
  }
}

/** These end the scenario, or take the machine away from what follows. */
const ending: ReadonlySet<CommandName> = new Set(["start", "resume", "pause", "stop", "home", "jog"]);

const light = { light: "chamber", on: false };

describe("the firmware of a Centauri Carbon", { concurrency: false, timeout: 280_000 }, () => {
  for (const profile of ["legacy-1.0", "stock-1.1", "stock-1.4", "oc-0.3"]) {
    for (const scenario of ["idle", "printing", "paused", "failed", "interrupted"]) {
      test(`${profile}, ${scenario}: whatever is asked, it gets only what it knows`, async () => {
        await using printer = await Printer.open(profile, scenario);
        const names = Object.keys(printer.session?.handlers ?? {}) as CommandName[];
        for (const name of names.filter((one) => !ending.has(one))) {
          const outcome = await printer.ask(name);
          const { needs, effect } = commandRow(name);
          const had = needs === undefined || printer.has.has(needs);
          if (scenario === "idle" && effect === "observes" && had)
            assert.ok(["ok", "not_found"].includes(outcome), `${name}: ${outcome}`);
        }
        printer.unharmed();
      });
    }
  }

  for (const [profile, outcome] of [
    ["legacy-1.0", "ok"],
    ["stock-1.1", "wrong_phase"],
    ["stock-1.4", "wrong_phase"],
    ["oc-0.3", "ok"],
  ] as const) {
    test(`${profile}: the light in mid-print is ${outcome === "ok" ? "switched" : "refused before it is sent"}`, async () => {
      await using printer = await Printer.open(profile, "printing");
      assert.equal(await printer.ask("setLight", light), outcome);
      const frames = printer.simulator?.control.counters()["framesByCommand"] as Record<string, number>;
      assert.equal(frames["403"] ?? 0, outcome === "ok" ? 1 : 0);
      if (outcome === "ok") await until("it is dark", () => printer.readings.lights[0]?.on === false);
    });
  }

  test("Canvas shows its slots on stock-1.4, and a start can name them", async () => {
    await using printer = await Printer.open("stock-1.4", "idle");
    await until("it has materials", () => printer.has.has("materials"));
    assert.deepEqual(
      printer.readings.materials.map(({ slot, type, colorHex }) => [slot, type, colorHex]),
      [
        ["0", "PLA", "#FF7A1A"],
        ["1", "PETG", "#1E6B3A"],
        ["2", null, null],
        ["3", null, null],
      ],
    );
    const slots = [{ tool: 0, unit: "0", slot: "1" }];
    const start = { file: "cube.gcode", levelBed: false, timelapse: false, slots };
    assert.equal(await printer.ask("start", start), "ok");
    await until("the job runs", () => printer.readings.job !== null);
    assert.equal(printer.readings.job?.file, "cube.gcode");
    printer.unharmed();
  });

  test("a job that stays on `preheating done` prints, as stock-1.4 has it", async () => {
    await using printer = await Printer.open("stock-1.4", "printing");
    assert.deepEqual([printer.readings.phase, printer.readings.stage], ["printing", "printing"]);
  });
});
