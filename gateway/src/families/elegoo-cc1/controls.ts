// What can be turned while the machine runs (temperatures, fans, speed, light), and motion by hand.

import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers, Unconfirmed } from "../../model/commands.ts";
import { refusalDuringPrint } from "./capabilities.ts";
import { fields, number } from "./codec.ts";
import { acknowledged, invalid, mustBeIdle, type Acknowledged } from "./guards.ts";
import { limits, speedModes, speedPercents } from "./limits.ts";
import type { RequestPayload } from "./request-table.ts";
import type { CentauriSession } from "./session.ts";
import { hasJob, isIdle, readStatus } from "./state.ts";
import type { Turn } from "./turn.ts";
import { refusalOf } from "./words.ts";

type Outcome = Acknowledged | Unconfirmed;
type Axis = "x" | "y" | "z";

/** Homing one axis ends within this, or something is wrong. */
const homingMs = 40_000;
const homingLookMs = 1000;

const heaters = {
  nozzle0: { key: "TempTargetNozzle", maxCelsius: limits.celsius.nozzle },
  bed: { key: "TempTargetHotbed", maxCelsius: limits.celsius.bed },
  chamber: { key: "TempTargetBox", maxCelsius: limits.celsius.chamber },
} as const;

/** Fans by what they cool → the printer's key. */
const fanKeys = { part: "ModelFan", aux: "AuxiliaryFan", chamber: "BoxFan" } as const;

export function controlHandlers(
  session: CentauriSession,
  turn: Turn,
): Pick<CommandHandlers, "setHeaterTarget" | "setFanSpeed" | "setSpeed" | "setLight" | "home" | "jog"> {
  return {
    setHeaterTarget: async ({ heater, targetCelsius }, { signal }) =>
      change(session, heaterPayload(heater, targetCelsius), signal),
    setFanSpeed: async ({ fan, speedRatio }, { signal }) =>
      change(session, fanPayload(session, fan, speedRatio), signal),
    setSpeed: async (input, { signal }) => setSpeed(session, input, signal),
    setLight: async ({ light, on }, { signal }) => change(session, lightPayload(session, light, on), signal),
    home: async ({ axes }, { signal }) => turn.take(signal, async () => home(session, axes, signal)),
    jog: async ({ axis, distanceMillimeters }, { signal }) =>
      turn.take(signal, async () => jog(session, axis, distanceMillimeters, signal)),
  };
}

/** Everything but the speed: some firmware takes it at any time, stock firmware not during a print. */
async function change(
  session: CentauriSession,
  payload: RequestPayload<"changeParameter">,
  signal: AbortSignal,
): Promise<Outcome> {
  const refusal = refusalDuringPrint(session.firmware);
  if (refusal !== null && hasJob(session.status)) throw new PrinterError("wrong_phase", refusal);
  return acknowledged(async () => {
    const { ack } = await session.ask("changeParameter", payload, { signal });
    if (ack === 0) return;
    const printing = hasJob(await session.refresh(signal));
    if (printing) throw new PrinterError("wrong_phase", "this firmware refuses it during a print");
    throw new PrinterError("printer_refused", refusalOf("changeParameter", ack));
  });
}

function heaterPayload(heater: string, targetCelsius: number): RequestPayload<"changeParameter"> {
  const known = Object.hasOwn(heaters, heater) ? heaters[heater as keyof typeof heaters] : undefined;
  if (known === undefined) throw invalid("/heater", `one of ${Object.keys(heaters).join(", ")}`);
  const { key, maxCelsius } = known;
  if (!Number.isInteger(targetCelsius) || targetCelsius < 0 || targetCelsius > maxCelsius) {
    throw invalid("/targetCelsius", `whole degrees from 0 to ${maxCelsius} for ${heater}`);
  }
  return { [key]: targetCelsius } as RequestPayload<"changeParameter">;
}

/** The vendor's page sends all three; the others stay as the printer told them. */
function fanPayload(session: CentauriSession, fan: string, speedRatio: number): RequestPayload<"changeParameter"> {
  if (!Object.hasOwn(fanKeys, fan)) throw invalid("/fan", `one of ${Object.keys(fanKeys).join(", ")}`);
  const told = readStatus(session.status).fans;
  const percents = Object.entries(fanKeys).map(([id, key]) => {
    const ratio = id === fan ? speedRatio : (told.find((other) => other.id === id)?.speedRatio ?? 0);
    return [key, Math.round(ratio * 100)];
  });
  return { TargetFanSpeed: Object.fromEntries(percents) };
}

async function setSpeed(
  session: CentauriSession,
  { mode, speedRatio }: { readonly mode?: string | undefined; readonly speedRatio?: number | undefined },
  signal: AbortSignal,
): Promise<Outcome> {
  const wanted = mode === undefined ? Math.round((speedRatio ?? 0) * 1000) / 10 : percentOf(mode);
  const percent = speedPercents.find((preset) => preset === wanted);
  if (percent === undefined) {
    if (mode !== undefined) throw invalid("/mode", `one of ${Object.keys(speedModes).join(", ")}`);
    throw invalid("/speedRatio", `one of ${speedPercents.map((preset) => preset / 100).join(", ")}`);
  }
  if (!hasJob(session.status)) {
    throw new PrinterError("wrong_phase", "the speed belongs to a job: it can be changed only while one runs");
  }
  return acknowledged(async () => {
    const { ack } = await session.ask("changeParameter", { PrintSpeedPct: percent }, { signal });
    if (ack !== 0) throw new PrinterError("printer_refused", refusalOf("changeParameter", ack));
  });
}

function percentOf(mode: string): number | undefined {
  return Object.hasOwn(speedModes, mode) ? speedModes[mode as keyof typeof speedModes] : undefined;
}

function lightPayload(session: CentauriSession, light: string, on: boolean): RequestPayload<"changeParameter"> {
  if (light !== "chamber") throw invalid("/light", "chamber");
  const told: unknown = fields(session.status["LightStatus"])["RgbLight"];
  const [red, green, blue] = Array.isArray(told) ? told.map((value) => channel(value)) : [];
  return { LightStatus: { SecondLight: on ? 1 : 0, RgbLight: [red ?? 0, green ?? 0, blue ?? 0] } };
}

/** Echoed as it came; no hardware is behind it. */
function channel(value: unknown): number {
  const level = number(value) ?? 0;
  return Number.isInteger(level) && level >= 0 && level <= 255 ? level : 0;
}

/** All three axes in one request, else one after the other: the machine takes none while it homes. */
async function home(session: CentauriSession, axes: readonly Axis[], signal: AbortSignal): Promise<Outcome> {
  const wanted = (["x", "y", "z"] as const).filter((axis) => axes.includes(axis));
  const requests = wanted.length === 3 ? (["XYZ"] as const) : wanted.map((axis) => upper(axis));
  return acknowledged(async () => {
    for (const [index, request] of requests.entries()) {
      if (index === 0) await mustBeIdle(session, "home", signal);
      else await homed(session, signal);
      const { ack } = await session.ask("home", { Axis: request }, { signal });
      if (ack !== 0) throw new PrinterError("printer_refused", refusalOf("home", ack));
    }
  });
}

async function homed(session: CentauriSession, signal: AbortSignal): Promise<void> {
  const untilMs = session.clock.monotonic() + homingMs;
  while (session.clock.monotonic() < untilMs) {
    await session.clock.wait(homingLookMs, signal);
    if (isIdle(await session.refresh(signal))) return;
  }
  throw new PrinterError("wrong_phase", "the first axis still homes; the others were not asked for");
}

async function jog(session: CentauriSession, axis: Axis, distance: number, signal: AbortSignal): Promise<Outcome> {
  const step = Math.round(distance * 100) / 100;
  if (step === 0) throw invalid("/distanceMillimeters", "at least 0.01 mm in either direction");
  await mustBeIdle(session, "move", signal);
  mustStayInTravel(session, axis, step);
  return acknowledged(async () => {
    const { ack } = await session.ask("jog", { Axis: upper(axis), Step: step }, { signal });
    if (ack !== 0) throw new PrinterError("printer_refused", refusalOf("jog", ack));
    await session.refresh(signal);
  });
}

/** From where the head is; where that is not known, no further than the whole travel. */
function mustStayInTravel({ readings }: CentauriSession, axis: Axis, step: number): void {
  const [lowest, highest] = limits.travelMillimeters[axis];
  const at = readings.position?.[`${axis}Millimeters`] ?? null;
  if (at === null) {
    const whole = highest - lowest;
    if (Math.abs(step) > whole) throw invalid("/distanceMillimeters", `at most ${whole} mm`);
    return;
  }
  // A head beyond the travel, as before homing, may still come back.
  const least = Math.min(0, round(lowest - at));
  const most = Math.max(0, round(highest - at));
  if (step < least || step > most) {
    throw invalid(
      "/distanceMillimeters",
      `from ${least} to ${most} mm: ${axis} is at ${at}, its travel ${lowest} to ${highest}`,
    );
  }
}

function upper(axis: Axis): "X" | "Y" | "Z" {
  return axis.toUpperCase() as "X" | "Y" | "Z";
}

function round(millimeters: number): number {
  return Math.round(millimeters * 100) / 100;
}
