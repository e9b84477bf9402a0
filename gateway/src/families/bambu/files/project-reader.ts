// Reads what a sliced project (3MF) tells of itself, whoever wrote it: every field may be missing or
// of another type. Not the zip (./archive.ts). Entries and keys: the family's README.
//
//   Metadata/slice_info.config      XML: config/plate with metadata, object, filament
//   Metadata/plate_N.gcode          the plate is sliced;  .md5 beside it: of that G-code
//   Metadata/plate_N.json           bed_type;  plate_N.png: its picture
//   Metadata/project_settings.config  JSON: printer_model, curr_bed_type, filament_colour

import { XMLParser } from "fast-xml-parser";
import { noArchive, readArchive, type Archive } from "./archive.ts";
import type { Project, ProjectPlate } from "./project.ts";

type Fields = Readonly<Record<string, unknown>>;

const megabyte = 1024 * 1024;
const mostPlates = 99;
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  // Nothing expands: the five entities that names may hold are put back below.
  processEntities: false,
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => ["plate", "metadata", "object", "filament"].includes(name),
});

/** What can be asked of a project later without its archive. */
export interface ProjectFile {
  readonly project: Project;
  /** PNG by plate number. */
  readonly pictures: ReadonlyMap<number, Buffer>;
}

/** @throws PrinterError `invalid_input` for what is no readable 3MF */
export async function readProject(path: string): Promise<Project> {
  return (await readProjectFile(path)).project;
}

/** The same, with the pictures. @throws PrinterError `invalid_input` for what is no readable 3MF */
export async function readProjectFile(path: string): Promise<ProjectFile> {
  const archive = await readArchive(path, limitOf);
  const settings = readJson(archive, "Metadata/project_settings.config");
  const about = readSliceInfo(archive);
  const numbers = platesOf(archive);
  const plates = numbers.map((number) => readPlate(archive, settings, number, about.get(number) ?? {}));
  const tools = plates.flatMap(({ filaments }) => filaments.map(({ tool }) => tool + 1));
  const colours = list(settings["filament_colour"]).length;
  const pictures = new Map<number, Buffer>();
  for (const number of numbers) {
    const picture = archive.contents.get(`Metadata/plate_${number}.png`);
    if (picture !== undefined && isPng(picture)) pictures.set(number, picture);
  }
  return { project: { plates, filamentCount: Math.max(0, colours, ...tools) }, pictures };
}

/** What is read of an entry at most, bytes; undefined: it is not looked at. */
function limitOf(name: string): number | undefined {
  if (/^Metadata\/plate_\d{1,2}\.png$/u.test(name)) return 2 * megabyte;
  if (/^Metadata\/plate_\d{1,2}\.gcode\.md5$/u.test(name)) return 256;
  if (/^Metadata\/plate_\d{1,2}\.json$/u.test(name)) return 4 * megabyte;
  return /^Metadata\/(?:slice_info|project_settings)\.config$/u.test(name) ? 4 * megabyte : undefined;
}

/** Numbers of the sliced plates, in order. */
function platesOf({ names }: Archive): number[] {
  const numbers = Array.from({ length: mostPlates }, (_, index) => index + 1);
  return numbers.filter((number) => names.has(gcodeOf(number)));
}

function gcodeOf(number: number): string {
  return `Metadata/plate_${number}.gcode`;
}

/** Plates of slice_info by their number. */
function readSliceInfo({ contents }: Archive): ReadonlyMap<number, Fields> {
  const text = contents.get("Metadata/slice_info.config")?.toString("utf8") ?? "";
  if (/<!(?:DOCTYPE|ENTITY)/iu.test(text)) throw noArchive("its slice_info.config declares entities");
  const plates = list(fields(parse(text)["config"])["plate"]).map((plate) => fields(plate));
  const byNumber = new Map<number, Fields>();
  plates.forEach((plate, index) => {
    const facts = metadataOf(plate);
    byNumber.set(number(facts["index"]) ?? index + 1, { ...plate, facts });
  });
  return byNumber;
}

function parse(text: string): Fields {
  try {
    return fields(parser.parse(text));
  } catch {
    return {}; // broken XML tells nothing; the plates are there all the same
  }
}

function metadataOf(plate: Fields): Fields {
  const pairs = list(plate["metadata"]).map((entry) => [text(fields(entry)["key"]), fields(entry)["value"]] as const);
  return Object.fromEntries(pairs.filter(([key]) => key !== null && key !== "__proto__"));
}

function readPlate(archive: Archive, settings: Fields, plate: number, info: Fields): ProjectPlate {
  const facts = fields(info["facts"]);
  const details = readJson(archive, `Metadata/plate_${plate}.json`);
  const md5 =
    archive.contents
      .get(`${gcodeOf(plate)}.md5`)
      ?.toString("latin1")
      .trim()
      .toLowerCase() ?? "";
  return {
    number: plate,
    gcode: gcodeOf(plate),
    md5: /^[0-9a-f]{32}$/u.test(md5) ? md5 : null,
    modelCode: text(facts["printer_model_id"]),
    estimatedSeconds: number(facts["prediction"]),
    filamentGrams: number(facts["weight"]),
    buildPlate: text(details["bed_type"]) ?? text(settings["curr_bed_type"]),
    printerModel: text(settings["printer_model"]),
    nozzleMillimeters: (text(facts["nozzle_diameters"]) ?? "").split(",").flatMap((part) => number(part) ?? []),
    filaments: list(info["filament"]).flatMap((entry) => readFilament(fields(entry))),
    objects: list(info["object"]).flatMap((entry) => readObject(fields(entry))),
  };
}

function readFilament(entry: Fields): ProjectPlate["filaments"] {
  const id = number(entry["id"]);
  if (id === null || !Number.isInteger(id) || id < 1 || id > 64) return [];
  const colour = text(entry["color"]);
  return [
    {
      tool: id - 1,
      type: text(entry["type"]),
      colorHex: colour !== null && /^#[0-9a-f]{6,8}$/iu.test(colour) ? colour.slice(0, 7).toUpperCase() : null,
      usedGrams: number(entry["used_g"]),
    },
  ];
}

function readObject(entry: Fields): ProjectPlate["objects"] {
  const id = text(entry["identify_id"]);
  return id === null ? [] : [{ id, name: text(entry["name"]), skipped: entry["skipped"] === "true" }];
}

function readJson({ contents }: Archive, name: string): Fields {
  try {
    return fields(JSON.parse(contents.get(name)?.toString("utf8") ?? "{}"));
  } catch {
    return {}; // broken: it tells nothing
  }
}

function isPng(bytes: Buffer): boolean {
  return bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** Also of a number. */
function text(value: unknown): string | null {
  if (typeof value !== "string" && typeof value !== "number") return null;
  const words = String(value)
    .replaceAll(/&(lt|gt|quot|apos|amp);/gu, (whole, name: string) => entities[name] ?? whole)
    .trim()
    .slice(0, 512);
  return words === "" ? null : words;
}

function number(value: unknown): number | null {
  const found = typeof value === "number" ? value : Number.parseFloat(text(value) ?? "");
  return Number.isFinite(found) && found >= 0 ? found : null;
}
