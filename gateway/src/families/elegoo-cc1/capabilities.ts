// What a Centauri Carbon has and what its firmware refuses, by firmware. Data first, and the two
// questions that are asked of it.

import type { Capabilities, Capability } from "../../model/capabilities.ts";
import type { CommandName, Unavailable } from "../../model/commands.ts";
import { isStockSince, laterFirmware, type Firmware } from "./firmware.ts";
import { isKnownTo, type RequestName } from "./request-table.ts";

/** Every Centauri Carbon of the series, on every firmware seen (V1.0 to V1.4, OpenCentauri 0.1 to 0.3). */
const always = [
  "bed",
  "camera",
  "chamber",
  "connections",
  "fans",
  "files",
  "heaters",
  "history",
  "home",
  "jog",
  "layers",
  "lights",
  "pause",
  "position",
  "resume",
  "speed",
  "start",
  "stop",
  "storages",
  "thumbnails",
  "upload",
] as const satisfies readonly Capability[];

/** What hangs on a request that not every firmware knows. */
const byRequest: readonly (readonly [Capability, RequestName])[] = [["timelapses", "exportTimelapse"]];

/**
 * Of a machine that is no Centauri: resin printers of the maker speak the same protocol, and what
 * their firmware makes of a command is not known here. It is watched and told nothing.
 */
const ofAnotherModel: Capabilities = new Set(["connections", "layers", "storages"]);

/** What the printer has. `model` is null while it has not told; `canvas`: one has shown itself. */
export function capabilitiesOf(model: string | null, firmware: Firmware, canvas: boolean): Capabilities {
  if (model !== null && !/centauri/iu.test(model)) return ofAnotherModel;
  const proven = byRequest.filter(([, request]) => isKnownTo(firmware, request)).map(([capability]) => capability);
  return new Set<Capability>([...always, ...proven, ...(canvas ? (["materials"] as const) : [])]);
}

/** What this firmware never takes, and what it does not take during a job. */
export function unavailableCommands(firmware: Firmware, inJob: boolean): ReadonlyMap<CommandName, Unavailable> {
  const found = new Map<CommandName, Unavailable>();
  if (!isKnownTo(firmware, "exportTimelapse")) {
    const reason = "it takes stock firmware 1.1.29 or later";
    for (const name of ["listTimelapses", "downloadTimelapse"] as const) found.set(name, { retry: "never", reason });
  }
  const refusal = refusalDuringPrint(firmware);
  if (refusal !== null && inJob) {
    const refused = ["setHeaterTarget", "setFanSpeed", "setLight"] as const;
    for (const name of refused) found.set(name, { retry: "later", reason: refusal });
  }
  return found;
}

/**
 * Why the firmware takes no change of light, fans or temperatures during a print; null where it is
 * worth asking: OpenCentauri allows it, and of older firmware nothing is known.
 */
export function refusalDuringPrint(firmware: Firmware): string | null {
  if (!isStockSince(firmware, laterFirmware)) return null;
  return "this firmware refuses it during a print; it is possible before and after, and with OpenCentauri at any time";
}
