// THE table of telemetry points: everything Gantry can show of a printer, written once.
// REST, SSE, MCP and metrics are loops over it; none holds a list of its own.

import type { Capability } from "./capabilities.ts";
import { phases, severities, type PrinterState } from "./printer.ts";
import type { UnitName } from "./units.ts";

/** `undefined`: there is no such thing now (no job); `null`: it is there, its value is unknown. */
export type Value = number | boolean | string | null | undefined;

export type Kind = "number" | "boolean" | "enum" | "text" | "instant";

/** How a repeated part is named: its place in the document and its labels in metrics. */
export interface Group<Item> {
  /** Array in the state document. */
  readonly path: string;
  /** Keys of the row that tell its items apart. */
  readonly identity: readonly (keyof Item & string)[];
  readonly items: (state: PrinterState) => readonly Item[];
  /** The metric labels that tell its items apart. */
  readonly metricLabels: Readonly<Record<string, (item: Item) => string>>;
}

function group<Item>(definition: Group<Item>): Group<Item> {
  return definition;
}

export const groups = {
  nozzle: group({
    path: "nozzles",
    identity: ["id"],
    items: (state) => state.nozzles,
    metricLabels: { heater: (nozzle) => `nozzle${nozzle.id}` },
  }),
  fan: group({
    path: "fans",
    identity: ["id"],
    items: (state) => state.fans,
    metricLabels: { fan: (fan) => fan.id },
  }),
  light: group({
    path: "lights",
    identity: ["id"],
    items: (state) => state.lights,
    metricLabels: { light: (light) => light.id },
  }),
  material: group({
    path: "materials",
    identity: ["unit", "slot"],
    items: (state) => state.materials,
    metricLabels: { unit: (material) => material.unit, tray: (material) => material.slot },
  }),
  fault: group({
    path: "faults",
    identity: ["code"],
    items: (state) => state.faults,
    metricLabels: { code: (fault) => fault.code },
  }),
} as const;

export type GroupName = keyof typeof groups;
type ItemOf<Name extends GroupName> = (typeof groups)[Name] extends Group<infer Item> ? Item : never;

export interface Metric {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly help?: string;
}

interface Description {
  /** Dotted path in the state document, unit in its last word. Stable for ever. */
  readonly key: string;
  readonly label: string;
  /** One sentence. */
  readonly summary: string;
  readonly kind: Kind;
  readonly unit?: UnitName;
  /** The closed list of an enum. */
  readonly values?: readonly string[];
  readonly role: "primary" | "detail" | "diagnostic";
  readonly needs?: Capability;
  /** True for a value that is never null. */
  readonly always?: boolean;
  /**
   * The metric: by default the snake-cased key. `name` replaces it (without the `gantry_`),
   * `labels` are added, `help` says what several rows of one name have in common,
   * `false` leaves the point out of /metrics.
   */
  readonly metric?: false | Metric;
}

export interface SinglePoint extends Description {
  readonly per?: undefined;
  readonly read: (state: PrinterState) => Value;
}

/** A point that repeats for each item of a group. */
export interface RepeatedPoint extends Description {
  readonly per: GroupName;
  /** One value per item, in the order of the group's items. */
  readonly read: (state: PrinterState) => readonly Value[];
}

export type TelemetryPoint = SinglePoint | RepeatedPoint;

/** The metric labels of each item of a group, in the order of its items. */
export function metricLabels(per: GroupName, state: PrinterState): Readonly<Record<string, string>>[] {
  const { items, metricLabels: labels } = groups[per] as unknown as Group<unknown>;
  return items(state).map((item) =>
    Object.fromEntries(Object.entries(labels).map(([name, read]) => [name, read(item)])),
  );
}

function each<Name extends GroupName>(
  per: Name,
  point: Description & { readonly of: (item: ItemOf<Name>) => Value },
): RepeatedPoint {
  const { of, ...description } = point;
  const items = groups[per].items as (state: PrinterState) => readonly ItemOf<Name>[];
  return { ...description, per, read: (state) => items(state).map((item) => of(item)) };
}

export const telemetry: readonly TelemetryPoint[] = [
  {
    key: "id",
    label: "Id",
    summary: "The printer's id in the inventory.",
    kind: "text",
    role: "detail",
    always: true,
    metric: false,
    read: (state) => state.id,
  },
  {
    key: "connected",
    label: "Connected",
    summary: "Whether the gateway has a working session with the printer now.",
    kind: "boolean",
    role: "primary",
    always: true,
    metric: { name: "printer_up" },
    read: (state) => state.connected,
  },
  {
    key: "reason",
    label: "Reason",
    summary: "Why the printer is not connected, and what to do about it.",
    kind: "text",
    role: "primary",
    metric: false,
    read: (state) => state.reason,
  },
  {
    key: "updatedAt",
    label: "Updated",
    summary: "When the printer last reported.",
    kind: "instant",
    role: "diagnostic",
    metric: { name: "printer_last_update_timestamp_seconds" },
    read: (state) => state.updatedAt,
  },
  {
    key: "phase",
    label: "Phase",
    summary: "What the printer is doing.",
    kind: "enum",
    values: phases,
    role: "primary",
    always: true,
    metric: { name: "printer_state" },
    read: (state) => state.phase,
  },
  {
    key: "stage",
    label: "Stage",
    summary: "The printer's own finer word for what it is doing.",
    kind: "text",
    role: "primary",
    metric: false,
    read: (state) => state.stage,
  },
  {
    key: "control",
    label: "Control",
    summary: "Whether the inventory allows changing commands for this printer.",
    kind: "boolean",
    role: "detail",
    always: true,
    metric: { name: "printer_control_enabled" },
    read: (state) => state.control,
  },
  {
    key: "job.id",
    label: "Job id",
    summary: "The printer's id of the running job.",
    kind: "text",
    role: "detail",
    metric: false,
    read: (state) => state.job?.id,
  },
  {
    key: "job.file",
    label: "Job file",
    summary: "The file being printed.",
    kind: "text",
    role: "primary",
    metric: false,
    read: (state) => state.job?.file,
  },
  {
    key: "job.progressRatio",
    label: "Progress",
    summary: "How much of the job is done, 0 to 1.",
    kind: "number",
    unit: "ratio",
    role: "primary",
    read: (state) => state.job?.progressRatio,
  },
  {
    key: "job.elapsedSeconds",
    label: "Elapsed time",
    summary: "Time since the job began.",
    kind: "number",
    unit: "seconds",
    role: "primary",
    read: (state) => state.job?.elapsedSeconds,
  },
  {
    key: "job.remainingSeconds",
    label: "Remaining time",
    summary: "The printer's estimate of the time to the end of the job.",
    kind: "number",
    unit: "seconds",
    role: "primary",
    read: (state) => state.job?.remainingSeconds,
  },
  {
    key: "job.layer",
    label: "Layer",
    summary: "The layer being printed, counted from 1.",
    kind: "number",
    role: "primary",
    needs: "layers",
    read: (state) => state.job?.layer,
  },
  {
    key: "job.layers",
    label: "Layers",
    summary: "The number of layers of the job.",
    kind: "number",
    role: "detail",
    needs: "layers",
    read: (state) => state.job?.layers,
  },
  each("nozzle", {
    key: "nozzles.actualCelsius",
    label: "Nozzle temperature",
    summary: "Measured temperature of the nozzle.",
    kind: "number",
    unit: "celsius",
    role: "primary",
    metric: { name: "heater_temperature_celsius", help: "Measured temperature of a heated part." },
    of: (nozzle) => nozzle.actualCelsius,
  }),
  each("nozzle", {
    key: "nozzles.targetCelsius",
    label: "Nozzle target",
    summary: "Temperature the nozzle is heated to; 0 is off.",
    kind: "number",
    unit: "celsius",
    role: "primary",
    metric: { name: "heater_target_celsius", help: "Temperature a part is heated to; 0 is off." },
    of: (nozzle) => nozzle.targetCelsius,
  }),
  {
    key: "bed.actualCelsius",
    label: "Bed temperature",
    summary: "Measured temperature of the bed.",
    kind: "number",
    unit: "celsius",
    role: "primary",
    needs: "bed",
    metric: { name: "heater_temperature_celsius", labels: { heater: "bed" } },
    read: (state) => state.bed?.actualCelsius,
  },
  {
    key: "bed.targetCelsius",
    label: "Bed target",
    summary: "Temperature the bed is heated to; 0 is off.",
    kind: "number",
    unit: "celsius",
    role: "primary",
    needs: "bed",
    metric: { name: "heater_target_celsius", labels: { heater: "bed" } },
    read: (state) => state.bed?.targetCelsius,
  },
  {
    key: "chamber.actualCelsius",
    label: "Chamber temperature",
    summary: "Measured temperature of the chamber.",
    kind: "number",
    unit: "celsius",
    role: "primary",
    needs: "chamber",
    metric: { name: "heater_temperature_celsius", labels: { heater: "chamber" } },
    read: (state) => state.chamber?.actualCelsius,
  },
  {
    key: "chamber.targetCelsius",
    label: "Chamber target",
    summary: "Temperature the chamber is heated to; null where it has no heater.",
    kind: "number",
    unit: "celsius",
    role: "detail",
    needs: "chamber",
    metric: { name: "heater_target_celsius", labels: { heater: "chamber" } },
    read: (state) => state.chamber?.targetCelsius,
  },
  each("fan", {
    key: "fans.speedRatio",
    label: "Fan speed",
    summary: "Speed of the fan, 0 to 1.",
    kind: "number",
    unit: "ratio",
    role: "detail",
    needs: "fans",
    metric: { name: "fan_speed_ratio" },
    of: (fan) => fan.speedRatio,
  }),
  {
    key: "speedRatio",
    label: "Print speed",
    summary: "Print speed relative to the sliced one; 1 is 100 %.",
    kind: "number",
    unit: "ratio",
    role: "detail",
    needs: "speed",
    metric: { name: "print_speed_ratio" },
    read: (state) => state.speedRatio,
  },
  {
    key: "speedMode",
    label: "Speed mode",
    summary: "The printer's name of its speed preset.",
    kind: "text",
    role: "detail",
    needs: "speed",
    metric: false,
    read: (state) => state.speedMode,
  },
  each("light", {
    key: "lights.on",
    label: "Light",
    summary: "Whether the light is on.",
    kind: "boolean",
    role: "detail",
    needs: "lights",
    metric: { name: "light_on" },
    of: (light) => light.on,
  }),
  each("material", {
    key: "materials.type",
    label: "Material",
    summary: "Kind of filament in the slot.",
    kind: "text",
    role: "detail",
    needs: "materials",
    metric: false,
    of: (material) => material.type,
  }),
  each("material", {
    key: "materials.colorHex",
    label: "Material colour",
    summary: "Colour of the filament, as #RRGGBB.",
    kind: "text",
    role: "detail",
    needs: "materials",
    metric: false,
    of: (material) => material.colorHex,
  }),
  each("material", {
    key: "materials.remainingRatio",
    label: "Material remaining",
    summary: "How much of the spool is left, 0 to 1.",
    kind: "number",
    unit: "ratio",
    role: "detail",
    needs: "materials",
    metric: { name: "filament_remaining_ratio" },
    of: (material) => material.remainingRatio,
  }),
  each("material", {
    key: "materials.active",
    label: "Material in use",
    summary: "Whether the printer feeds from this slot.",
    kind: "boolean",
    role: "detail",
    needs: "materials",
    metric: false,
    of: (material) => material.active,
  }),
  each("fault", {
    key: "faults.severity",
    label: "Fault severity",
    summary: "How bad the fault is.",
    kind: "enum",
    values: severities,
    role: "primary",
    metric: false,
    of: (fault) => fault.severity,
  }),
  each("fault", {
    key: "faults.text",
    label: "Fault",
    summary: "What is wrong, in words.",
    kind: "text",
    role: "primary",
    metric: false,
    of: (fault) => fault.text,
  }),
  each("fault", {
    key: "faults.help",
    label: "Fault help",
    summary: "An address that explains the fault.",
    kind: "text",
    role: "detail",
    metric: false,
    of: (fault) => fault.help,
  }),
];
