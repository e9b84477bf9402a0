import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@gantry/platform/log";
import type { CommandName } from "../../../model/commands.ts";
import type { CommandAccess } from "../../../model/printer.ts";
import { isOlder, unavailableCommands } from "./commands-available.ts";
import { Bench } from "./commands-bench.ts";
import { createCommands } from "./commands.ts";
import { modelByCode } from "../models.ts";

interface Asked {
  readonly model?: string;
  readonly firmware?: string | null;
  readonly access?: CommandAccess;
  readonly canEncrypt?: boolean;
}

function unavailable({
  model = "C12",
  firmware = "01.09.00.00",
  access = "open",
  canEncrypt = false,
}: Asked): ReadonlySet<CommandName> {
  const bench = new Bench({ model });
  const { authorization, clock, signer, files } = bench;
  const handlers = createCommands(bench, files, { authorization, clock, signer, log: silentLog });
  return new Set(unavailableCommands({ model: bench.model, firmware, access, canEncrypt, handlers }).keys());
}

test("an open printer with recent firmware takes everything that it has", () => {
  for (const access of ["open", "unknown"] as const) assert.equal(unavailable({ access }).size, 0);
});

test("a locked printer takes what locked firmware leaves open", () => {
  const names = unavailable({ access: "locked" });
  for (const name of ["pause", "start", "setHeaterTarget", "sendGcode", "skipObjects"] as const)
    assert.ok(names.has(name), name);
  for (const name of ["setLight", "listFiles", "uploadFile", "refresh", "getReport"] as const)
    assert.ok(!names.has(name), name);
  assert.ok(!names.has("selectNozzle"), "a P1S has one nozzle");
});

test("a printer that wants signatures takes no G-code, unless it can be encrypted", () => {
  assert.deepEqual([...unavailable({ access: "signed" })].toSorted(), [
    "home",
    "jog",
    "sendGcode",
    "setFanSpeed",
    "setHeaterTarget",
  ]);
  assert.ok(!unavailable({ model: "O1D", access: "signed" }).has("setHeaterTarget"), "its chamber is heated without");
  assert.equal(unavailable({ access: "signed", canEncrypt: true }).size, 0);
});

test("old firmware lacks what came later", () => {
  assert.ok(unavailable({ firmware: "01.02.00.00" }).has("loadMaterial"));
  assert.ok(!unavailable({ firmware: "01.02.99.10" }).has("loadMaterial"));
  assert.ok(!unavailable({ firmware: null }).has("loadMaterial"));
});

test("community firmware counts as the vendor's of its age", () => {
  const x1 = modelByCode("BL-P001");
  assert.ok(x1 !== undefined);
  assert.ok(!isOlder(x1, "99.01.00.00", "changeFilament"));
  assert.ok(isOlder(x1, "99.01.00.00", "readTag"));
});
