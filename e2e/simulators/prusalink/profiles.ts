// The two kinds of PrusaLink: the service on a Raspberry Pi, and the firmware of Buddy boards.

export interface Profile {
  readonly version: Readonly<Record<string, unknown>>;
  readonly info: Readonly<Record<string, unknown>>;
  readonly storage: string;
  readonly kind: string;
  /** The status names its storages in a list, not as one object. */
  readonly storageList: boolean;
  /** The legacy calls for heat and motion, and a camera. */
  readonly legacy: boolean;
  readonly shortNames: boolean;
  /** How long FINISHED and STOPPED last before it can print again, seconds; 0: it prints from them. */
  readonly settleSeconds: number;
}

const capabilities = { "upload-by-put": true };

export const profiles: Readonly<Record<string, Profile>> = {
  pi: {
    version: {
      api: "2.0.0",
      server: "0.8.1",
      original: "PrusaLink I3MK3S",
      text: "PrusaLink 0.8.1",
      firmware: "3.14.1-8237",
      sdk: "0.8.1",
      capabilities,
      hostname: "prusalink",
    },
    info: { name: "mk3", location: "shed", nozzle_diameter: 0.4, serial: "CZPX1234X004XK12345", hostname: "", port: 0 },
    storage: "local",
    kind: "LOCAL",
    storageList: true,
    legacy: true,
    shortNames: false,
    settleSeconds: 11,
  },
  buddy: {
    version: {
      api: "2.0.0",
      server: "2.1.2",
      text: "PrusaLink",
      firmware: "6.0.0",
      hostname: "prusa-mk4",
      capabilities,
    },
    info: {
      nozzle_diameter: 0.4,
      mmu: false,
      serial: "10589-3742441634111111",
      hostname: "prusa-mk4",
      min_extrusion_temp: 170,
    },
    storage: "usb",
    kind: "USB",
    storageList: false,
    legacy: false,
    shortNames: true,
    settleSeconds: 0,
  },
};
