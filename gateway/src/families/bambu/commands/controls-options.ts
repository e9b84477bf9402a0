// The printer's own switches by the names that its reports and its commands share.
// Facts: the family's README.

import { refused } from "./commands-send.ts";
import type { Body, MessageType } from "../printer-link.ts";

/** Set by `xcam_control_set`; those with `true` stop a print, by a sensitivity. */
const detectors: Readonly<Record<string, boolean>> = {
  first_layer_inspector: false,
  buildplate_marker_detector: false,
  printing_monitor: true,
  spaghetti_detector: true,
  pileup_detector: true,
  clump_detector: true,
  airprint_detector: true,
  allow_skip_parts: false,
};

/** Set by `print_option`, exactly one at a time. */
const printOptions: ReadonlySet<string> = new Set([
  "auto_recovery",
  "air_print_detect",
  "filament_tangle_detect",
  "nozzle_blob_detect",
  "sound_enable",
]);

interface OptionCommand {
  readonly type: MessageType;
  readonly command: string;
  readonly body: Body;
}

/**
 * The command that switches an option.
 * @throws PrinterError `invalid_input` for one that it does not have, or a sensitivity that means nothing
 */
export function optionCommand(option: string, on: boolean, sensitivity: string | undefined): OptionCommand {
  const stops = Object.hasOwn(detectors, option) ? detectors[option] : undefined;
  if (stops !== true && sensitivity !== undefined) throw refused("/sensitivity", `${option} has no sensitivity`);
  if (stops !== undefined) {
    const halt = stops && sensitivity !== undefined ? { halt_print_sensitivity: sensitivity } : {};
    const body = { module_name: option, control: on, enable: on, print_halt: true, ...halt };
    return { type: "xcam", command: "xcam_control_set", body };
  }
  if (!printOptions.has(option)) throw refused("/option", `there is no option "${option}"; see the state's options`);
  // The vendor's slicer sends both with this one.
  const also = option === "auto_recovery" ? { option: on ? 1 : 0 } : {};
  return { type: "print", command: "print_option", body: { [option]: on, ...also } };
}
