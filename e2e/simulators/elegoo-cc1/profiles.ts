// What differs between the firmwares of a Centauri Carbon, as data. No behaviour in here.
// Sources: ../README.md.

export interface Profile {
  readonly firmware: string;
  /** A: `TempOfNozzle` and `TempTargetNozzle`; B: `TempOfNozzle` as `[target, actual]`. */
  readonly temperatures: "A" | "B";
  /** Light, fans and temperatures may be changed during a job. */
  readonly controlDuringJob: boolean;
  /** Nothing is pushed while idle, though a subscription is acknowledged. */
  readonly idlePushesDead: boolean;
  /** `PrintInfo.Status` while printing: 13, or 20 on a firmware that parks there. */
  readonly printingStatus: 13 | 20;
  /** `PrintInfo.Status` while a job is being stopped. */
  readonly stoppingStatus: 7 | 1;
  readonly canvas: boolean;
  /** Extrusion totals under keys spelt as the hex codes of their names. */
  readonly hexKeys: boolean;
  /** The commands of the later web UI: 134, 135, 257, 322 and 323. */
  readonly laterCommands: boolean;
  readonly fullFileInfo: boolean;
}

const stock: Profile = {
  firmware: "V1.1.46",
  temperatures: "A",
  controlDuringJob: false,
  idlePushesDead: false,
  printingStatus: 13,
  stoppingStatus: 7,
  canvas: false,
  hexKeys: false,
  laterCommands: true,
  fullFileInfo: true,
};

/** By the name that `--profile` takes. */
export const profiles: Readonly<Record<string, Profile>> = {
  "stock-1.1": stock,
  "stock-1.4": { ...stock, firmware: "V1.4.46", printingStatus: 20, canvas: true },
  "oc-0.3": { ...stock, firmware: "V0.3.0-o", controlDuringJob: true, idlePushesDead: true, hexKeys: true },
  "legacy-1.0": {
    ...stock,
    firmware: "V1.0.5",
    temperatures: "B",
    controlDuringJob: true,
    stoppingStatus: 1,
    laterCommands: false,
    fullFileInfo: false,
  },
};
