import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "./suggest.ts";

const keys = ["host", "port", "camera_port", "access_code", "mainboard_id"];

test("finds the word behind a slip", () => {
  assert.equal(closest("hots", keys), "host");
  assert.equal(closest("Host", keys), "host");
  assert.equal(closest("prt", keys), "port");
  assert.equal(closest("accessCode", keys), "access_code");
  assert.equal(closest("acess-code", keys), "access_code");
});

test("offers nothing for a word that is like none", () => {
  assert.equal(closest("", keys), undefined);
  assert.equal(closest("gateway", keys), undefined);
  assert.equal(closest("ip", keys), undefined);
  assert.equal(closest("host", []), undefined);
  assert.equal(closest("h".repeat(100_000), keys), undefined);
});
