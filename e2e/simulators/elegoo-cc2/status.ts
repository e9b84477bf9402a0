// The objects a Centauri Carbon 2 tells of itself: the whole status of method 1002, what has changed
// since for pushes, and the attributes of 1001. Key names are the printer's own.

import type { Heater } from "./heater.ts";
import type { Job } from "./job.ts";
import type { Machine } from "./machine.ts";
import { macOf, type Printer } from "./printer.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Filament, mm per gram of 1.75 mm PLA. */
const millimetersPerGram = 335;
export const storageBytes = 6_500_000_000;
const boardFanRpm = 5200;
/** Of each speed mode while printing, mm per minute. */
const feedRate = 12_000;

export function statusObject(printer: Printer): JsonObject {
  const { machine, knobs } = printer;
  const [status, subStatus] = machine.codes;
  return {
    machine_status: {
      status,
      sub_status: subStatus,
      sub_status_reason_code: 0,
      exception_status: [...machine.exceptions],
      progress: percent(machine.job),
    },
    print_status: printStatus(printer),
    extruder: {
      ...temperatures(machine.nozzle, machine.seconds),
      filament_detect_enable: 1,
      filament_detected: machine.filamentPresent ? 1 : 0,
    },
    heater_bed: temperatures(machine.bed, machine.seconds),
    ztemperature_sensor: {
      temperature: rounded(machine.chamber.actualCelsius, 2),
      measured_max_temperature: 0,
      measured_min_temperature: 0,
    },
    fans: fans(machine),
    led: { status: machine.lightOn ? 1 : 0 },
    ...move(printer),
    [knobs.toolhead ? "toolhead" : "tool_head"]: { homed_axes: [...machine.homed].toSorted().join("") },
    external_device: {
      camera: knobs.cameraPlugged,
      u_disk: printer.usbStick,
      type: machine.canvas === undefined ? "" : "0303",
    },
    ...(machine.canvas !== undefined && { canvas_info: machine.canvas.info() }),
  };
}

function printStatus({ machine, knobs }: Printer): JsonObject {
  const { job, lastJob } = machine;
  const { total_layer: totalLayer, ...figures } = lastJob === undefined ? noJob : jobFigures(lastJob);
  return {
    state: job === undefined ? machine.restingState : stateOf(job),
    ...figures,
    ...(!knobs.totalLayerMissing && { total_layer: totalLayer }),
    remaining_time_sec: job === undefined ? 0 : Math.max(0, Math.round(job.file.printSeconds - job.printedSeconds)),
    progress: percent(job),
    ...(job !== undefined &&
      job.secondsBeforePowerLoss > 0 && { print_duration_before_power_loss: job.secondsBeforePowerLoss }),
    bed_mesh_detect: job?.stage === "levelling",
    filament_detect: true,
    // Stays true after a job on the real machine.
    enable: lastJob !== undefined,
    message: "",
  };
}

const noJob: JsonObject = {
  filename: "",
  uuid: "",
  current_layer: 0,
  total_layer: 0,
  print_duration: 0,
  total_duration: 0,
  filament_used: 0,
};

/** Of the job that runs, or of the last one: they stay until the next begins. */
function jobFigures(job: Job): JsonObject {
  return {
    filename: job.file.name,
    uuid: job.task.id,
    current_layer: job.layer,
    total_layer: job.file.totalLayers,
    print_duration: Math.round(job.printedSeconds),
    total_duration: Math.round(job.totalSeconds),
    filament_used: rounded(job.file.grams * millimetersPerGram * job.progressRatio, 1),
  };
}

function stateOf({ stage }: Job): string {
  if (stage === "pausing" || stage === "paused") return "paused";
  if (stage === "stopped") return "cancelled";
  return stage === "complete" ? "complete" : "printing";
}

function percent(job: Job | undefined): number {
  return job === undefined ? 0 : Math.floor(job.progressRatio * 100);
}

/** A regulated heater is never quite still. */
function temperatures(heater: Heater, seconds: number): JsonObject {
  const ripple = heater.targetCelsius > 0 ? 0.2 * Math.sin(seconds / 7) : 0;
  return { temperature: rounded(heater.actualCelsius + ripple, 2), target: heater.targetCelsius };
}

function fans({ fans: speeds }: Machine): JsonObject {
  return Object.fromEntries(
    Object.entries(speeds).map(([name, speed]) => [
      name,
      { speed, ...(name === "controller_fan" && { rpm: speed > 0 ? boardFanRpm : 0 }) },
    ]),
  );
}

function move({ machine, knobs }: Printer): JsonObject {
  const { x, y, z } = machine.position;
  const printing = machine.job?.stage === "printing" && !machine.job.switching;
  const shared = {
    x: rounded(x, 3),
    y: rounded(y, 3),
    z: rounded(z, 3),
    speed: printing ? feedRate : 0,
    speed_mode: machine.speedMode,
  };
  const extruded = rounded((machine.job?.printedSeconds ?? 0) * 2.4, 2);
  return knobs.gcodeMoveInf
    ? { gcode_move_inf: { ...shared, e: extruded } }
    : { gcode_move: { ...shared, extruder: extruded } };
}

/** What is new in `after`: only changed leaves, arrays whole. @returns undefined when nothing is. */
export function changesBetween(before: unknown, after: JsonObject): JsonObject | undefined {
  const old = isObject(before) ? before : {};
  const changes: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(after)) {
    if (isObject(value)) {
      const inner = changesBetween(old[key], value);
      if (inner !== undefined) changes[key] = inner;
    } else if (JSON.stringify(value) !== JSON.stringify(old[key])) changes[key] = value;
  }
  return Object.keys(changes).length === 0 ? undefined : changes;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function attributesObject(printer: Printer): JsonObject {
  const { counters, knobs, profile } = printer;
  return {
    hostname: printer.name,
    machine_model: "Centauri Carbon 2",
    sn: printer.serial,
    ip: printer.host,
    mac: macOf(printer),
    protocol_version: "V1.0.0",
    hardware_version: "V1.0",
    software_version: { ota_version: profile.firmware, mcu_version: "00.00.00.32", soc_version: "00.00.00.28" },
    xyz_size: "256x256x256",
    network_type: "wlan",
    usb_connected: printer.usbStick,
    camera_connected: knobs.cameraPlugged,
    remaining_memory: storageBytes - printer.files.usedBytes,
    max_video_connections: 1,
    video_connections: counters.camera.current,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
