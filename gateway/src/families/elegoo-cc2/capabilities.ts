// What a Centauri Carbon 2 has, by firmware and by what is attached. Data, and one function that
// reads it. A method that a firmware leaves unanswered is named here with the first that answers it.

import type { Capability } from "../../model/capabilities.ts";
import type { CommandName, Unavailable } from "../../model/commands.ts";
import type { MethodName } from "./method-table.ts";

/** On every firmware seen (01.00 to 02.01, and the community's). */
const always: readonly Capability[] = [
  "bed",
  "camera",
  "chamber",
  "connections",
  "fans",
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
  "timelapses",
  "upload",
];

/** With a Canvas filament changer attached. */
const withCanvas: readonly Capability[] = ["autoRefill", "materials"];

/** What rests on methods that 01.03.02.51 leaves unanswered: listing (1044) and deleting (1047). */
const since: readonly { readonly capability: Capability; readonly major: number }[] = [
  { capability: "files", major: 2 },
];

/** A capability goes when its method stayed unanswered, whatever the firmware's number says. */
const restsOn: Partial<Record<Capability, MethodName>> = {
  autoRefill: "setAutoRefill",
  files: "listFiles",
  fans: "setFans",
  history: "history",
  home: "home",
  jog: "jog",
  thumbnails: "thumbnail",
};

/** The commands that go with a capability that a firmware may leave unanswered. */
const commandsOf: Partial<Record<Capability, readonly CommandName[]>> = {
  autoRefill: ["setAutoRefill"],
  files: ["listFiles", "deleteFile"],
  fans: ["setFanSpeed"],
  history: ["listHistory"],
  home: ["home"],
  jog: ["jog"],
  thumbnails: ["getThumbnail"],
};

/** What this firmware does not answer, with the reason. Parameters as of `capabilitiesOf`. */
export function unavailableCommands(
  firmware: string | null,
  isUnanswered: (method: MethodName) => boolean,
): ReadonlyMap<CommandName, Unavailable> {
  const has = capabilitiesOf(firmware, true, isUnanswered);
  const reason = `firmware ${firmware ?? "of unknown version"} leaves it unanswered; newer firmware may take it`;
  const lacking = Object.entries(commandsOf).filter(([capability]) => !has.has(capability as Capability));
  return new Map(lacking.flatMap(([, names]) => names.map((name) => [name, { retry: "never", reason }])));
}

/**
 * Capabilities of one printer.
 * @param firmware `02.01.00.00`, null when it is not known: then it counts as new
 * @param isUnanswered whether the printer has left a method unanswered too often
 */
export function capabilitiesOf(
  firmware: string | null,
  canvas: boolean,
  isUnanswered: (method: MethodName) => boolean,
): ReadonlySet<Capability> {
  const major = Number.parseInt(firmware ?? "", 10);
  const recent = since.filter((row) => Number.isNaN(major) || major >= row.major).map((row) => row.capability);
  const all = [...always, ...recent, ...(canvas ? withCanvas : [])];
  return new Set(
    all.filter((capability) => {
      const method = restsOn[capability];
      return method === undefined || !isUnanswered(method);
    }),
  );
}
