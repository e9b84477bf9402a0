import assert from "node:assert/strict";
import { test } from "node:test";
import { Load } from "./load.ts";

const [one, two] = [{}, {}];

test("no more streams enter than may, and who leaves makes room", () => {
  const load = new Load(4);
  load.max = 1;
  assert.equal(load.enter(one), true);
  assert.equal(load.enter(one), true);
  assert.equal(load.enter(two), false);
  load.leave(one);
  assert.equal(load.enter(two), true);
});

test("large pictures share the cores among the streams that run; small ones need one", () => {
  const load = new Load(8);
  const large = { width: 1920, height: 1080 };
  assert.equal(load.threads({ width: 1280, height: 720 }), 1);
  assert.equal(load.threads(large), 4);
  for (let index = 0; index < 4; index += 1) load.enter({});
  assert.equal(load.threads(large), 2);
  for (let index = 0; index < 10; index += 1) load.enter({});
  assert.equal(load.threads(large), 1);
});
