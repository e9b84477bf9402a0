// The hand-written pages against what is served: a name that is missing there is a fault here.

import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commandNames } from "../model/commands.ts";
import { errorCodes } from "../model/errors.ts";
import { eventTypes } from "../model/events.ts";
import { kebabCase } from "../model/naming.ts";
import { phases } from "../model/printer.ts";
import { telemetry } from "../model/telemetry.ts";
import { FakeCamera, FakeFleet, fakePrinter } from "./fake-fleet.ts";
import { openTestSession } from "./mcp/test-session.ts";
import { problemKinds } from "./problem.ts";
import { startTestGateway } from "./test-gateway.ts";

function page(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
}

test("api.md names every key of the state, command, phase, event and error code with its status", () => {
  const text = page("api.md");
  for (const { key } of telemetry) for (const part of key.split(".")) assert.ok(text.includes(`"${part}":`), key);
  for (const name of commandNames) assert.ok(text.includes(`\`${kebabCase(name)}\``), name);
  for (const word of [...phases, ...eventTypes]) assert.ok(text.includes(word), word);
  for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[]) {
    assert.match(text, new RegExp(`\\| ${problemKinds[code].status} +\\| .*\`${code}\``, "u"));
  }
});

test("mcp.md names every tool", async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  fleet.cameras.set("a", new FakeCamera());
  await using session = await openTestSession(fleet);
  const { tools } = await session.client.listTools();
  const text = page("mcp.md");
  for (const { name } of tools) assert.ok(text.includes(`\`${name}\``), name);
});

test("metrics.md names every metric of ours, and none that is not there", async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  const served = await (await fetch(`${gateway.url}/metrics`)).text();
  const names = [...served.matchAll(/^# TYPE (gantry_\w+)/gmu)].map(([, name]) => name ?? "");
  const told = [...page("metrics.md").matchAll(/gantry_\w+/gu)].map(([name]) => name);
  assert.deepEqual([...new Set(told)].toSorted(), names.toSorted());
});
