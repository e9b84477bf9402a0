// What get_version tells: the modules and their software, without their serial numbers.
// Facts: the family's README.

import type { Module } from "../../model/printer.ts";
import { fields, list, text } from "./report-fields.ts";
import type { ModuleSigns } from "./models.ts";
import type { Body, Report } from "./printer-link.ts";

export interface ModuleInfo extends ModuleSigns {
  readonly name: string;
  readonly version: string;
  readonly offered: string;
}

export function readModules(body: Body): readonly ModuleInfo[] {
  return list(body["module"])
    .map((module) => fields(module))
    .filter(({ name }) => typeof name === "string" && name !== "")
    .map((module) => ({
      name: text(module["name"]),
      version: text(module["sw_ver"]),
      offered: text(module["sw_new_ver"]),
      productName: text(module["product_name"]),
      projectName: text(module["project_name"]),
      hardware: text(module["hw_ver"]),
    }));
}

/** Just after it was switched on, the printer leaves its own version empty. */
export function isComplete(modules: readonly ModuleInfo[]): boolean {
  return firmwareOf(modules) !== null;
}

export function firmwareOf(modules: readonly ModuleInfo[]): string | null {
  const version = modules.find(({ name }) => name === "ota")?.version ?? "";
  return version === "" ? null : version;
}

/** Which module a version that X1 and H2 offer belongs to. */
const offeredKeys: Readonly<Record<string, string>> = {
  ota: "ota_new_version_number",
  ahb: "ahb_new_version_number",
  ext: "ext_new_version_number",
};

/** The modules with the newer versions that the report offers for them. */
export function withUpdates(modules: readonly ModuleInfo[], report: Report): readonly Module[] {
  const state = fields(report["upgrade_state"]);
  const listed = list(state["new_ver_list"]).map((entry) => fields(entry));
  return modules.map(({ name, version, offered }) => {
    const key = name.startsWith("ams") ? "ams_new_version_number" : offeredKeys[name];
    const newer = [
      offered,
      text(listed.find((entry) => entry["name"] === name)?.["new_ver"]),
      key === undefined ? "" : text(state[key]),
    ].find((candidate) => candidate !== "" && candidate !== version);
    return { id: name, version: version === "" ? null : version, availableVersion: newer ?? null };
  });
}

/** The kind of a material unit by its module's name; undefined where no module is of that unit. */
export function unitKindByModule(modules: readonly ModuleInfo[], unit: string): string | undefined {
  const kinds = Object.entries({ ams: "AMS", ams_f1: "AMS Lite", n3f: "AMS 2 Pro", n3s: "AMS HT" });
  return kinds.find(([beginning]) => modules.some(({ name }) => name === `${beginning}/${unit}`))?.[1];
}
