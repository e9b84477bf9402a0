import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { atLeast } from "./firmware.ts";
import { detectModel, modelByCode, models, type ModuleSigns } from "./models.ts";

function detected(module: Partial<ModuleSigns>, serial = "", configured?: string): string {
  const modules = [{ productName: "", projectName: "", hardware: "", ...module }];
  return detectModel({ modules, serial, configured }).name;
}

describe("which model a Bambu printer is", () => {
  test("is what it calls itself, before all else", () => {
    assert.equal(detected({ productName: "Bambu Lab H2S", hardware: "AP02" }, "094X"), "H2S");
    assert.equal(detected({ productName: "Bambu Lab X1-Carbon" }), "X1C");
  });

  test("is told by the hardware of older machines", () => {
    const old = [
      ["AP02", "", "X1E"],
      ["AP05", "N1", "A1 mini"],
      ["AP04", "C11", "P1P"],
      ["AP04", "C12", "P1S"],
      ["AP05", "N2S", "A1"],
      ["AP05", "", "X1C"],
    ];
    for (const [hardware = "", projectName = "", name] of old) assert.equal(detected({ hardware, projectName }), name);
    assert.equal(detected({ hardware: "AP05" }, "00W00A000000001"), "X1");
  });

  test("is guessed by the serial number, then taken from the inventory, else unknown and held to the least limits", () => {
    assert.equal(detected({}, "22E00A000000001", "P1S"), "P2S");
    assert.equal(detected({}, "ZZZ", "H2D"), "H2D");
    const unknown = detectModel({ modules: [], serial: "ZZZ", configured: undefined });
    assert.equal(unknown.name, "Bambu Lab printer");
    for (const model of models) {
      assert.ok(unknown.nozzleMaxCelsius <= model.nozzleMaxCelsius && unknown.bedMaxCelsius <= model.bedMaxCelsius);
    }
  });

  test("has codes and serial prefixes that name one model each", () => {
    const prefixes = models.flatMap(({ serialPrefixes }) => [...serialPrefixes]);
    assert.equal(new Set(prefixes).size, prefixes.length);
    assert.equal(modelByCode("O2D")?.name, "H2D Pro");
    assert.equal(modelByCode("nope"), undefined);
    assert.equal(models.length, 14);
  });

  test("has firmware that is compared part by part; community firmware counts as 01.08.02.00", () => {
    assert.ok(atLeast("01.10.00.00", "01.09.99.99"));
    assert.ok(atLeast("01.07.00.00", "01.07.00.00"));
    assert.ok(!atLeast("01.06.99.00", "01.07.00.00"));
    assert.ok(!atLeast("99.1.0.0", "01.09.00.00"));
    assert.ok(!atLeast("", "01.00.00.00"));
  });
});
