// Commands about material units and external spools: load and unload, what is in a slot, tags, drying,
// and pressure-advance profiles.

import { type Body, type Context, fail, type Handlers, isWhole, type Outcome, success, successIf } from "./command.ts";
import { externalSlot, globalSlot, noSlot, type Spool, unknownSpool } from "./materials.ts";
import type { Printer } from "./printer.ts";

/** Unit kinds that dry, with their highest temperature. */
const dryerMax: Readonly<Record<number, number>> = { 3: 65, 4: 85 };
const readSeconds = 20;
const controls: ReadonlySet<unknown> = new Set(["resume", "reset", "pause", "done", "abort"]);

export const filamentCommands: Handlers = {
  ams_change_filament: ({ printer }, body) => changeFilament(printer, body),
  unload_filament: ({ printer }) => changeFilament(printer, { target: noSlot }),
  ams_control: ({ printer: { machine } }, { param }) => {
    if (!controls.has(param)) return fail("invalid param");
    if (param === "resume" || param === "done") machine.resume();
    return success;
  },
  ams_user_setting: ({ printer: { machine, switches } }, body) => {
    const { startup_read_option: startup, tray_read_option: insert, calibrate_remain_flag: remain } = body;
    if (typeof startup !== "boolean" || typeof insert !== "boolean") return fail("invalid parameter");
    Object.assign(machine.materials, { powerOnRead: startup, insertRead: insert });
    if (typeof remain === "boolean") switches.remainEstimate = remain;
    return success;
  },
  ams_get_rfid: ({ printer: { machine } }, { ams_id, slot_id }) => {
    const { materials } = machine;
    const slot = globalSlot(Number(ams_id), Number(slot_id));
    if (materials.spool(slot) === undefined) return fail("no spool");
    if (materials.now === slot) return fail("unload first");
    materials.reading = { slot, seconds: readSeconds };
    materials.rfidStatus = 1;
    return success;
  },
  ams_filament_setting: ({ printer }, body) => setFilament(printer, body),
  ams_filament_drying: ({ printer }, body) => setDrying(printer, body),
  auto_stop_ams_dry: ({ printer: { machine } }) => {
    for (const unit of machine.materials.units) Object.assign(unit, { drying: undefined, drySeconds: 0 });
    return success;
  },
  extrusion_cali_get: (context, body) => calibrations(context, body),
  extrusion_cali_sel: ({ printer: { machine } }, { tray_id, cali_idx }) => {
    const { materials } = machine;
    const spool = materials.spool(Number(tray_id));
    if (spool === undefined || !isWhole(cali_idx, -1, 255)) return fail("no such tray or profile");
    replace(machine.materials, Number(tray_id), { ...spool, caliIdx: cali_idx });
    return success;
  },
  extrusion_cali_set: () => success,
  extrusion_cali_del: (_context, { cali_idx }) => successIf(isWhole(cali_idx, 0, 255), "no such profile"),
};

function changeFilament({ machine }: Printer, { target, tar_temp }: Body): Outcome {
  const { gcodeState, materials } = machine;
  if (!isWhole(target, 0, 255)) return fail("invalid target");
  if (gcodeState === "RUNNING" || gcodeState === "PREPARE" || machine.change !== undefined) return fail("busy");
  // Dual nozzles call the external spool of the right one 255, with a temperature to load it at.
  const slot = target;
  if (slot < externalSlot && materials.spool(slot) === undefined) return fail("no spool");
  if (isWhole(tar_temp, 170, 350)) machine.nozzle.targetCelsius = tar_temp;
  machine.changeFilament(slot);
  return success;
}

function setFilament({ machine, profile }: Printer, body: Body): Outcome {
  const { ams_id: unitId, tray_id: trayId } = body;
  const spool = spoolFrom(body);
  if (spool === undefined) return fail("invalid parameter");
  if (unitId === 254 || unitId === 255) {
    if (trayId !== (profile.nozzles === 1 ? externalSlot : 0)) return fail("no such tray");
    machine.materials.external[profile.nozzles === 2 && unitId === 254 ? 1 : 0] = spool;
    return success;
  }
  const slot = globalSlot(Number(unitId), Number(body["slot_id"] ?? trayId));
  const before = machine.materials.spool(slot);
  if (before === undefined) return fail("no spool");
  if (before.rfid) return fail("the spool has a tag");
  return successIf(machine.materials.put(slot, spool), "no such tray");
}

/** @returns undefined where type or colour are none */
function spoolFrom(body: Body): Spool | undefined {
  const { tray_type: type, tray_color: color } = body;
  if (typeof type !== "string" || typeof color !== "string" || !/^[0-9A-F]{8}$/i.test(color)) return undefined;
  const text = (key: string): string => (typeof body[key] === "string" ? body[key] : "");
  return {
    ...unknownSpool,
    type,
    infoIdx: text("tray_info_idx"),
    subBrands: text("tray_sub_brands"),
    color: color.toUpperCase(),
    nozzleMin: Number(body["nozzle_temp_min"] ?? 0),
    nozzleMax: Number(body["nozzle_temp_max"] ?? 0),
  };
}

function setDrying({ machine }: Printer, { ams_id, mode, temp, duration, filament }: Body): Outcome {
  const unit = machine.materials.unit(Number(ams_id));
  const maximum = dryerMax[unit?.kind ?? 0];
  if (unit === undefined || maximum === undefined) return fail("this unit does not dry");
  if (mode === 0) {
    Object.assign(unit, { drying: undefined, drySeconds: 0 });
    return success;
  }
  if (mode !== 1 || !isWhole(temp, 45, maximum) || !isWhole(duration, 1, 24)) return fail("out of range");
  unit.drying = { filament: typeof filament === "string" ? filament : "", celsius: temp, hours: duration };
  unit.drySeconds = duration * 3600;
  return success;
}

function calibrations({ printer, client }: Context, { nozzle_diameter, filament_id }: Body): Outcome {
  if (!printer.calibrationAskers.has(client)) {
    printer.calibrationAskers.add(client);
    return { result: "success", silent: true };
  }
  const profile = { cali_idx: 1, k_value: "0.020000", n_coef: "1.400000", name: "PLA", setting_id: "GFSL99" };
  return { result: "success", extra: { filaments: [{ ...profile, nozzle_diameter, filament_id }] } };
}

function replace(materials: Printer["machine"]["materials"], slot: number, spool: Spool): void {
  if (!materials.put(slot, spool)) materials.external[0] = spool;
}
