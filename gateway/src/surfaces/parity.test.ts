// Walks both tables over all surfaces: every row is everywhere, or its row says where not.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { commandNames, commandRow } from "../model/commands.ts";
import { kebabCase, snakeCase } from "../model/naming.ts";
import { telemetry } from "../model/telemetry.ts";
import type { TelemetryPoint } from "../model/telemetry-point.ts";
import { units } from "../model/units.ts";
import { FakeFleet, fakePrinter } from "./fake-fleet.ts";
import { withoutTool } from "./mcp/command-tools.ts";
import { openTestSession } from "./mcp/test-session.ts";
import { metricOf } from "./metrics/printer-gauges.ts";
import { omits } from "./rest/commands.ts";
import { omission } from "./surface.ts";
import { startTestGateway } from "./test-gateway.ts";

const timeout = 30_000;

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly description?: string;
}

/** The schema at a dotted key, looking through arrays and nullable parts. */
function at(schema: Schema | undefined, key: string): Schema | undefined {
  let found = schema;
  for (const part of key.split(".")) {
    const object = [found, ...(found?.anyOf ?? []), found?.items].find((one) => one?.properties !== undefined);
    found = object?.properties?.[part];
  }
  return found;
}

/** The value at a dotted key; of an array, that of its first item. */
function valueAt(document: unknown, { key }: TelemetryPoint): unknown {
  let found = document;
  for (const part of key.split(".")) {
    found = (Array.isArray(found) ? found[0] : found) as Record<string, unknown> | undefined;
    found = (found as Record<string, unknown> | undefined)?.[part];
  }
  return found;
}

test("every telemetry row is in the REST state, its schema, and MCP's", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  await using session = await openTestSession(fleet);
  const state: unknown = await (await fetch(`${gateway.url}/api/v1/printers/a/state`)).json();
  const openApi = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as {
    components: { schemas: { State: Schema } };
  };
  const { tools } = await session.client.listTools();
  const getState = tools.find(({ name }) => name === "get_state")?.outputSchema as Schema | undefined;
  for (const point of telemetry) {
    if (point.key !== "reason") assert.notEqual(valueAt(state, point) ?? null, null, `${point.key} in the state`);
    assert.equal(
      at(openApi.components.schemas.State, point.key)?.description,
      point.summary,
      `${point.key} in OpenAPI`,
    );
    assert.equal(
      at(getState?.properties?.["items"]?.items, point.key)?.description,
      point.summary,
      `${point.key} in MCP`,
    );
  }
});

test("every telemetry row is a metric in its base unit, or says that it is none", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  for (const point of telemetry) {
    const name = metricOf(point);
    if (name === undefined) continue;
    assert.notEqual(point.kind, "text", `${point.key} is text and cannot be a metric`);
    assert.ok(text.includes(`\n${name}{printer="a"`), `${point.key} as ${name}`);
    if (point.unit !== undefined) assert.ok(name.endsWith(`_${units[point.unit].metricSuffix}`), name);
  }
});

test("every command is a route, or one of REST's own omits, and then says where to go", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  const openApi = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as { paths: object };
  for (const name of commandNames) {
    const path = `/api/v1/printers/a/commands/${kebabCase(name)}`;
    const reason = omission(omits, name);
    const response = await fetch(gateway.url + path, { method: "POST" });
    const text = await response.text();
    assert.equal(path.replace("/a/", "/{id}/") in openApi.paths, reason === undefined, name);
    if (reason === undefined) assert.deepEqual([response.status, fleet.requests.at(-1)?.command], [200, name]);
    else assert.ok(response.status === 400 && text.includes(reason), name);
  }
});

test("every command is a tool, or has a reason to be none", { timeout }, async () => {
  await using session = await openTestSession(new FakeFleet(fakePrinter("a")));
  const { tools } = await session.client.listTools();
  for (const name of commandNames) {
    const reason = withoutTool(name);
    const tool = tools.find((one) => one.name === snakeCase(name));
    assert.equal(tool === undefined, reason !== undefined, name);
    if (reason === undefined) continue;
    const words = new RegExp(reason.replaceAll(/[{}]/gu, "\\$&"), "u");
    await assert.rejects(session.call(snakeCase(name), { printer: "a" }), words);
  }
  const { items } = (await session.call("list_more_commands", { printer: "a" })).structuredContent as {
    items: { command: string }[];
  };
  const rare = commandNames.filter((name) => commandRow(name).rare === true);
  assert.deepEqual(
    items.map(({ command }) => command),
    rare.map((name) => snakeCase(name)),
  );
  const without = commandNames.filter((name) => withoutTool(name) !== undefined && !rare.includes(name));
  assert.deepEqual(without, [
    "setHeaterOffset",
    "listSystemCommands",
    "uploadFile",
    "selectFile",
    "downloadFile",
    "downloadTimelapse",
  ]);
});
