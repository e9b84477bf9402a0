// What a row of the telemetry table is, and the repeated parts of a state that rows can be about.
// The rows are ./telemetry.ts.

import type { Capability } from "./capabilities.ts";
import type { PrinterState } from "./printer.ts";
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
  materialUnit: group({
    path: "materialUnits",
    identity: ["id"],
    items: (state) => state.materialUnits,
    metricLabels: { unit: (unit) => unit.id },
  }),
  option: group({
    path: "options",
    identity: ["id"],
    items: (state) => state.options,
    metricLabels: { option: (option) => option.id },
  }),
  module: group({
    path: "modules",
    identity: ["id"],
    items: (state) => state.modules,
    metricLabels: { module: (module) => module.id },
  }),
  storage: group({
    path: "storages",
    identity: ["id"],
    items: (state) => state.storages,
    metricLabels: { storage: (storage) => storage.id },
  }),
  connection: group({
    path: "connections",
    identity: ["id"],
    items: (state) => state.connections,
    metricLabels: { connection: (connection) => connection.id },
  }),
  power: group({
    path: "powerDevices",
    identity: ["id"],
    items: (state) => state.powerDevices,
    metricLabels: { device: (device) => device.id },
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

/** A row that repeats for each item of a group; `of` reads one item. */
export function each<Name extends GroupName>(
  per: Name,
  point: Description & { readonly of: (item: ItemOf<Name>) => Value },
): RepeatedPoint {
  const { of, ...description } = point;
  const items = groups[per].items as (state: PrinterState) => readonly ItemOf<Name>[];
  return { ...description, per, read: (state) => items(state).map((item) => of(item)) };
}
