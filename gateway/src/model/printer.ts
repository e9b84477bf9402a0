// What a printer is and what is known of it now, in the product's own words.
// No wire word and no number of any protocol belongs here; families translate.
// JSON shape and key order: the State section of docs/api.md.

/** What the machine is doing. A family's finer words go into `stage`. */
export const phases = [
  "idle",
  "preparing",
  "printing",
  "pausing",
  "paused",
  "resuming",
  "stopping",
  "stopped",
  "finished",
  "failed",
  "busy",
  "unknown",
] as const;
export type Phase = (typeof phases)[number];

/** Severity of a fault: `error` stops a job, `warning` does not. */
export const severities = ["info", "warning", "error"] as const;
export type Severity = (typeof severities)[number];

/** A heated part. Temperatures in °C; null is unknown. */
export interface Heater {
  readonly actualCelsius: number | null;
  readonly targetCelsius: number | null;
}

export interface Nozzle extends Heater {
  /** "0" for the first nozzle. */
  readonly id: string;
  readonly diameterMillimeters?: number | null;
  /** What it is made of, by the printer's own word. */
  readonly kind?: string | null;
  /** Whether it is the one in use, where there are several. */
  readonly active?: boolean | null;
}

/** A fan by what it cools: "part", "aux", "chamber". 1 is full speed. */
export interface Fan {
  readonly id: string;
  readonly speedRatio: number | null;
}

export interface Light {
  readonly id: string;
  readonly on: boolean | null;
}

/** One filament position of a material unit. */
export interface Material {
  readonly unit: string;
  readonly slot: string;
  readonly type: string | null;
  /** Brand and kind as the spool says them. */
  readonly name?: string | null;
  /** "#RRGGBB" */
  readonly colorHex: string | null;
  /** 0…1 */
  readonly remainingRatio: number | null;
  readonly active: boolean | null;
  /** Whether a spool is in the slot, also one of which nothing else is known. */
  readonly present?: boolean | null;
  /** Bounds of the nozzle temperature that the filament wants, °C. */
  readonly nozzleMinimumCelsius?: number | null;
  readonly nozzleMaximumCelsius?: number | null;
  /** The vendor's id of the filament preset. */
  readonly profile?: string | null;
}

/** A box that holds spools and feeds them, and may dry them. */
export interface MaterialUnit {
  readonly id: string;
  /** What it is: "AMS 2 Pro". */
  readonly kind: string | null;
  readonly temperatureCelsius: number | null;
  /** Relative humidity of its air, 0…1. */
  readonly humidityRatio: number | null;
  /** The unit's own scale, where it only has one: 1 is wettest, 5 driest. */
  readonly drynessLevel: number | null;
  /** 0 while it does not dry. */
  readonly dryingRemainingSeconds: number | null;
}

/** One of the printer's own switches: a detector, the prompt sound. */
export interface Option {
  readonly id: string;
  readonly on: boolean | null;
  /** "low", "medium" or "high", where it has such a thing. */
  readonly sensitivity: string | null;
}

/** Software of one part of the machine. */
export interface Module {
  readonly id: string;
  readonly version: string | null;
  /** A newer one that is offered; null where there is none. */
  readonly availableVersion: string | null;
}

/** Which changing commands the printer takes from its network: any, signed ones, none; `unknown` until it has shown. */
export const commandAccesses = ["open", "signed", "locked", "unknown"] as const;
export type CommandAccess = (typeof commandAccesses)[number];

/** Where the head is, mm in the printer's own coordinates. */
export interface Position {
  readonly xMillimeters: number | null;
  readonly yMillimeters: number | null;
  readonly zMillimeters: number | null;
}

/** A place where the printer keeps files: "local", "usb". */
export interface Storage {
  readonly id: string;
  readonly usedBytes: number | null;
  readonly freeBytes: number | null;
  readonly sizeBytes: number | null;
}

/** Connections that the printer allows: "control", "camera"; `used` is what is known, Gantry's own at least. */
export interface ConnectionBudget {
  readonly id: string;
  readonly used: number | null;
  readonly allowed: number | null;
}

/** A switch beside the printer that its host knows: a plug, a relay. */
export interface PowerDevice {
  readonly id: string;
  readonly on: boolean | null;
}

export interface Fault {
  /** The printer's own code, as text. */
  readonly code: string;
  readonly severity: Severity;
  readonly text: string;
  /** An address that explains it, where there is one. */
  readonly help: string | null;
}

/** One run of one file. */
export interface Job {
  /** The printer's id of this run; null where it gives none. */
  readonly id: string | null;
  readonly file: string | null;
  /** 0…1 */
  readonly progressRatio: number | null;
  readonly elapsedSeconds: number | null;
  readonly remainingSeconds: number | null;
  /** Counted from 1; 0 before the first layer. */
  readonly layer: number | null;
  readonly layers: number | null;
  /** Ids of the objects that are left out; undefined where the printer has no such thing. */
  readonly skippedObjects?: readonly string[];
}

/** Everything a family reads from its printer. Immutable; equal parts keep their identity. */
export interface Readings {
  readonly phase: Phase;
  readonly stage: string | null;
  readonly job: Job | null;
  readonly nozzles: readonly Nozzle[];
  readonly bed: Heater | null;
  readonly chamber: Heater | null;
  readonly fans: readonly Fan[];
  /** 1 is 100 %. */
  readonly speedRatio: number | null;
  readonly speedMode: string | null;
  readonly lights: readonly Light[];
  readonly materials: readonly Material[];
  readonly materialUnits: readonly MaterialUnit[];
  /** Whether there is filament in the head. */
  readonly filamentLoaded: boolean | null;
  readonly doorOpen: boolean | null;
  /** How the air of the chamber is led, by the printer's own word. */
  readonly airMode: string | null;
  readonly options: readonly Option[];
  /** Whether the printer records its camera while it prints. */
  readonly recording: boolean | null;
  /** Whether the printer makes a time-lapse of its prints. */
  readonly timelapse: boolean | null;
  readonly modules: readonly Module[];
  readonly commandAccess: CommandAccess | null;
  readonly faults: readonly Fault[];
  /** Whether the printer goes over to another slot of the same filament by itself. */
  readonly autoRefill: boolean | null;
  readonly position: Position | null;
  readonly zOffsetMillimeters: number | null;
  /** Wi-Fi, dBm. */
  readonly signalDbm: number | null;
  readonly storages: readonly Storage[];
  readonly connections: readonly ConnectionBudget[];
  readonly powerDevices: readonly PowerDevice[];
}

/** What a printer reads when nothing is known of it: no reading is ever kept past its connection. */
export const unknownReadings: Readings = Object.freeze({
  phase: "unknown",
  stage: null,
  job: null,
  nozzles: [],
  bed: null,
  chamber: null,
  fans: [],
  speedRatio: null,
  speedMode: null,
  lights: [],
  materials: [],
  materialUnits: [],
  filamentLoaded: null,
  doorOpen: null,
  airMode: null,
  options: [],
  recording: null,
  timelapse: null,
  modules: [],
  commandAccess: null,
  faults: [],
  autoRefill: null,
  position: null,
  zOffsetMillimeters: null,
  signalDbm: null,
  storages: [],
  connections: [],
  powerDevices: [],
});

/** The state of one printer as every surface shows it. */
export interface PrinterState extends Readings {
  readonly id: string;
  /** True while a session with the printer works. */
  readonly connected: boolean;
  /** Why it is not connected, in words; null while it is. */
  readonly reason: string | null;
  /** ISO 8601 UTC of the printer's last report; null before the first. */
  readonly updatedAt: string | null;
  /** True when the inventory allows changing commands. */
  readonly control: boolean;
}

/** What a machine calls itself; null until it has told. */
export interface Identity {
  readonly model: string | null;
  readonly firmware: string | null;
  readonly serial: string | null;
}

export const unknownIdentity: Identity = Object.freeze({ model: null, firmware: null, serial: null });
