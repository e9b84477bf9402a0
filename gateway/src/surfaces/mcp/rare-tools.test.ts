// The commands that share two tools, as a client sees them.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { openTestSession } from "./test-session.ts";

const timeout = 30_000;

test("a seldom used command is told with its input and run by its name", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  const { structuredContent } = await session.call("list_more_commands", { printer: "a" });
  const { items } = structuredContent as { items: { command: string; input: { properties: object } }[] };
  const dry = items.find(({ command }) => command === "start_drying") ?? assert.fail("no start_drying");
  assert.ok("temperatureCelsius" in dry.input.properties);
  const input = { unit: "0", temperatureCelsius: 55, durationHours: 8 };
  const run = await session.call("run_command", { printer: "a", command: "start_drying", input });
  assert.deepEqual(run.structuredContent, { outcome: "acknowledged" });
  assert.deepEqual(fleet.requests.at(-1)?.command, "startDrying");
});

test("one that destroys is confirmed like any other", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  const asked = { printer: "a", command: "skip_objects", input: { objects: ["7"] } };
  const { structuredContent } = await session.call("run_command", asked);
  const { outcome, confirmation_token: given } = structuredContent as Record<string, string>;
  assert.equal(outcome, "confirmation_required");
  assert.ok(fleet.requests.every(({ dryRun }) => dryRun === true));
  const done = await session.call("run_command", { ...asked, confirmation_token: given });
  assert.deepEqual(done.structuredContent, { outcome: "acknowledged" });
});

test("without control it only observes, and says so", { timeout }, async () => {
  await using session = await openTestSession(new FakeFleet(fakePrinter("a", { control: false })));
  const { tools } = await session.client.listTools();
  const tool = tools.find(({ name }) => name === "run_command") ?? assert.fail("no run_command");
  assert.equal(tool.annotations?.readOnlyHint, true);
  const { isError } = await session.call("run_command", { printer: "a", command: "start_drying" });
  assert.equal(isError, true);
});
