import assert from "node:assert/strict";
import { test } from "node:test";
import { inventoryJsonSchema } from "./json-schema.ts";
import { testFamilies } from "./testing.ts";

/** A JSON value that is asked for by dotted path; numbers are list positions. */
function at(schema: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((here, step) => (here as Record<string, unknown> | undefined)?.[step], schema);
}

const schema = inventoryJsonSchema(testFamilies);
const entry = at(schema, "properties.printers.items");

function demandsOf(family: string): unknown {
  const rules = at(entry, "allOf") as { if: unknown; then: unknown }[];
  return rules.find((rule) => at(rule, "if.properties.family.const") === family)?.then;
}

test("is a JSON value of draft 2020-12", () => {
  assert.equal(at(schema, "$schema"), "https://json-schema.org/draft/2020-12/schema");
  assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema);
});

test("knows no other keys, at any level", () => {
  assert.equal(at(schema, "additionalProperties"), false);
  assert.equal(at(entry, "additionalProperties"), false);
  assert.equal(at(schema, "properties.gateway.additionalProperties"), false);
  assert.equal(at(demandsOf("bambu"), "properties.connection.additionalProperties"), false);
});

test("each key has a description, and its default and unit where it has them", () => {
  assert.match(String(at(schema, "properties.bridge.properties.linger.description")), /stream/u);
  assert.equal(at(schema, "properties.bridge.properties.linger.default"), "15s");
  assert.equal(at(schema, "properties.bridge.properties.max_frames_per_second.unit"), "frames per second");
  assert.equal(at(demandsOf("elegoo-cc1"), "properties.connection.properties.port.default"), 3030);
  for (const block of ["properties.gateway", "properties.bridge"]) {
    for (const key of Object.values(at(schema, `${block}.properties`) as object)) {
      assert.notEqual(at(key, "description"), undefined);
      const isBlock = [at(key, "type")].flat().includes("null");
      if (!isBlock) assert.notEqual(at(key, "default"), undefined);
    }
  }
  for (const key of Object.values(at(entry, "properties") as object)) assert.ok(at(key, "description"));
});

test("a blank block is legal", () => {
  assert.deepEqual(at(schema, "properties.printers.type"), ["array", "null"]);
  assert.deepEqual(at(schema, "properties.bridge.type"), ["object", "null"]);
});

test("lists the families and asks each for its own connection", () => {
  assert.deepEqual(at(entry, "properties.family.anyOf.0.enum"), Object.keys(testFamilies));
  assert.deepEqual(at(demandsOf("elegoo-cc1"), "properties.connection.required"), ["host"]);
  assert.deepEqual(at(demandsOf("elegoo-cc1"), "required"), ["connection"]);
  assert.deepEqual(at(demandsOf("camera"), "properties.connection"), false);
  assert.deepEqual(at(demandsOf("camera"), "properties.camera.required"), ["url"]);
});

test("lets a reference stand for a number, a boolean and a bounded text", () => {
  const reference = { type: "string", pattern: "\\$\\{", description: "A reference, ${NAME}." };
  assert.deepEqual(at(entry, "properties.control.anyOf"), [{ type: "boolean" }, reference]);
  assert.deepEqual(at(demandsOf("elegoo-cc1"), "properties.connection.properties.port.anyOf.1"), reference);
  assert.deepEqual(at(demandsOf("bambu"), "properties.connection.properties.tls.anyOf.1"), reference);
});

test("takes a secret as its key or as a file, not both, in each alternative", () => {
  const bambu = at(demandsOf("bambu"), "properties.connection");
  assert.deepEqual(at(bambu, "required"), ["host", "serial"]);
  assert.deepEqual(at(bambu, "allOf"), [
    { oneOf: [{ required: ["access_code"] }, { required: ["access_code_file"] }] },
  ]);
  assert.ok(at(bambu, "properties.access_code_file.description"));
  assert.equal(at(bambu, "properties.tls_ca_file_file"), undefined);
  const prusalink = at(demandsOf("prusalink"), "properties.connection.anyOf");
  assert.ok(at(prusalink, "0.properties.api_key_file"));
  assert.deepEqual(at(prusalink, "1.allOf"), [{ not: { required: ["password", "password_file"] } }]);
});
