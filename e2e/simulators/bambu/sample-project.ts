// Makes sliced projects (3MF) for any model, number of plates and size, for the card of the simulated
// printer and for tests and benches. Not a slicer: the G-code has layers and heat, and no shape.

import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import sharp from "sharp";
import { ZipFile } from "yazl";

interface SampleFilament {
  readonly type: string;
  /** `tray_info_idx` of the slicer's preset. */
  readonly infoIdx: string;
  /** #RRGGBB */
  readonly color: string;
  readonly grams: number;
}

export interface SampleProject {
  /** `printer_model_id`: the model it is sliced for. */
  readonly modelCode: string;
  /** Default 2. The first uses the first filament, the others all. */
  readonly plates?: number;
  readonly filaments?: readonly SampleFilament[];
  readonly layers?: number;
  readonly printSeconds?: number;
  readonly nozzleDiameter?: number;
  /** False: as it is before slicing, without G-code. */
  readonly sliced?: boolean;
  /** An entry of so many bytes that is not compressed, to make the file as large as wanted. */
  readonly fillerBytes?: number;
}

const twoFilaments: readonly SampleFilament[] = [
  { type: "PLA", infoIdx: "GFL99", color: "#1E90FF", grams: 9.8 },
  { type: "PLA", infoIdx: "GFA00", color: "#FF6A13", grams: 2.1 },
];
const fixedTime = { mtime: new Date("2026-01-01T00:00:00Z") };
/** `identify_id` of the objects on every plate. */
const objectIds = [56, 78] as const;
const chunk = Buffer.alloc(64 * 1024);

type Plan = Required<SampleProject>;

/** The whole file in memory. */
export async function sampleProject(project: SampleProject): Promise<Buffer> {
  return buffer(await zipOf(project));
}

/** Writes the file, also one that does not fit in memory. */
export async function writeSampleProject(path: string, project: SampleProject): Promise<void> {
  await pipeline(await zipOf(project), createWriteStream(path));
}

async function zipOf(project: SampleProject): Promise<Readable> {
  const plan: Plan = {
    plates: 2,
    filaments: twoFilaments,
    layers: 100,
    printSeconds: 1440,
    nozzleDiameter: 0.4,
    sliced: true,
    fillerBytes: 0,
    ...project,
  };
  const zip = new ZipFile();
  const add = (name: string, content: string | Buffer): void => zip.addBuffer(Buffer.from(content), name, fixedTime);
  add("[Content_Types].xml", contentTypes);
  add("_rels/.rels", relations);
  add("3D/3dmodel.model", model);
  add("Metadata/project_settings.config", settings(plan));
  for (let plate = 1; plan.sliced && plate <= plan.plates; plate += 1) await addPlate(add, plan, plate);
  if (plan.sliced) add("Metadata/slice_info.config", sliceInfo(plan));
  if (plan.fillerBytes > 0) {
    zip.addReadStream(Readable.from(filler(plan.fillerBytes)), "Auxiliaries/filler.bin", {
      ...fixedTime,
      compress: false,
    });
  }
  zip.end();
  return zip.outputStream as Readable;
}

async function addPlate(
  add: (name: string, content: string | Buffer) => void,
  plan: Plan,
  plate: number,
): Promise<void> {
  const code = gcode(plan, plate);
  add(`Metadata/plate_${plate}.gcode`, code);
  add(`Metadata/plate_${plate}.gcode.md5`, createHash("md5").update(code).digest("hex").toUpperCase());
  add(`Metadata/plate_${plate}.json`, plateJson(plan, plate));
  const picture = await picturePng(plan.filaments[plate > 1 ? 1 : 0]?.color ?? "#808080", plate);
  add(`Metadata/plate_${plate}.png`, await sharp(picture).resize(512, 512).png().toBuffer());
  add(`Metadata/plate_${plate}_small.png`, await sharp(picture).resize(128, 128).png().toBuffer());
  add(`Metadata/top_${plate}.png`, await sharp(picture).resize(256, 256).png().toBuffer());
  add(`Metadata/pick_${plate}.png`, await pickPng());
}

function filamentsOf(plan: Plan, plate: number): readonly (SampleFilament & { readonly id: number })[] {
  return plan.filaments
    .map((filament, index) => ({ ...filament, id: index + 1 }))
    .slice(0, plate === 1 ? 1 : plan.filaments.length);
}

function gcode({ layers, printSeconds, filaments }: Plan, plate: number): string {
  const hot = filaments.some(({ type }) => type !== "PLA");
  const head = [
    "; HEADER_BLOCK_START",
    `; model printing time: ${printSeconds}s; total estimated time: ${printSeconds}s`,
    `; total layer number: ${layers}`,
    "; HEADER_BLOCK_END",
    `M140 S${hot ? 80 : 60}`,
    `M104 S${hot ? 245 : 220}`,
    "G28",
  ];
  const body = Array.from({ length: layers }, (_, layer) => [
    "; CHANGE_LAYER",
    `G1 Z${((layer + 1) * 0.2).toFixed(2)} F900`,
    plate > 1 && layer % 2 === 1 ? "T1" : "T0",
  ]);
  return `${[...head, ...body.flat()].join("\n")}\n`;
}

function plateJson(plan: Plan, plate: number): string {
  return JSON.stringify({
    bed_type: "textured_plate",
    filament_ids: filamentsOf(plan, plate).map(({ id }) => id - 1),
    filament_colors: filamentsOf(plan, plate).map(({ color }) => color),
    nozzle_diameter: plan.nozzleDiameter,
    bbox_objects: objectIds.map((id, index) => ({
      area: 400,
      bbox: [60 + index * 40, 80, 80 + index * 40, 100],
      id,
      layer_height: 0.2,
      name: `cube_${index + 1}.stl`,
    })),
  });
}

function sliceInfo(plan: Plan): string {
  const plates = Array.from({ length: plan.plates }, (_, index) => slicePlate(plan, index + 1));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<config>\n${plates.join("")}</config>\n`;
}

function slicePlate(plan: Plan, plate: number): string {
  const filaments = filamentsOf(plan, plate);
  const metadata = {
    index: plate,
    printer_model_id: plan.modelCode,
    nozzle_diameters: plan.nozzleDiameter,
    prediction: plan.printSeconds,
    weight: filaments.reduce((sum, { grams }) => sum + grams, 0).toFixed(2),
    support_used: false,
    label_object_enabled: true,
  };
  return [
    "  <plate>",
    ...Object.entries(metadata).map(([key, value]) => `    <metadata key="${key}" value="${value}"/>`),
    ...objectIds.map((id, index) => `    <object identify_id="${id}" name="cube_${index + 1}.stl" skipped="false" />`),
    ...filaments.map(
      ({ id, infoIdx, type, color, grams }) =>
        `    <filament id="${id}" tray_info_idx="${infoIdx}" type="${type}" color="${color}" used_m="${(grams / 3).toFixed(2)}" used_g="${grams}" />`,
    ),
    "  </plate>",
    "",
  ].join("\n");
}

function settings({ filaments, nozzleDiameter, modelCode }: Plan): string {
  return JSON.stringify({
    printer_model: modelCode,
    nozzle_diameter: [String(nozzleDiameter)],
    nozzle_temperature: filaments.map(() => "220"),
    filament_colour: filaments.map(({ color }) => color),
    filament_type: filaments.map(({ type }) => type),
    curr_bed_type: "Textured PEI Plate",
  });
}

async function picturePng(color: string, plate: number): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512"><rect width="512" height="512" fill="#2b3036"/>
    <path d="M256 96L400 168V344L256 416L112 344V168Z" fill="${color}"/><path d="M256 240L400 168V344L256 416Z" fill="#0004"/>
    <path d="M40 ${450 + plate}H472" stroke="#a88d52" stroke-width="6"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** Each object in the colour of its `identify_id`: red + 256 green + 65536 blue. */
async function pickPng(): Promise<Buffer> {
  const squares = objectIds.map((id, index) => ({
    input: { create: { width: 80, height: 80, channels: 3 as const, background: { r: id & 255, g: id >> 8, b: 0 } } },
    left: 80 + index * 160,
    top: 200,
  }));
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  return sharp({ create: { width: 512, height: 512, channels: 4, background } })
    .composite(squares)
    .png()
    .toBuffer();
}

function* filler(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= chunk.length) yield left < chunk.length ? chunk.subarray(0, left) : chunk;
}

const contentTypes = `<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
 <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
 <Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
 <Default Extension="png" ContentType="image/png"/>
 <Default Extension="gcode" ContentType="text/x.gcode"/>
</Types>
`;
const relations = `<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
 <Relationship Target="/3D/3dmodel.model" Id="rel-1" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>
</Relationships>
`;
const model = `<?xml version="1.0" encoding="UTF-8"?>
<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">
 <metadata name="Application">Gantry sample project</metadata>
 <resources/>
 <build/>
</model>
`;
