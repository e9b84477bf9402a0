import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { loadInventory } from "@gantry/config";
import { families } from "@gantry/gateway/families";
import { demoPrinters } from "./printers.ts";

test("the demo writes an inventory that the gateway takes, and takes it away again", { timeout: 100_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "demo-"));
  const file = join(folder, "printers.yaml");
  const demo = spawn(
    process.execPath,
    [join(import.meta.dirname, "main.ts"), "--inventory", file, "--reach", "demo-printers"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  try {
    const [line] = (await once(createInterface({ input: demo.stdout }), "line")) as [string];
    assert.equal((JSON.parse(line) as { event: string }).event, "listening");
    const schemas = Object.fromEntries(Object.entries(families).map(([id, { connection }]) => [id, connection]));
    const { printers } = await loadInventory({ file, env: {}, families: schemas });
    assert.deepEqual(
      printers.map(({ id, connection }) => {
        const { host, url } = connection as { host?: string; url?: string };
        return [id, host ?? new URL(url ?? "").hostname];
      }),
      demoPrinters.map(({ id }) => [id, "demo-printers"]),
    );
    demo.kill("SIGTERM");
    await once(demo, "exit");
    assert.ok(!existsSync(file));
  } finally {
    demo.kill("SIGKILL");
    await rm(folder, { recursive: true });
  }
});
