// The printer's own switches out of the merged report, by the names that its commands use: from
// `xcam`, from the bits of `home_flag`, and from `cfg` on new firmware. Pure. Facts: the family's README.

import type { Option } from "../../../model/printer.ts";
import { bits, fields, number, text } from "../report-fields.ts";
import type { Model } from "../models.ts";
import type { Report } from "../printer-link.ts";

/** Flags of `xcam`; true for those with a sensitivity. */
const detectors: Readonly<Record<string, boolean>> = {
  allow_skip_parts: false,
  buildplate_marker_detector: false,
  first_layer_inspector: false,
  printing_monitor: true,
  spaghetti_detector: true,
};

/** Place of the enabling bit in `xcam.cfg`; two bits of sensitivity are below it. */
const packedDetectors: Readonly<Record<string, number>> = {
  spaghetti_detector: 7,
  pileup_detector: 10,
  clump_detector: 13,
  airprint_detector: 16,
};

const sensitivities = ["low", "medium", "high"] as const;

/** `home_flag` bits: whether it is on, and whether the machine has it (null: not told there). */
const homeFlags: readonly (readonly [id: string, on: number, has: number | null])[] = [
  ["auto_recovery", 4, null],
  ["filament_tangle_detect", 20, 19],
  ["nozzle_blob_detect", 24, 25],
  ["air_print_detect", 28, 29],
];
const soundBit = 17;
/** Models with a prompt sound. */
const withSound = /^(?:A|H2|P2S|X2D)/u;

const configBits: Readonly<Record<string, number>> = {
  first_layer_inspector: 12,
  printing_monitor: 15,
  auto_recovery: 16,
  sound_enable: 22,
  filament_tangle_detect: 23,
  nozzle_blob_detect: 24,
};

/** Sorted by their ids. */
export function readOptions(report: Report, model: Model): readonly Option[] {
  const found = new Map<string, Option>();
  for (const option of [...byDetectors(report), ...byHomeFlag(report, model)]) found.set(option.id, option);
  const config = bits(report["cfg"]);
  for (const { id, sensitivity } of config === null ? [] : [...found.values()]) {
    const bit = configBits[id];
    if (bit !== undefined && config !== null) found.set(id, { id, on: isSet(config, bit), sensitivity });
  }
  return [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function byDetectors(report: Report): readonly Option[] {
  const xcam = fields(report["xcam"]);
  const halt = text(xcam["halt_print_sensitivity"]);
  const flags = Object.entries(detectors)
    .filter(([id]) => typeof xcam[id] === "boolean")
    .map(([id, stops]) => ({ id, on: xcam[id] === true, sensitivity: stops && halt !== "" ? halt : null }));
  const config = number(xcam["cfg"]);
  if (config === null) return flags;
  const packed = Object.entries(packedDetectors).map(([id, bit]) => ({
    id,
    on: ((config >>> bit) & 1) === 1,
    sensitivity: sensitivities[(config >>> (bit - 2)) & 3] ?? null,
  }));
  return [...flags, ...packed];
}

function byHomeFlag(report: Report, { name }: Model): readonly Option[] {
  const flag = number(report["home_flag"]);
  if (flag === null) return [];
  const isOn = (bit: number): boolean => ((flag >>> bit) & 1) === 1;
  const options = homeFlags
    .filter(([, , has]) => has === null || isOn(has))
    .map(([id, on]) => ({ id, on: isOn(on), sensitivity: null }));
  return withSound.test(name) ? [...options, { id: "sound_enable", on: isOn(soundBit), sensitivity: null }] : options;
}

const refillBits = { cfg: 18, home_flag: 10 };

/** Whether another slot of the same filament takes over; null where it is not told. */
export function readAutoRefill(report: Report): boolean | null {
  const config = bits(report["cfg"]);
  if (config !== null) return isSet(config, refillBits.cfg);
  const flag = number(report["home_flag"]);
  return flag === null ? null : ((flag >>> refillBits.home_flag) & 1) === 1;
}

function isSet(value: bigint, bit: number): boolean {
  return ((value >> BigInt(bit)) & 1n) === 1n;
}
