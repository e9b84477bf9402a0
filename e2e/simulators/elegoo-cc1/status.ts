// The `Status` and `Attributes` objects a Centauri Carbon pushes, built from the machine. A frame
// always carries the whole object. Misspelt keys are the printer's own.

import type { Heater } from "./heater.ts";
import type { Job } from "./job.ts";
import { macOf, type Printer } from "./printer.ts";

type JsonObject = Record<string, unknown>;

/** Hex codes of "TotalExtrusion" and "CurrentExtrusion" with their final NUL. */
const totalExtrusionKey = "54 6F 74 61 6C 45 78 74 72 75 73 69 6F 6E 00";
const currentExtrusionKey = "43 75 72 72 65 6E 74 45 78 74 72 75 73 69 6F 6E 00";
/** Filament, mm per gram of 1.75 mm PLA. */
const millimetersPerGram = 335;
const storageBytes = 6_500_000_000;

export function statusObject(printer: Printer): JsonObject {
  const { machine, knobs, profile } = printer;
  const list = machine.currentStatus;
  const { X, Y, Z } = machine.position;
  return {
    [knobs.currenStatus ? "CurrenStatus" : "CurrentStatus"]: knobs.plainStatus ? list[0] : list,
    TimeLapseStatus: machine.timeLapse ? 1 : 0,
    PlatFormType: machine.smoothPlate ? 1 : 0,
    ...temperatures(printer),
    CurrenCoord: [X, Y, Z].map((value) => value.toFixed(2)).join(","),
    CurrentFanSpeed: {
      ModelFan: machine.fans.model,
      AuxiliaryFan: machine.fans.auxiliary,
      BoxFan: machine.fans.box,
    },
    // The firmware's own floating-point noise.
    ZOffset: 0.00000000000001,
    LightStatus: { SecondLight: machine.lightOn ? 1 : 0, RgbLight: [0, 0, 0] },
    ...(profile.canvas && { AmsConnectStatus: 1 }),
    PrintInfo: printInfo(printer),
  };
}

function printInfo(printer: Printer): JsonObject {
  const { machine } = printer;
  return {
    Status: machine.printStatus,
    ...(machine.job === undefined ? noJob : jobInfo(machine.job)),
    PrintSpeedPct: machine.speedPercent,
    ErrorNumber: 0,
    ...(printer.profile.hexKeys && extrusion(machine.job)),
  };
}

const noJob: JsonObject = {
  CurrentLayer: 0,
  TotalLayer: 0,
  CurrentTicks: 0,
  TotalTicks: 0,
  Filename: "",
  TaskId: "",
  Progress: 0,
};

function jobInfo(job: Job): JsonObject {
  return {
    CurrentLayer: job.layer,
    TotalLayer: job.file.totalLayers,
    CurrentTicks: rounded(job.printedSeconds, 3),
    TotalTicks: job.file.printSeconds,
    Filename: job.file.path,
    TaskId: job.task.id,
    Progress: Math.floor(job.progressRatio * 100),
  };
}

function extrusion(job: Job | undefined): JsonObject {
  const total = job === undefined ? 0 : job.file.grams * millimetersPerGram;
  return {
    [totalExtrusionKey]: rounded(total, 2),
    [currentExtrusionKey]: rounded(total * (job?.progressRatio ?? 0), 2),
  };
}

function temperatures({ machine, knobs, profile }: Printer): JsonObject {
  const parts = { Hotbed: machine.bed, Nozzle: machine.nozzle, Box: machine.box };
  const result: JsonObject = {};
  for (const [part, heater] of Object.entries(parts)) {
    // The chamber only follows the bed; nobody can ask it for a temperature.
    const target = part === "Box" ? 0 : heater.targetCelsius;
    const actual = rounded(heater.actualCelsius + ripple(heater, machine.seconds), 2);
    if ((knobs.temperatures ?? profile.temperatures) === "B") {
      result[`TempOf${part}`] = [target, actual];
    } else {
      result[`TempOf${part}`] = actual;
      result[`TempTarget${part}`] = target;
    }
  }
  return result;
}

/** A regulated heater is never quite still, Celsius. */
function ripple(heater: Heater, seconds: number): number {
  return heater.targetCelsius > 0 ? 0.2 * Math.sin(seconds / 7) : 0;
}

export function attributesObject(printer: Printer): JsonObject {
  const { knobs, counters, profile } = printer;
  return {
    Name: printer.name,
    MachineName: "Centauri Carbon",
    BrandName: "Centauri",
    ProtocolVersion: "V3.0.0",
    FirmwareVersion: profile.firmware,
    XYZsize: "300x300x400",
    MainboardIP: printer.host,
    MainboardID: printer.mainboardId,
    MainboardMAC: macOf(printer),
    NumberOfVideoStreamConnected: counters.camera.current,
    MaximumVideoStreamAllowed: 1,
    NumberOfCloudSDCPServicesConnected: 0,
    MaximumCloudSDCPSercicesAllowed: 1,
    NetworkStatus: "wlan",
    UsbDiskStatus: 0,
    Capabilities: ["FILE_TRANSFER", "PRINT_CONTROL", "VIDEO_STREAM"],
    SupportFileType: ["GCODE"],
    DevicesStatus: {
      ZMotorStatus: 1,
      YMotorStatus: 1,
      XMotorStatus: 1,
      ExtruderMotorStatus: 1,
      RelaseFilmState: 1,
    },
    CameraStatus: knobs.cameraPlugged ? 1 : 0,
    RemainingMemory: storageBytes - printer.files.usedBytes,
    SDCPStatus: 1,
    TLPNoCapPos: 50,
    TLPStartCapPos: 50,
    TLPInterLayers: 20,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
