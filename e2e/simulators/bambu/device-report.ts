// The blocks of newer firmware: `device` with packed temperatures, the hexadecimal bit fields, and
// the doubles of older fields. They say the same as ./report.ts in other words.

import type { Machine } from "./machine.ts";
import { packedSlot } from "./materials-report.ts";
import { globalSlot, noSlot } from "./materials.ts";
import type { Printer } from "./printer.ts";
import { progressOf } from "./progress.ts";

type JsonObject = Record<string, unknown>;

const lockedFun = "3EC1AFFF9CFF";
const openFun = "3EC18FFF9CFF";
const stateNumbers: Readonly<Record<string, number>> = {
  IDLE: 0,
  PREPARE: 2,
  RUNNING: 4,
  PAUSE: 5,
  FINISH: 6,
  FAILED: 7,
};

export function deviceFields(printer: Printer): JsonObject {
  const { profile, machine } = printer;
  return {
    ...(profile.tellsFun && bitFields(printer)),
    ...(printer.newFields && newFields(machine)),
  };
}

function bitFields({ authorization, switches, machine, card }: Printer): JsonObject {
  return {
    fun: authorization.locked ? lockedFun : openFun,
    cfg: hex(
      [
        [0, machine.materials.insertRead],
        [1, machine.materials.powerOnRead],
        [3, switches.record],
        [4, switches.resolution === "1080p"],
        [5, switches.timelapse],
        [7, machine.lights["chamber_light"] === "on"],
        [16, switches.autoRecovery],
        [17, switches.remainEstimate],
        [18, switches.filamentBackup],
        [22, switches.sound],
        [23, switches.tangle],
        [24, switches.blob],
      ],
      BigInt(machine.speedLevel) << 8n,
    ),
    stat: hex(
      [
        [7, switches.record],
        [23, switches.doorOpen],
      ],
      0x46258000n & ~0x800080n,
    ),
    aux: hex([[12, card.state !== "removed"]], 0n),
    ver: "20018",
  };
}

function newFields(machine: Machine): JsonObject {
  const { job, chamber, profile, lastPlan } = machine;
  const progress = progressOf(machine);
  return {
    device: deviceObject(machine),
    state: stateNumbers[machine.gcodeState] ?? 0,
    percent: progress.percent,
    remain_time: progress.remainingMinutes,
    prepare_per: progress.preparePercent,
    file: lastPlan === undefined ? "" : `/data/Metadata/plate_${lastPlan.plate}.gcode`,
    plate_idx: lastPlan?.plate ?? 0,
    plate_cnt: 1,
    job_attr: job === undefined ? 3 : 2 | 16,
    mapping: (job?.plan.mapping ?? []).map((slot) => (slot < 0 ? 65_535 : packedSlot(slot, 0))),
    job: { cur_stage: { idx: 0, state: 0 }, stage: job === undefined ? [] : [{ idx: 0, tool: [], type: 2 }] },
    "3D": { layer_num: progress.layer, total_layer_num: progress.totalLayers },
    care: [
      { id: "cr", info: "0" },
      { id: "ls", info: "0" },
    ],
    info: { temp: packedChamber(machine, chamber.actualCelsius) },
    bed_temperature_limit: 120,
    nozzle_max_temperature: profile.nozzles === 2 ? 350 : 300,
  };
}

function deviceObject(machine: Machine): JsonObject {
  const { bed, chamber, profile, airDuctMode } = machine;
  const chamberTemp = packedChamber(machine, chamber.actualCelsius);
  return {
    type: 1,
    bed: { info: { temp: bed.packed }, state: bed.targetCelsius > 0 ? 2 : 0 },
    bed_temp: bed.packed,
    ctc: { info: { temp: chamberTemp }, state: machine.chamberTarget > 0 ? 2 : 0 },
    cham_temp: chamberTemp,
    extruder: extruderObject(machine),
    nozzle: {
      exist: (1 << profile.nozzles) - 1,
      state: 0,
      info: machine.nozzles.map((_nozzle, id) => ({
        id,
        diameter: machine.switches.nozzleDiameter,
        type: machine.switches.nozzleType === "hardened_steel" ? "HS01" : "HS00",
        wear: 0,
        tm: 0,
        stat: 0,
      })),
    },
    ...(profile.airDuct && { airduct: airDuct(machine, airDuctMode) }),
    ext_tool: { mount: 0, type: "", th_temp: 0, calib: 2 },
    plate: { base: 4, mat: 1, cur_id: "", tar_id: "" },
    cam: { laser: { cond: 242, state: 0 } },
    laser: { power: 0 },
    fan: 0,
  };
}

function extruderObject(machine: Machine): JsonObject {
  const { nozzles, activeNozzle, materials } = machine;
  const feeding = materials.now;
  return {
    state: nozzles.length === 1 ? 1 : 0x8000 | (activeNozzle << 8) | (activeNozzle << 4) | nozzles.length,
    info: nozzles.map((nozzle, id) => {
      const here = (slot: number): number => (id === extruderOf(machine, slot) ? packedSlot(slot, id) : 0xfeff);
      return {
        id,
        temp: nozzle.packed,
        snow: here(feeding),
        spre: here(materials.previous),
        star: here(materials.target),
        hnow: id,
        hpre: id,
        htar: id,
        stat: 0,
        info: 8,
        filam_bak: [],
      };
    }),
  };
}

/** The nozzle that a slot feeds. */
function extruderOf({ materials, activeNozzle }: Machine, slot: number): number {
  if (slot === noSlot || slot === 254) return activeNozzle;
  const unit = materials.units.find(({ id, slots }) => slots.some((_, index) => globalSlot(id, index) === slot));
  return unit?.extruder ?? activeNozzle;
}

function airDuct({ fans, chamberTarget }: Machine, modeCur: number): JsonObject {
  return {
    modeCur,
    modeList: [
      { modeId: 0, ctrl: [16, 32, 48], off: [96] },
      { modeId: 1, ctrl: [16, 96], off: [32, 48] },
      { modeId: 2, ctrl: [48], off: [16, 32, 96] },
    ],
    parts: [
      ductPart(16, fans[1]),
      ductPart(32, fans[2]),
      ductPart(48, fans[3]),
      ductPart(96, chamberTarget > 0 ? 255 : 0),
    ],
  };
}

/** @param pwm - 0 to 255; the wire has percent */
function ductPart(id: number, pwm: number): JsonObject {
  const state = Math.round((pwm / 255) * 100);
  return { id, func: 0, state, tar_state: state, range: 6_553_600 };
}

function packedChamber({ chamberTarget }: Machine, actualCelsius: number): number {
  return chamberTarget * 0x10000 + Math.round(actualCelsius);
}

/** Up to 64 bits, so not with the arithmetic of 32. */
function hex(bits: readonly (readonly [number, boolean])[], start: bigint): string {
  return bits
    .reduce((value, [bit, set]) => (set ? value | (1n << BigInt(bit)) : value), start)
    .toString(16)
    .toUpperCase();
}
