// Commands that this machine does not take, with the reason: its firmware is too old for them, or it
// takes none from its network. Commands that a model lacks have no handler and are not named here.

import type { CommandHandlers, CommandName, Unavailable } from "../../../model/commands.ts";
import type { CommandAccess } from "../../../model/printer.ts";
import { atLeast } from "../firmware.ts";
import type { Model } from "../models.ts";

/** The first firmware that has each, by the beginning of the model's name. Others always had it. */
const since = {
  changeFilament: { P1: "01.02.99.10", X1: "01.05.06.01" },
  readTag: { A1: "01.06.00.00", P1: "01.08.01.00", X1: "01.09.00.00" },
  drying: { A1: "01.06.10.33", P1: "01.07.50.18", X1: "01.08.50.18" },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** Whether the firmware is from before this feature; an unknown one counts as new. */
export function isOlder(model: Model, firmware: string | null, feature: keyof typeof since): boolean {
  const first = firstWith(model, feature);
  if (first === undefined || firmware === null) return false;
  return !atLeast(firmware, first);
}

function firstWith(model: Model, feature: keyof typeof since): string | undefined {
  return Object.entries(since[feature]).find(([start]) => model.name.startsWith(start))?.[1];
}

/** Commands of the type that locked firmware refuses unsigned. */
const lockable: readonly CommandName[] = [
  "calibrate",
  "controlMaterialChange",
  "home",
  "jog",
  "loadMaterial",
  "pause",
  "readMaterialTag",
  "resume",
  "selectNozzle",
  "sendGcode",
  "setAirMode",
  "setAutoRefill",
  "setFanSpeed",
  "setHeaterTarget",
  "setMaterial",
  "setSpeed",
  "skipObjects",
  "start",
  "startDrying",
  "stop",
  "stopDrying",
  "unloadMaterial",
];

const gcodeCommands: readonly CommandName[] = ["home", "jog", "sendGcode", "setFanSpeed"];

export interface Availability {
  readonly model: Model;
  readonly firmware: string | null;
  readonly access: CommandAccess;
  /** Whether signed G-code can be sent: the printer's public key is configured. */
  readonly canEncrypt: boolean;
  /** Nothing is said of what has no handler. */
  readonly handlers: CommandHandlers;
}

/** What is not to be had just now, for `identify`; ask again when one of these changes. */
export function unavailableCommands({
  model,
  firmware,
  access,
  canEncrypt,
  handlers,
}: Availability): ReadonlyMap<CommandName, Unavailable> {
  const unavailable = new Map<CommandName, Unavailable>();
  const old = (feature: keyof typeof since, names: readonly CommandName[]): void => {
    if (!isOlder(model, firmware, feature)) return;
    const reason = `firmware ${firmware ?? ""} does not have it; ${firstWith(model, feature) ?? ""} and newer do`;
    for (const name of names) unavailable.set(name, { retry: "never", reason });
  };
  old("changeFilament", ["loadMaterial"]);
  old("drying", ["startDrying", "stopDrying"]);
  if (access === "signed" && !canEncrypt) {
    // A chamber heater has a command of its own beside its G-code.
    const names = model.chamberMaxCelsius === null ? [...gcodeCommands, "setHeaterTarget" as const] : gcodeCommands;
    for (const name of names) unavailable.set(name, { retry: "later", reason: needsKey });
  }
  if (access === "locked") {
    for (const name of lockable) unavailable.set(name, { retry: "later", reason: lockedReason });
  }
  return new Map([...unavailable].filter(([name]) => handlers[name] !== undefined));
}

const needsKey =
  "it is sent as G-code, which a locked printer wants encrypted with its own public key; configure that key, " +
  "or switch on Developer Mode on the printer";
const lockedReason =
  "the printer takes no commands from its network: on its screen switch on LAN Only Mode and then Developer Mode " +
  "(Settings, Network), or configure signing";
