// What differs between the firmwares of a Centauri Carbon 2, as data. No behaviour in here.
// Sources: ../README.md.

export interface Profile {
  /** `ota_version` */
  readonly firmware: string;
  /** Methods that are received and never answered. */
  readonly silentMethods: ReadonlySet<number>;
  /** The third request within `burstMs` starts `mutedMs` in which no request is answered. */
  readonly rateLimit: { readonly requests: number; readonly burstMs: number; readonly mutedMs: number } | undefined;
  /** `GET /system/info` takes the access code from the query only, not from the header. */
  readonly queryTokenOnly: boolean;
  /** Each filament switch sets the speed back to balanced, so many seconds before the head parks. */
  readonly speedResetSeconds: number | undefined;
  /** `speed_mode` in pushes is that of the current move, and flips every second. */
  readonly speedModeFlips: boolean;
}

/** By the name that `--profile` takes. */
export const profiles: Readonly<Record<string, Profile>> = {
  "fw-0201": {
    firmware: "02.01.00.00",
    silentMethods: new Set(),
    rateLimit: undefined,
    queryTokenOnly: false,
    speedResetSeconds: undefined,
    speedModeFlips: true,
  },
  "fw-0103": {
    firmware: "01.03.02.51",
    silentMethods: new Set([1042, 1044, 1047]),
    rateLimit: { requests: 3, burstMs: 2000, mutedMs: 5000 },
    queryTokenOnly: true,
    speedResetSeconds: 7,
    speedModeFlips: false,
  },
};
