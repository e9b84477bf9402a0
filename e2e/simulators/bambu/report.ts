// The `print` object of a full report: every field of the profile with the type the printer writes.
// Deltas and cadence are ./reporter.ts; the newer blocks are ./device-report.ts.

import { deviceFields } from "./device-report.ts";
import { amsObject, externalObject } from "./materials-report.ts";
import { speedPercents } from "./machine.ts";
import type { Printer } from "./printer.ts";
import { progressOf } from "./progress.ts";

export type JsonObject = Record<string, unknown>;

/** Everything, without envelope fields (`command`, `msg`, `sequence_id`). */
export function reportObject(printer: Printer): JsonObject {
  const { machine, knobs } = printer;
  const report: JsonObject = {
    ...standingFields(printer),
    ...heatFields(printer),
    ...jobFields(printer),
    ...machineFields(printer),
    ams: amsObject(machine.materials, printer.profile, { trayState: knobs.trayState }),
    ...externalObject(machine.materials, printer.profile),
    ...(printer.profile.reports === "delta" ? smallFields(printer) : bigFields(printer)),
    ...deviceFields(printer),
  };
  for (const [path, value] of printer.overrides) overlay(report, path.split("."), value);
  return report;
}

function standingFields(printer: Printer): JsonObject {
  const { profile, switches, networkAddress, knobs } = printer;
  return {
    upgrade_state: {
      sequence_id: 0,
      progress: "",
      status: "IDLE",
      consistency_request: false,
      dis_state: 0,
      err_code: 0,
      force_upgrade: false,
      message: "0%, 0B/s",
      module: "",
      new_version_state: 2,
      ...(profile.reports === "delta" ? { cur_state_code: 0, idx2: 1_204_117, new_ver_list: [] } : bigUpgrade),
    },
    ipcam: {
      ipcam_dev: knobs.cameraGone ? "0" : "1",
      ipcam_record: word(switches.record),
      timelapse: word(switches.timelapse),
      resolution: switches.resolution,
      tutk_server: "disable",
      mode_bits: 3,
      ...(profile.camera === "rtsps" && { rtsp_url: printer.rtspUrl() }),
    },
    upload: { status: "idle", progress: 0, message: "" },
    net: { conf: profile.reports === "both" ? 16 : 0, info: [{ ip: littleEndian(networkAddress), mask: 16_777_215 }] },
  };
}

const bigUpgrade = {
  ota_new_version_number: "",
  ams_new_version_number: "",
  ahb_new_version_number: "",
  ext_new_version_number: "",
};

function heatFields({ machine, profile, newFields }: Printer): JsonObject {
  const { nozzle, bed, chamber } = machine;
  return {
    nozzle_temper: nozzle.actualCelsius,
    nozzle_target_temper: nozzle.targetCelsius,
    bed_temper: bed.actualCelsius,
    bed_target_temper: bed.targetCelsius,
    // The newer firmware of models with a sensor tells it in `info` and `device` only.
    ...(!profile.chamberSensor && { chamber_temper: 5 }),
    ...(profile.chamberSensor && !newFields && { chamber_temper: Math.round(chamber.actualCelsius) }),
  };
}

function jobFields({ machine, profile }: Printer): JsonObject {
  const { lastPlan: plan } = machine;
  const progress = progressOf(machine);
  return {
    gcode_state: machine.gcodeState,
    mc_print_stage: machine.free ? "1" : "2",
    mc_percent: progress.percent,
    mc_remaining_time: progress.remainingMinutes,
    layer_num: progress.layer,
    total_layer_num: progress.totalLayers,
    gcode_file_prepare_percent: String(progress.preparePercent),
    subtask_name: plan?.subtaskName ?? "",
    gcode_file: gcodeFile(plan, profile.gcodeFile),
    ...(plan?.ids ?? { project_id: "0", profile_id: "0", task_id: "0", subtask_id: "0" }),
    stg: machine.stages,
    stg_cur: machine.stage,
    print_type: printType(machine, profile.idleStage),
    s_obj: machine.job?.skipped ?? [],
    print_error: machine.printError,
    spd_lvl: machine.speedLevel,
    spd_mag: speedPercents[machine.speedLevel] ?? 100,
    mc_print_sub_stage: 0,
    queue_number: 0,
    queue_total: 0,
    queue_est: 0,
    queue_sts: 0,
    hms: machine.hms,
  };
}

function machineFields(printer: Printer): JsonObject {
  const { machine, switches, knobs, profile, card } = printer;
  const { fans, lights, materials } = machine;
  return {
    heatbreak_fan_speed: gear(fans[0]),
    cooling_fan_speed: gear(fans[1]),
    big_fan1_speed: gear(fans[2]),
    big_fan2_speed: gear(fans[3]),
    fan_gear: profile.reports === "delta" ? 0 : fans[1] | (fans[2] << 8) | (fans[3] << 16),
    ams_status: materials.status,
    ams_rfid_status: materials.rfidStatus,
    hw_switch_state: knobs.filamentGone || (machine.free && materials.now === 255) ? 0 : 1,
    lifecycle: "product",
    wifi_signal: `${printer.wifiDbm()}dBm`,
    home_flag: homeFlag({ machine, switches, profile, card }),
    sdcard: card.state !== "removed",
    force_upgrade: false,
    mess_production_state: "active",
    filam_bak: [],
    nozzle_diameter: String(switches.nozzleDiameter),
    nozzle_type: switches.nozzleType,
    cali_version: 0,
    online: { ahb: false, rfid: false, version: knobs.onlineVersion },
    lights_report: Object.entries(lights).map(([node, mode]) => ({ node, mode })),
  };
}

function smallFields({ machine, profile, switches }: Printer): JsonObject {
  const line = machine.job === undefined ? 0 : Math.floor(machine.job.printedSeconds * 11);
  return {
    mc_print_line_number: String(line),
    k: "0.0200",
    flag3: 15,
    ...(profile.detectors === "marker" && {
      xcam: { buildplate_marker_detector: switches.xcam["buildplate_marker_detector"] ?? false },
    }),
  };
}

function bigFields({ machine, switches, profile }: Printer): JsonObject {
  const { xcam } = switches;
  return {
    aux_part_fan: true,
    fail_reason: "0",
    mc_print_error_code: String(machine.printError),
    gcode_start_time: String(machine.job?.startedAt ?? 0),
    print_gcode_action: machine.job?.stage ?? 255,
    print_real_action: 0,
    maintain: 3,
    upload: {
      status: "idle",
      progress: 0,
      message: "",
      file_size: 0,
      finish_size: 0,
      oss_url: "",
      speed: 0,
      time_remaining: 0,
      trouble_id: "",
    },
    xcam: {
      first_layer_inspector: xcam["first_layer_inspector"] ?? false,
      printing_monitor: xcam["printing_monitor"] ?? false,
      spaghetti_detector: xcam["spaghetti_detector"] ?? false,
      buildplate_marker_detector: xcam["buildplate_marker_detector"] ?? false,
      allow_skip_parts: xcam["allow_skip_parts"] ?? false,
      print_halt: switches.printHalt,
      halt_print_sensitivity: switches.sensitivity,
      ...(profile.reports === "both" && { cfg: xcamBits(switches) }),
    },
    xcam_status: "0",
    ...(profile.chamberMaxCelsius !== null && { ctt: machine.chamberTarget }),
  };
}

function xcamBits({ xcam, sensitivity }: Printer["switches"]): number {
  const level = ["low", "medium", "high"].indexOf(sensitivity);
  const names = ["spaghetti_detector", "pileup_detector", "clump_detector", "airprint_detector"] as const;
  return names.reduce((bits, name, index) => {
    const on = xcam[name] === true ? 1 : 0;
    return bits | ((on | (level << 1)) << (5 + index * 3));
  }, 0);
}

function homeFlag({
  machine,
  switches,
  profile,
  card,
}: Pick<Printer, "machine" | "switches" | "profile" | "card">): number {
  const bits: readonly (readonly [number, boolean])[] = [
    [0, machine.homed.has("x")],
    [1, machine.homed.has("y")],
    [2, machine.homed.has("z")],
    [3, true],
    [4, switches.autoRecovery],
    [5, switches.record],
    [7, switches.remainEstimate],
    [8, card.state !== "removed"],
    [10, switches.filamentBackup],
    [11, switches.storeSent],
    [15, true],
    [16, true],
    [17, switches.sound],
    [19, true],
    [20, switches.tangle],
    [21, true],
    [22, true],
    [23, switches.doorOpen && profile.code.startsWith("BL-")],
    [24, switches.blob],
    [25, true],
    [28, switches.airPrint],
    [29, true],
    // A printer that writes it as a negative number.
    [31, profile.startCancels],
  ];
  return bits.reduce((flag, [bit, set]) => (set ? flag | (1 << bit) : flag), 0);
}

function printType({ calibrating, job }: Printer["machine"], idleStage: number): string {
  if (calibrating !== undefined) return "system";
  return job?.plan.printType ?? (idleStage === 255 ? "idle" : "");
}

function gcodeFile(plan: { readonly file: string; readonly plate: number } | undefined, form: "name" | "ram"): string {
  if (plan === undefined) return "";
  return form === "ram" && plan.file.endsWith(".3mf") ? `/data/Metadata/plate_${plan.plate}.gcode` : plan.file;
}

/** The scale 0 to 15 as text. */
function gear(pwm: number): string {
  return String(Math.round((pwm / 255) * 15));
}

function word(on: boolean): string {
  return on ? "enable" : "disable";
}

function littleEndian(address: string): number {
  return Buffer.from(address.split(".").map(Number)).readUInt32LE(0);
}

function overlay(target: JsonObject, path: readonly string[], value: unknown): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  const copy: unknown = Array.isArray(inner)
    ? [...(inner as unknown[])]
    : { ...(typeof inner === "object" && inner !== null ? inner : {}) };
  target[key] = copy;
  overlay(copy as JsonObject, rest, value);
}
