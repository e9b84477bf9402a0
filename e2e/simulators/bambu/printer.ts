// One simulated printer as its parts see it: the body, who it is, what it asks of its clients, and
// how it misbehaves. Holds no sockets.

import { createHash, randomInt } from "node:crypto";
import type { Journal } from "../admin/journal.ts";
import type { Authorization } from "./authorization.ts";
import { defaultKnobs, type Knobs } from "./knobs.ts";
import { Machine } from "./machine.ts";
import type { Profile } from "./profiles.ts";
import type { Card } from "./storage.ts";
import type { Switches } from "./switches.ts";

interface Counters {
  mqtt: { open: number; peak: number; total: number; logins: number; refused: number; requestSubscribers: number };
  /** `tooSoon`: within five minutes of the one before. */
  pushalls: { total: number; tooSoon: number };
  /** By `type.command`. */
  commands: Record<string, number>;
  malformed: number;
  reports: { full: number; delta: number };
  authorization: { unsigned: number; malformed: number; wrong: number; verified: number };
}

export interface Printer {
  readonly host: string;
  readonly journal: Journal;
  readonly profile: Profile;
  readonly firmware: string;
  /** Writes `device` and the other newer blocks. */
  readonly newFields: boolean;
  readonly name: string;
  readonly serial: string;
  accessCode: string;
  readonly machine: Machine;
  readonly switches: Switches;
  readonly knobs: Knobs;
  readonly counters: Counters;
  readonly authorization: Authorization;
  /** Fields of the report that somebody has set by hand, by dotted path. */
  readonly overrides: Map<string, unknown>;
  /** Clients that have asked for calibrations once. */
  readonly calibrationAskers: WeakSet<object>;
  readonly networkAddress: string;
  readonly card: Card;
  /** PEM of the key of its certificate. Known once it is there. */
  privateKey: string;
  rtspPort: number;
  rtspUrl(): string;
  wifiDbm(): number;
  /** The radio's strength changes, which is what an idle printer reports. */
  fadeWifi(): void;
}

export interface PrinterOptions extends Pick<
  Printer,
  "host" | "journal" | "profile" | "firmware" | "name" | "serial" | "accessCode"
> {
  readonly authorization: Authorization;
  readonly card: Card;
}

export function createPrinter(options: PrinterOptions): Printer {
  const { profile, host, firmware } = options;
  const machine = new Machine(profile);
  const knobs = defaultKnobs();
  const networkAddress = /^\d+\.\d+\.\d+\.\d+$/.test(host) ? host : "127.0.0.1";
  let wifiStep = 0;
  const printer: Printer = {
    ...options,
    newFields: profile.reports === "both" || (profile.reports === "full" && firmware >= "01.09"),
    machine,
    switches: machine.switches,
    knobs,
    counters: {
      mqtt: { open: 0, peak: 0, total: 0, logins: 0, refused: 0, requestSubscribers: 0 },
      pushalls: { total: 0, tooSoon: 0 },
      commands: {},
      malformed: 0,
      reports: { full: 0, delta: 0 },
      authorization: { unsigned: 0, malformed: 0, wrong: 0, verified: 0 },
    },
    overrides: new Map(),
    calibrationAskers: new WeakSet(),
    networkAddress,
    privateKey: "",
    rtspPort: 322,
    rtspUrl: () => (knobs.liveviewOff ? "disable" : `rtsps://${networkAddress}:${printer.rtspPort}/streaming/live/1`),
    wifiDbm: () => wifiSteps[wifiStep % wifiSteps.length] ?? 0,
    fadeWifi: () => {
      wifiStep += 1;
    },
  };
  return printer;
}

/** No two neighbours are equal, and each run has the same. */
const wifiSteps: readonly number[] = [-53, -54, -56, -55, -57, -54];

/** A stable serial for the printer at an address; with port 0 any. 15 characters. */
export function serialFor({ serialPrefix }: Profile, host: string, port: number): string {
  const seed = port === 0 ? String(randomInt(2 ** 40)) : `${host} ${port}`;
  const digits = BigInt(`0x${createHash("md5").update(seed).digest("hex").slice(0, 14)}`) % 1_000_000_000n;
  return `${serialPrefix}00A${digits.toString().padStart(9, "0")}`;
}
