// Heat, fans, lights, speed and moves: what each means to this printer, checked before it is sent.
// Limits are data in ./limits.ts. Facts: the family's README.

import type { CommandHandlers, CommandInput } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import { isFree, isHomed, isRunning, number } from "../report-fields.ts";
import { acknowledged, demandNotRunning, refused, send, sendLines, type CommandContext } from "./commands-send.ts";
import { checkedGcode, framed } from "./gcode.ts";
import { chamberMinCelsius, heatLimits, speedModes, stepMillimeters } from "./limits.ts";
import { lightNodes, type Model } from "../models.ts";

export function controlHandlers(context: CommandContext): CommandHandlers {
  const { link } = context;
  return {
    setHeaterTarget: async (input, options) =>
      input.heater === "chamber" && !hasGcode(context)
        ? send(context, "print", "set_ctt", { ctt_val: checkedChamber(context, input) }, options, {
            refusals: { [-2]: "the printer cannot heat its chamber now" },
          })
        : sendLines(context, heaterLines(context, input), options),
    setFanSpeed: async ({ fan, speedRatio }, options) => {
      const speed = Math.ceil(speedRatio * 255);
      return sendLines(context, [`M106 P${fanNumber(link.model, fan)} S${speed}`], options);
    },
    setSpeed: async (input, options) => {
      const level = speedLevel(input);
      const effect = (report: Readonly<Record<string, unknown>>): boolean => number(report["spd_lvl"]) === level;
      return send(context, "print", "print_speed", { param: String(level) }, options, { effect });
    },
    setLight: async ({ light, on }, options) => {
      for (const node of nodesOf(link.model, light)) {
        const outcome = await send(context, "system", "ledctrl", lightBody(node, on), options);
        if (outcome.outcome !== "acknowledged") return outcome;
      }
      return acknowledged;
    },
    home: async ({ axes }, options) => {
      if (new Set(axes).size < 3)
        throw refused("/axes", "this printer homes all axes together: homing Z alone can run the nozzle into the bed");
      demandNotRunning(context, (report) => !isFree(report), "homing");
      return sendLines(context, ["G28"], options);
    },
    jog: async (input, options) => {
      demandNotRunning(context, (report) => !isFree(report), "moving");
      return sendLines(context, framed(["G91", jogLine(context, input)]), options);
    },
    sendGcode: async ({ lines }, options) => {
      demandNotRunning(context, isRunning, "G-code");
      const { nozzles } = link.readings();
      const nozzle = nozzles.find(({ active }) => active === true) ?? nozzles[0];
      const limits = heatLimits(link.model, link.report());
      return sendLines(context, checkedGcode(lines, limits, nozzle?.actualCelsius ?? null), options);
    },
  };
}

/** Whether G-code can be sent at all: signed, it must be encrypted for the printer. */
function hasGcode({ link, signer }: CommandContext): boolean {
  return link.access !== "signed" || (signer?.gcodeBytes ?? null) !== null;
}

type HeaterInput = CommandInput<"setHeaterTarget">;

/** Waiting forms (M109, M190) would hold up the printer's queue. */
function heaterLines(context: CommandContext, input: HeaterInput): readonly string[] {
  const { model } = context.link;
  const limits = heatLimits(model, context.link.report());
  const { heater, targetCelsius } = input;
  const celsius = Math.round(targetCelsius);
  if (heater === "bed") {
    demandAtMost(targetCelsius, limits.bedCelsius, "bed");
    return [`M140 S${celsius}`];
  }
  if (heater === "chamber") return chamberLines(model, checkedChamber(context, input));
  const nozzle = Number(heater.slice("nozzle".length));
  if (nozzle >= model.nozzles)
    throw refused("/heater", `there is no ${heater}; the printer heats ${heaters(model).join(", ")}`);
  demandAtMost(targetCelsius, limits.nozzleCelsius, "nozzle");
  return [model.nozzles === 1 ? `M104 S${celsius}` : `M104 T${nozzle} S${celsius}`];
}

function heaters(model: Model): readonly string[] {
  const nozzles = model.nozzles === 1 ? ["nozzle0"] : ["nozzle0", "nozzle1"];
  return [...nozzles, "bed", ...(model.chamberMaxCelsius === null ? [] : ["chamber"])];
}

function demandAtMost(celsius: number, maximum: number, what: string): void {
  if (celsius > maximum) throw refused("/targetCelsius", `the ${what} takes at most ${maximum} °C`);
}

function checkedChamber({ link: { model } }: CommandContext, { targetCelsius }: HeaterInput): number {
  if (model.chamberMaxCelsius === null) throw refused("/heater", `the ${model.name} has no chamber heater`);
  demandAtMost(targetCelsius, model.chamberMaxCelsius, "chamber");
  // With air ducts 40 °C itself already means off.
  const lowest = model.airDuct ? chamberMinCelsius + 1 : chamberMinCelsius;
  if (targetCelsius === 0 || targetCelsius >= lowest) return Math.round(targetCelsius);
  throw refused("/targetCelsius", `the chamber heats from ${lowest} °C; 0 switches it off`);
}

/** The duct is turned to heating before, and back to cooling after. */
function chamberLines(model: Model, celsius: number): readonly string[] {
  if (!model.airDuct) return [`M141 S${celsius}`];
  return celsius === 0 ? ["M141 S0", "M145 P0"] : ["M145 P1", `M141 S${celsius}`];
}

function fanNumber(model: Model, fan: string): number {
  const numbers = new Map([["part", 1]]);
  if (model.auxFan) numbers.set("aux", 2);
  if (model.chamberFan) numbers.set("chamber", 3);
  if (model.secondAuxFan) numbers.set("aux2", 10);
  const found = numbers.get(fan);
  if (found !== undefined) return found;
  throw refused("/fan", `no fan "${fan}" can be set; these can: ${[...numbers.keys()].join(", ")}`);
}

function speedLevel({ mode }: CommandInput<"setSpeed">): number {
  const names = speedModes.join(", ");
  if (mode === undefined) throw refused("/speedRatio", `the printer knows modes, no ratios: give mode, of ${names}`);
  const index = speedModes.findIndex((name) => name === mode);
  if (index === -1) throw refused("/mode", `there is no mode "${mode}"; legal: ${names}`);
  return index + 1;
}

/** Wire names of one light: the two lamps that some models have in their chamber go together. */
function nodesOf({ lights }: Model, light: string): readonly string[] {
  const id = lights.find((known) => known === light);
  if (id === undefined) throw refused("/light", `there is no light "${light}"; legal: ${lights.join(", ")}`);
  const isPair = id.startsWith("chamber") && lights.includes("chamber2");
  return isPair ? [lightNodes.chamber, lightNodes.chamber2] : [lightNodes[id]];
}

/** All six fields, always: with one missing the printer refuses it. */
function lightBody(node: string, on: boolean): Readonly<Record<string, unknown>> {
  const times = { led_on_time: 500, led_off_time: 500, loop_times: 0, interval_time: 0 };
  return { led_node: node, led_mode: on ? "on" : "off", ...times };
}

const speeds = { x: 3000, y: 3000, z: 900 } as const;

/** On machines whose bed moves in Y and whose head moves in Z, people mean the other direction. */
const bedSlingers = new Set(["A1", "A1 mini", "A2L"]);

function jogLine({ link }: CommandContext, { axis, distanceMillimeters }: CommandInput<"jog">): string {
  const step = stepMillimeters[axis];
  if (Math.abs(distanceMillimeters) > step)
    throw refused("/distanceMillimeters", `${axis} moves at most ${step} mm at a time`);
  // The soft limits mean nothing before.
  if (!isHomed(link.report(), axis))
    throw new PrinterError("wrong_phase", `where ${axis} stands is not known: home it first`);
  const isReversed = axis !== "x" && bedSlingers.has(link.model.name);
  const distance = isReversed ? -distanceMillimeters : distanceMillimeters;
  return `G1 ${axis.toUpperCase()}${millimeters(distance)} F${speeds[axis]}`;
}

function millimeters(distance: number): string {
  return Number.isInteger(distance * 10) ? distance.toFixed(1) : distance.toFixed(3);
}
