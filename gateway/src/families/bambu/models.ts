// The models of this family as data, and how a machine shows which one it is. What a model can do
// beyond these columns is ./capabilities.ts. Facts: the family's README.

export interface Model {
  /** Code in discovery and cloud: "C12". */
  readonly code: string;
  /** Further codes of the same model. */
  readonly otherCodes?: readonly string[];
  /** "P1S" */
  readonly name: string;
  /** Beginning of its serials. A hint only: some models share one. */
  readonly serialPrefixes: readonly string[];
  /** `product_name` of get_version. */
  readonly productNames: readonly string[];
  /** How it reports: only what changed, or (also) everything. */
  readonly reports: "delta" | "full" | "both";
  /** Pictures over TLS on port 6000, or H.264 by RTSPS on port 322. */
  readonly camera: "jpeg" | "rtsps";
  /** What stands before the path in `project_file`'s `url`. */
  readonly jobUrl: "file:///sdcard/" | "ftp:///";
  readonly nozzles: 1 | 2;
  readonly nozzleMaxCelsius: number;
  readonly bedMaxCelsius: number;
  /** null without a chamber heater. */
  readonly chamberMaxCelsius: number | null;
  readonly chamberSensor: boolean;
  readonly chamberFan: boolean;
  readonly auxFan: boolean;
  readonly secondAuxFan: boolean;
  readonly airDuct: boolean;
  /** `x1` by home_flag, `stat` by the field of that name, null without a sensor. */
  readonly doorSensor: "x1" | "stat" | null;
  /** Ids as the state lists them; `lightNodes` has the printer's own names. */
  readonly lights: readonly LightId[];
  /** Models that print each other's G-code; its own code only, for most. */
  readonly printsFor: readonly string[];
  /** First firmware that wants signed commands; `always`, or null where it is not known. */
  readonly signedSince: string | null;
  /** The least time between two full reports asked for, ms. */
  readonly pushAllMs: number;
}

/** The printer's own names of its lights. */
export const lightNodes = {
  chamber: "chamber_light",
  chamber2: "chamber_light2",
  work: "work_light",
  bed: "heatbed_light",
} as const;
export type LightId = keyof typeof lightNodes;

const minuteMs = 60_000;

/** X1, X1C, X1E, P1P and P1S print each other's G-code; nothing else is known to. */
const interchangeable = ["BL-P002", "BL-P001", "C13", "C11", "C12"];

const x1 = {
  reports: "full",
  camera: "rtsps",
  jobUrl: "file:///sdcard/",
  nozzles: 1,
  nozzleMaxCelsius: 300,
  bedMaxCelsius: 120,
  chamberMaxCelsius: null,
  chamberSensor: true,
  chamberFan: true,
  auxFan: true,
  secondAuxFan: false,
  airDuct: false,
  doorSensor: "x1",
  lights: ["chamber", "work"],
  printsFor: interchangeable,
  signedSince: "01.08.50.32",
  pushAllMs: minuteMs / 2,
} as const satisfies Partial<Model>;

const p1 = {
  ...x1,
  reports: "delta",
  camera: "jpeg",
  bedMaxCelsius: 100,
  chamberSensor: false,
  doorSensor: null,
  lights: ["chamber"],
  signedSince: "01.08.02.00",
  // A full report makes these lag.
  pushAllMs: 5 * minuteMs,
} as const satisfies Partial<Model>;

const a1 = { ...p1, chamberFan: false, auxFan: false, signedSince: "01.05.00.00" } as const satisfies Partial<Model>;

const later = {
  ...x1,
  reports: "both",
  jobUrl: "ftp:///",
  chamberMaxCelsius: 65,
  airDuct: true,
  doorSensor: "stat",
  signedSince: "always",
} as const satisfies Partial<Model>;

const h2 = {
  ...later,
  nozzleMaxCelsius: 350,
  lights: ["chamber", "chamber2", "bed"],
} as const satisfies Partial<Model>;

export const models = [
  {
    ...x1,
    code: "BL-P002",
    name: "X1",
    serialPrefixes: ["00W"],
    productNames: ["Bambu Lab X1"],
  },
  {
    ...x1,
    code: "BL-P001",
    name: "X1C",
    serialPrefixes: ["00M"],
    productNames: ["Bambu Lab X1-Carbon", "Bambu Lab X1 Carbon"],
  },
  {
    ...x1,
    code: "C13",
    name: "X1E",
    serialPrefixes: ["03W"],
    productNames: ["Bambu Lab X1E"],
    nozzleMaxCelsius: 320,
    chamberMaxCelsius: 60,
    signedSince: null,
  },
  { ...p1, code: "C11", name: "P1P", serialPrefixes: ["01S"], productNames: ["Bambu Lab P1P"] },
  { ...p1, code: "C12", name: "P1S", serialPrefixes: ["01P"], productNames: ["Bambu Lab P1S"] },
  {
    ...a1,
    code: "N1",
    name: "A1 mini",
    serialPrefixes: ["030"],
    productNames: ["Bambu Lab A1 mini"],
    bedMaxCelsius: 80,
    printsFor: ["N1"],
  },
  { ...a1, code: "N2S", name: "A1", serialPrefixes: ["039"], productNames: ["Bambu Lab A1"], printsFor: ["N2S"] },
  {
    ...a1,
    code: "N9",
    name: "A2L",
    serialPrefixes: ["26A"],
    productNames: ["Bambu Lab A2L"],
    jobUrl: "ftp:///",
    printsFor: ["N9"],
    signedSince: "always",
  },
  {
    ...later,
    code: "N7",
    name: "P2S",
    serialPrefixes: ["22E"],
    productNames: ["Bambu Lab P2S"],
    bedMaxCelsius: 110,
    chamberMaxCelsius: null,
    secondAuxFan: true,
    lights: ["chamber"],
    printsFor: ["N7"],
  },
  {
    ...later,
    code: "N6",
    name: "X2D",
    serialPrefixes: ["20P"],
    productNames: ["Bambu Lab X2D"],
    nozzles: 2,
    secondAuxFan: true,
    lights: ["chamber", "chamber2"],
    printsFor: ["N6"],
  },
  {
    ...h2,
    code: "O1S",
    name: "H2S",
    serialPrefixes: ["093"],
    productNames: ["Bambu Lab H2S"],
    printsFor: ["O1S"],
  },
  {
    ...h2,
    code: "O1D",
    name: "H2D",
    serialPrefixes: ["094"],
    productNames: ["Bambu Lab H2D"],
    nozzles: 2,
    printsFor: ["O1D"],
    signedSince: "01.01.00.00",
  },
  {
    ...h2,
    code: "O1E",
    otherCodes: ["O2D"],
    name: "H2D Pro",
    serialPrefixes: ["239"],
    productNames: ["Bambu Lab H2D Pro"],
    nozzles: 2,
    printsFor: ["O1E", "O2D"],
    signedSince: null,
  },
  {
    ...h2,
    code: "O1C",
    otherCodes: ["O1C2"],
    name: "H2C",
    serialPrefixes: ["31B"],
    productNames: ["Bambu Lab H2C"],
    nozzles: 2,
    printsFor: ["O1C", "O1C2"],
  },
] as const satisfies readonly Model[];

export const modelNames = models.map(({ name }) => name);

/** What holds for every machine of the vendor: the least of all limits, and no part that some lack. */
export const unknownModel: Model = {
  ...a1,
  code: "",
  name: "Bambu Lab printer",
  serialPrefixes: [],
  productNames: [],
  reports: "both",
  bedMaxCelsius: 80,
  printsFor: [],
  signedSince: null,
};

/** undefined for a code that is not known. */
export function modelByCode(code: string): Model | undefined {
  return models.find((model: Model) => model.code === code || model.otherCodes?.includes(code) === true);
}

/** What one module of get_version says of itself, as far as it tells the model. */
export interface ModuleSigns {
  readonly productName: string;
  readonly projectName: string;
  readonly hardware: string;
}

/** Machines from before product names: hardware, project, code. "" is an empty project, null any. */
const legacySigns: readonly (readonly [hardware: string, project: string | null, code: string])[] = [
  ["AP02", null, "C13"],
  ["AP0", "N1", "N1"],
  ["AP04", "C11", "C11"],
  ["AP04", "C12", "C12"],
  ["AP05", "N2S", "N2S"],
];

export interface ModelSigns {
  readonly modules: readonly ModuleSigns[];
  readonly serial: string;
  /** The inventory's word, for a machine that shows nothing. */
  readonly configured: string | undefined;
}

/** The model by what the machine says, then by its hardware, its serial number, the inventory. */
export function detectModel({ modules, serial, configured }: ModelSigns): Model {
  return (
    models.find(({ productNames }) => modules.some(({ productName }) => includes(productNames, productName))) ??
    modules.map((module) => legacyModel(module, serial)).find((model) => model !== undefined) ??
    modelBySerial(serial) ??
    models.find(({ name }) => name === configured) ??
    unknownModel
  );
}

function legacyModel({ hardware, projectName }: ModuleSigns, serial: string): Model | undefined {
  if (hardware === "AP05" && projectName === "") return modelByCode(serial.startsWith("00W") ? "BL-P002" : "BL-P001");
  const sign = legacySigns.find(
    ([beginning, project]) => hardware.startsWith(beginning) && (project === null || project === projectName),
  );
  return sign === undefined ? undefined : modelByCode(sign[2]);
}

function modelBySerial(serial: string): Model | undefined {
  return models.find(({ serialPrefixes }) => serialPrefixes.some((prefix) => serial.startsWith(prefix)));
}

function includes(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
