// For the tests of this room: made-up families and an inventory in a folder of its own. The real
// families live in the gateway.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { FamilySchemas, Inventory } from "./inventory.ts";
import { InventoryError, loadInventory, type InventoryOptions } from "./load.ts";
import { formatProblem } from "./problems.ts";

const port = z.int().min(1).max(65535);

/** One of each kind: plain keys, a secret, alternatives, no connection at all. */
export const testFamilies = {
  "elegoo-cc1": z.strictObject({
    host: z.string().min(1).meta({ description: "Name or address of the printer." }),
    port: port.default(3030).meta({ description: "Port of the printer." }),
    http_port: port.default(80),
    camera_port: port.default(3031),
    discovery_port: port.default(3000),
    mainboard_id: z.string().optional(),
    search: z.array(z.string()).optional(),
  }),
  bambu: z.strictObject({
    host: z.string().min(1),
    serial: z.string().min(1),
    access_code: z.string().min(1).meta({ secret: true, description: "Shown on the printer." }),
    tls: z.enum(["verify", "pin", "insecure"]).default("verify"),
    tls_ca_file: z.string().optional(),
  }),
  prusalink: z.union([
    z.strictObject({ url: z.url(), api_key: z.string().min(1).meta({ secret: true }) }),
    z.strictObject({
      url: z.url(),
      username: z.string().min(1),
      password: z.string().min(1).optional().meta({ secret: true }),
    }),
  ]),
  camera: z.undefined(),
} satisfies FamilySchemas;

export interface TestFolder extends AsyncDisposable {
  readonly folder: string;
  /** `printers.yaml` in it. */
  readonly file: string;
  /** Writes a file of the folder and gives its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
  load(text: string | Uint8Array, options?: Partial<InventoryOptions>): Promise<Inventory>;
  /** The lines of the InventoryError, or none. */
  faults(text: string | Uint8Array, options?: Partial<InventoryOptions>): Promise<string[]>;
}

export async function testFolder(): Promise<TestFolder> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-config-"));
  const file = join(folder, "printers.yaml");
  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const load: TestFolder["load"] = async (text, options) => {
    await write("printers.yaml", text);
    return loadInventory({ file, env: {}, families: testFamilies, ...options });
  };
  return {
    folder,
    file,
    write,
    load,
    faults: async (text, options) => {
      try {
        await load(text, options);
        return [];
      } catch (error) {
        if (error instanceof InventoryError) return error.problems.map((problem) => formatProblem(problem));
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true }),
  };
}
