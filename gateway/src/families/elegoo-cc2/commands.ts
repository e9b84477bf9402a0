// What the commands of the table mean to a Centauri Carbon 2: checks before anything is sent, the
// request, and what its answer or its silence says. Files are in ./files.ts, uploads in ./upload.ts.

import type { CommandHandlers } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { acknowledge, type Outcome } from "./acknowledge.ts";
import {
  checkedFan,
  checkedHeater,
  checkedJog,
  checkedLight,
  checkedSpeedMode,
  demandIdle,
  demandJob,
} from "./checks.ts";
import { createFileHandlers } from "./files.ts";
import type { Cc2Session } from "./session.ts";
import { prepareStart } from "./start.ts";
import { readFanPwm } from "./state.ts";
import { createUploadHandler } from "./upload.ts";

/** Handlers of one session. */
export function createHandlers(session: Cc2Session): CommandHandlers {
  const alone = new LifecycleLock();
  return {
    ...createFileHandlers(session),
    uploadFile: createUploadHandler(session),
    pause: async (_input, options) => alone.run("pause", async () => acknowledge(session, "pausePrint", {}, options)),
    resume: async (_input, options) =>
      alone.run("resume", async () => acknowledge(session, "resumePrint", {}, options)),
    stop: async (_input, options) => alone.run("stop", async () => acknowledge(session, "stopPrint", {}, options)),
    start: async (input, options) =>
      alone.run("start", async () =>
        acknowledge(session, "startPrint", await prepareStart(session, input, options), options),
      ),
    setHeaterTarget: async (input, options) => acknowledge(session, "setTemperatures", checkedHeater(input), options),
    setFanSpeed: async (input, options) => {
      const [wire, pwm] = checkedFan(input);
      const outcome = await acknowledge(session, "setFans", { [wire]: pwm }, options);
      void watchScale(session, wire, pwm);
      return outcome;
    },
    setSpeed: async (input, options) => {
      const mode = checkedSpeedMode(input);
      demandJob(session);
      const outcome = await acknowledge(session, "setSpeedMode", { mode }, options);
      if (outcome.outcome === "acknowledged") session.pinSpeed(mode);
      return outcome;
    },
    setLight: async (input, options) => acknowledge(session, "setLight", { power: checkedLight(input) }, options),
    home: async ({ axes }, options) => {
      demandIdle(session);
      return acknowledge(session, "home", { homed_axes: [...new Set(axes)].toSorted().join("") }, options);
    },
    jog: async (input, options) => {
      demandIdle(session);
      return acknowledge(session, "jog", checkedJog(session, input), options);
    },
    setAutoRefill: async ({ on }, options) => {
      const outcome = await acknowledge(session, "setAutoRefill", { auto_refill: on }, options);
      session.upkeep.wantCanvas();
      return outcome;
    },
    refresh: async (_input, { signal }) => {
      await session.ask("status", {}, { signal, urgency: "asked" });
      return { outcome: "acknowledged" };
    },
  };
}

/** One lifecycle command at a time; only a stop may wait behind another. */
class LifecycleLock {
  readonly #running = new Set<string>();

  async run(name: string, task: () => Promise<Outcome>): Promise<Outcome> {
    const [other] = this.#running;
    if (this.#running.has(name) || (other !== undefined && name !== "stop")) {
      throw new PrinterError("wrong_phase", `the command "${other}" is still on its way to the printer; wait for it`);
    }
    this.#running.add(name);
    try {
      return await task();
    } finally {
      this.#running.delete(name);
    }
  }
}

const readBackMs = 5000;

/** Sources disagree about the scale, 255 or 100; the printer's own report tells which one it took. */
async function watchScale(session: Cc2Session, wire: string, pwm: number): Promise<void> {
  const { clock, log } = session.options;
  try {
    await clock.wait(readBackMs, session.signal);
  } catch {
    return; // the session ended
  }
  const seen = readFanPwm(session.view, wire);
  if (seen === null || pwm < 20 || Math.abs(seen - pwm) <= 5) return;
  if (Math.abs(seen - (pwm / 255) * 100) <= 2)
    log.warn("the printer seems to count fans to 100", { fan: wire, pwm, seen });
}
