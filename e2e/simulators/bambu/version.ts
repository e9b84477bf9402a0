// The answer to `info.get_version`: the modules of each profile.

import type { Handlers } from "./command.ts";
import type { Printer } from "./printer.ts";
import type { Unit } from "./materials.ts";

type JsonObject = Record<string, unknown>;

const none = "00.00.00.00";
/** Module name, hardware and firmware of each kind of unit. */
const unitModules: Readonly<Record<number, readonly [string, string, string]>> = {
  1: ["ams", "AMS08", "00.00.06.75"],
  2: ["ams_f1", "AMS_F102", "00.00.07.98"],
  3: ["n3f", "N3F05", "01.00.19.31"],
  4: ["n3s", "N3S05", "01.00.19.31"],
};

/** Module name, hardware and project of the boards beside the main one. */
const boards: Readonly<Record<string, readonly (readonly [string, string, string])[]>> = {
  C12: [
    ["esp32", "AP04", "C12"],
    ["mc", "MC07", "P1"],
    ["th", "TH09", "P1"],
  ],
  N1: [
    ["esp32", "AP05", "N1"],
    ["mc", "MC02", "N1"],
    ["th", "TH01", "N1"],
  ],
  "BL-P001": [
    ["rv1126", "AP05", ""],
    ["mc", "MC07", ""],
    ["th", "TH07", ""],
    ["ahb", "AHB02", ""],
  ],
  O1D: [
    ["ap", "AP06", ""],
    ["mc", "MC10", ""],
    ["th", "TH12", ""],
    ["eef", "EEF01", ""],
  ],
};

export const infoCommands: Handlers = {
  get_version: ({ printer }) => {
    const { knobs } = printer;
    const empty = knobs.emptyVersions > 0;
    if (empty) knobs.emptyVersions -= 1;
    const module = empty ? modules(printer).map((entry) => ({ ...entry, sn: "", sw_ver: "" })) : modules(printer);
    return { result: "success", reason: "", extra: { module } };
  },
};

function modules({ profile, firmware, serial, machine }: Printer): readonly JsonObject[] {
  const small = profile.reports === "delta";
  const main = {
    name: "ota",
    ...(small && { project_name: profile.code }),
    product_name: profile.productName,
    sw_ver: firmware,
    hw_ver: "OTA",
    loader_ver: none,
    sn: serial,
    visible: true,
    flag: 0,
  };
  const others = (boards[profile.code] ?? []).map(([name, hardware, project], index) => ({
    name,
    ...(small && { project_name: project }),
    product_name: "",
    sw_ver: "01.12.00.10",
    hw_ver: hardware,
    loader_ver: none,
    sn: index === 0 ? serial : `${serial.slice(0, 3)}-${name.toUpperCase()}-1`,
    visible: false,
    flag: 0,
  }));
  return [main, ...others, ...machine.materials.units.map(unitModule)];
}

function unitModule({ id, kind }: Unit): JsonObject {
  const [name, hardware, version] = unitModules[kind] ?? ["ams", "AMS08", none];
  return {
    name: `${name}/${id}`,
    project_name: "",
    product_name: "",
    sw_ver: version,
    hw_ver: hardware,
    loader_ver: none,
    ota_ver: none,
    sn: `AMS-${id}`,
    flag: 0,
  };
}
