// What the commands of the table mean in PrusaLink: v1 calls for jobs, the legacy ones of the Pi
// service for heat and motion. Every one is sent once.

import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers, CommandResult } from "../../model/commands.ts";
import { fields, number } from "./answers.ts";
import { limits, type Axis } from "./capabilities.ts";
import { fileHandlers, onPrinter } from "./files.ts";
import { apiPath, storedPath } from "./paths.ts";
import type { PrusaLinkSession } from "./session.ts";

/**
 * PrusaLink 0.8.1 holds FINISHED and STOPPED for eleven seconds and starts nothing meanwhile (seen; its
 * const.py PRINT_END_TIMEOUT). Buddy boards start from them at once.
 */
const settleEveryMs = 1000;
const settleTries = 15;

type Acknowledged = CommandResult<"pause">;

/** Handlers of one session. */
export function createHandlers(session: PrusaLinkSession): CommandHandlers {
  /** Sends a command; what came of one that got no answer, nobody knows. */
  async function send(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    signal: AbortSignal,
    input?: object,
  ): Promise<Acknowledged> {
    try {
      await session.transport.command(method, path, signal, input);
    } catch (error) {
      if (error instanceof PrinterError && error.code === "timeout") return { outcome: "unconfirmed" };
      throw error;
    }
    await session.refresh(signal).catch(() => undefined); // the next poll will do
    return { outcome: "acknowledged" };
  }

  /** Job ids change with each print: it is read right before it is used. */
  async function onJob(method: "PUT" | "DELETE", verb: string, signal: AbortSignal): Promise<Acknowledged> {
    const id = number(fields(await session.transport.json("/api/v1/job", signal))["id"]);
    if (id === null) throw new PrinterError("wrong_phase", "the printer has no job");
    return send(method, `/api/v1/job/${id}${verb}`, signal);
  }

  async function printhead(input: object, signal: AbortSignal): Promise<Acknowledged> {
    return send("POST", "/api/printer/printhead", signal, input);
  }

  return {
    ...fileHandlers(session),
    pause: async (_input, { signal }) => onJob("PUT", "/pause", signal),
    resume: async (_input, { signal }) => onJob("PUT", "/resume", signal),
    stop: async (_input, { signal }) => onJob("DELETE", "", signal),
    start: async ({ file, levelBed, timelapse, plate, slots }, { signal }) => {
      refuseExtras({ levelBed, timelapse, plate, slots });
      const path = storedPath(file, session.storages);
      return onPrinter(session, path, signal, async (found) => {
        const start = async (): Promise<Acknowledged> => send("POST", apiPath(found), signal);
        return start().catch(async (error: unknown) => {
          const { code, message } = PrinterError.from(error);
          if (code !== "wrong_phase" || !(await settled(session, signal))) throw error;
          session.log.info("the start was refused right after another job, and is tried once more", {
            reason: message,
          });
          return start();
        });
      });
    },
    setHeaterTarget: async ({ heater, targetCelsius }, { signal }) => {
      const [path, input] = heaterCall(heater, targetCelsius);
      return send("POST", path, signal, input);
    },
    setSpeed: async ({ mode, speedRatio }, { signal }) => {
      if (speedRatio === undefined) throw outOfBounds("/mode", `there are no speed presets such as "${mode}"`);
      return printhead({ command: "speed", factor: Math.round(speedRatio * 100) }, signal);
    },
    home: async ({ axes }, { signal }) => printhead({ command: "home", axes }, signal),
    jog: async ({ axis, distanceMillimeters }, { signal }) => {
      await session.refresh(signal);
      checkTravel(session, axis, distanceMillimeters);
      const move = { [axis]: distanceMillimeters, absolute: false, feedrate: limits.jogSpeed[axis] };
      return printhead({ command: "jog", ...move }, signal);
    },
    refresh: async (_input, { signal }) => {
      await session.refresh(signal);
      return { outcome: "acknowledged" };
    },
  };
}

/** Waits until the end of the last job is over; false when something else keeps the printer from starting. */
async function settled(session: PrusaLinkSession, signal: AbortSignal): Promise<boolean> {
  for (let tries = 0; tries < settleTries; tries += 1) {
    await session.pause(settleEveryMs, signal);
    await session.refresh(signal);
    const { phase } = session.readings;
    if (phase !== "finished" && phase !== "stopped") return phase === "idle";
  }
  return false;
}

/** @throws PrinterError `invalid_input` naming the limit */
function heaterCall(heater: string, targetCelsius: number): [string, object] {
  const limit = { nozzle0: limits.nozzleCelsius, bed: limits.bedCelsius }[heater];
  if (limit === undefined) throw outOfBounds("/heater", `this printer has no heater "${heater}": nozzle0 or bed`);
  if (targetCelsius > limit) throw outOfBounds("/targetCelsius", `${heater} may be heated to ${limit} °C at most`);
  if (heater === "bed") return ["/api/printer/bed", { command: "target", target: targetCelsius }];
  return ["/api/printer/tool", { command: "target", targets: { tool0: targetCelsius } }];
}

/** @throws PrinterError `invalid_input` naming the bounds; where the head is unknown the firmware judges */
function checkTravel({ readings }: PrusaLinkSession, axis: Axis, distanceMillimeters: number): void {
  const at = readings.position?.[`${axis}Millimeters`] ?? null;
  const [least, most] = limits.travel[axis];
  // After homing it may stand a little outside of what it may be sent to.
  if (at === null || (at + distanceMillimeters >= Math.min(at, least) && at + distanceMillimeters <= most)) return;
  throw outOfBounds(
    "/distanceMillimeters",
    `the ${axis} axis is at ${at.toFixed(1)} mm and goes from ${least} to ${most} mm`,
  );
}

/** What the row of `start` offers and PrusaLink has no word for: better refused than left out. */
function refuseExtras(extras: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(extras)) {
    if (value !== undefined && value !== false) {
      throw outOfBounds(`/${key}`, `PrusaLink prints a file as it was sliced: leave ${key} out`);
    }
  }
}

function outOfBounds(pointer: string, message: string): PrinterError {
  return new PrinterError("invalid_input", message, { problems: [{ pointer, message }] });
}
