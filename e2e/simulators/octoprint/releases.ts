// How the releases of OctoPrint differ on the wire, for a client that sends no version header.

export interface Release {
  readonly version: string;
  /** `/api/connection` of a closed line. */
  readonly closedText: string;
  readonly closedProfile: string | null;
  /** `error: null` in the job where there is none. */
  readonly nullError: boolean;
  /** Documents carry the text of the last error; else only its event does. */
  readonly errorInDocuments: boolean;
  /** The flag `printing` stays set while it is paused. */
  readonly printingWhilePaused: boolean;
  /** Home and jog are possible while it is paused. */
  readonly movesWhilePaused: boolean;
  readonly fileHashes: boolean;
  readonly averagePrintTime: boolean;
  /** Key of the transmission counters in a push. */
  readonly healthKey: "resends" | "health";
  /** Status for a body that is not JSON. */
  readonly notJsonStatus: number;
}

export const releases: Readonly<Record<string, Release>> = {
  "1.11": {
    version: "1.11.8",
    closedText: "Closed",
    closedProfile: "_default",
    nullError: false,
    errorInDocuments: true,
    printingWhilePaused: false,
    movesWhilePaused: true,
    fileHashes: true,
    averagePrintTime: true,
    healthKey: "resends",
    notJsonStatus: 400,
  },
  "2.0": {
    version: "2.0.0rc3",
    closedText: "Offline",
    closedProfile: null,
    nullError: true,
    errorInDocuments: false,
    printingWhilePaused: true,
    movesWhilePaused: false,
    fileHashes: false,
    averagePrintTime: false,
    healthKey: "health",
    notJsonStatus: 415,
  },
};
