import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { crc32, deflateRawSync } from "node:zlib";
import { PrinterError } from "../../../model/errors.ts";
import { readProject } from "./project-reader.ts";

/** A zip of these entries, byte for byte. @param claim the size that the headers tell, where it is not the true one */
function zip(entries: Readonly<Record<string, string | Buffer>>, claim?: number): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(entries)) {
    const content = Buffer.from(text);
    const packed = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claim ?? content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, tail, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, central, end]);
}

async function read(bytes: Buffer): ReturnType<typeof readProject> {
  const folder = await mkdtemp(join(tmpdir(), "project-"));
  try {
    await writeFile(join(folder, "a.3mf"), bytes);
    return await readProject(join(folder, "a.3mf"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const sliceInfo = `<?xml version="1.0"?><config><plate>
  <metadata key="index" value="2"/><metadata key="printer_model_id" value="C12"/>
  <metadata key="nozzle_diameters" value="0.4,0.6"/><metadata key="prediction" value="3600"/>
  <metadata key="weight" value="12.5"/>
  <object identify_id="81" name="A &amp; B" skipped="false"/>
  <filament id="2" type="PETG" color="#ff00aa" used_g="12.5"/>
</plate></config>`;

test("a sliced project tells its plates, filaments and objects", async () => {
  const { plates, filamentCount } = await read(
    zip({
      "Metadata/slice_info.config": sliceInfo,
      "Metadata/plate_2.gcode": "G28",
      "Metadata/plate_2.gcode.md5": "ABCDEF0123456789ABCDEF0123456789",
      "Metadata/plate_2.json": '{"bed_type":"textured_plate"}',
      "Metadata/project_settings.config": '{"printer_model":"Bambu Lab P1S","filament_colour":["#1","#2","#3"]}',
    }),
  );
  assert.equal(filamentCount, 3);
  assert.deepEqual(plates, [
    {
      number: 2,
      gcode: "Metadata/plate_2.gcode",
      md5: "abcdef0123456789abcdef0123456789",
      modelCode: "C12",
      estimatedSeconds: 3600,
      filamentGrams: 12.5,
      buildPlate: "textured_plate",
      printerModel: "Bambu Lab P1S",
      nozzleMillimeters: [0.4, 0.6],
      filaments: [{ tool: 1, type: "PETG", colorHex: "#FF00AA", usedGrams: 12.5 }],
      objects: [{ id: "81", name: "A & B", skipped: false }],
    },
  ]);
});

test("a project that is not sliced, or of another slicer, has no plates or bare ones", async () => {
  assert.deepEqual(await read(zip({ "3D/3dmodel.model": "<model/>" })), { plates: [], filamentCount: 0 });
  const broken = {
    "Metadata/plate_1.gcode": "",
    "Metadata/slice_info.config": "<config><plate",
    "Metadata/plate_1.json": "[",
  };
  assert.deepEqual((await read(zip(broken))).plates[0]?.filaments, []);
});

const harm: Readonly<Record<string, Buffer>> = {
  "no zip": Buffer.from("solid cube"),
  "a zip that was cut": zip({ "Metadata/plate_1.gcode": "G28" }).subarray(0, 60),
  "a name that leads out": zip({ "../../etc/passwd": "x" }),
  "an absolute name": zip({ "/etc/passwd": "x" }),
  "an entry larger than it says": zip({ "Metadata/plate_1.json": Buffer.alloc(5_000_000) }, 100),
  entities: zip({ "Metadata/slice_info.config": '<!DOCTYPE a [<!ENTITY b "c">]><config>&b;</config>' }),
};
for (const [what, bytes] of Object.entries(harm)) {
  test(`${what} is refused in words`, async () => {
    await assert.rejects(read(bytes), (error) => error instanceof PrinterError && error.code === "invalid_input");
  });
}

test("an entry that swells beyond its limit is not unpacked", async () => {
  const bomb = zip({ "Metadata/plate_1.gcode": "G28", "Metadata/plate_1.json": Buffer.alloc(50_000_000) });
  assert.equal((await read(bomb)).plates[0]?.buildPlate, null);
});
