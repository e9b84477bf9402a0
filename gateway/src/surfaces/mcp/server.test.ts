// The tools and resources as a client sees them.

import { strict as assert } from "node:assert";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import {
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { commands, commandRow } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { snakeCase } from "../../model/naming.ts";
import { FakeCamera, FakeFleet, fakePrinter, offlinePrinter, tinyJpeg } from "../fake-fleet.ts";
import { toolCommands } from "./command-tools.ts";
import { openTestSession, type TestSession } from "./test-session.ts";

const timeout = 30_000;
const more = ["list_more_commands", "run_command"];
const reading = ["list_printers", "get_state", "wait_for_state"];

async function toolNames({ client }: TestSession): Promise<string[]> {
  return (await client.listTools()).tools.map(({ name }) => name);
}

async function tool({ client }: TestSession, name: string) {
  const { tools } = await client.listTools();
  return tools.find((one) => one.name === name) ?? assert.fail(`no tool ${name}`);
}

/** The printers a tool takes. */
function choices(schema: { properties?: Record<string, { enum?: unknown }> | undefined }): unknown {
  return schema.properties?.["printer"]?.enum;
}

test("introduces itself and says how to begin", { timeout }, async () => {
  await using session = await openTestSession(new FakeFleet(fakePrinter("a")));
  assert.deepEqual(session.client.getServerVersion(), { name: "gantry", title: "Gantry", version: "1.2.3" });
  assert.match(session.client.getInstructions() ?? "", /list_printers/u);
});

test("each command that some printer has is a tool; without control none that changes is", { timeout }, async () => {
  await using open = await openTestSession(new FakeFleet(fakePrinter("a"), fakePrinter("b", { control: false })));
  assert.deepEqual(await toolNames(open), [...reading, ...toolCommands.map((name) => snakeCase(name)), ...more]);
  await using closed = await openTestSession(new FakeFleet(fakePrinter("b", { control: false })));
  const observing = toolCommands.filter((name) => commandRow(name).effect === "observes");
  assert.deepEqual(await toolNames(closed), [...reading, ...observing.map((name) => snakeCase(name)), ...more]);
  await using empty = await openTestSession(new FakeFleet());
  assert.deepEqual(await toolNames(empty), ["list_printers", "get_state"]);
});

test("there are under thirty tools even where one printer has everything", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  fleet.cameras.set("a", new FakeCamera());
  await using session = await openTestSession(fleet);
  const names = await toolNames(session);
  assert.ok(names.length < 30, `${names.length} tools cost a model context and choice; omit those that help it least`);
});

test("a printer argument is one of the ids that have the tool, and nothing else is taken", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), fakePrinter("b", { control: false }));
  await using session = await openTestSession(fleet);
  const { inputSchema } = await tool(session, "set_heater_target");
  assert.deepEqual(choices(inputSchema), ["a"]);
  assert.equal(inputSchema["additionalProperties"], false);
  assert.deepEqual(inputSchema.required, ["printer", "heater", "targetCelsius"]);
});

test("all four hints follow the row", { timeout }, async () => {
  await using session = await openTestSession(new FakeFleet(fakePrinter("a")));
  const hints = async (name: string) => {
    const { annotations = {} } = await tool(session, name);
    const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations;
    return [readOnlyHint, destructiveHint, idempotentHint, openWorldHint];
  };
  assert.deepEqual(await hints("list_printers"), [true, false, true, false]);
  assert.deepEqual(await hints("set_light"), [false, false, true, false]);
  assert.deepEqual(await hints("start"), [false, false, false, false]);
  assert.deepEqual(await hints("stop"), [false, true, false, false]);
  assert.deepEqual(await hints("refresh"), [true, false, true, false]);
});

test("list_printers tells what each is, can and does", { timeout }, async () => {
  const idle = fakePrinter("b", { commands: new Set(["refresh"]), control: false }, { phase: "idle", job: null });
  await using session = await openTestSession(new FakeFleet(fakePrinter("a"), idle));
  await session.client.listTools(); // from here on the client checks results against their schemas
  const { structuredContent, content } = await session.call("list_printers");
  assert.deepEqual(JSON.parse((content[0] as { text: string }).text), structuredContent);
  const { items } = structuredContent as { items: { id: string; tools: string[]; summary: Record<string, unknown> }[] };
  assert.deepEqual(
    items.map(({ id, tools, summary }) => [id, tools.length, summary["phase"], summary["job"] === null]),
    [
      ["a", toolCommands.length + more.length, "printing", false],
      ["b", 1, "idle", true],
    ],
  );
});

test("get_state tells of one printer or of all, the unreachable ones too", { timeout }, async () => {
  await using session = await openTestSession(new FakeFleet(fakePrinter("a"), offlinePrinter("b")));
  await session.client.listTools();
  const states = async (args: Record<string, unknown>) => {
    const { structuredContent } = await session.call("get_state", args);
    return (structuredContent as { items: { id: string; connected: boolean }[] }).items;
  };
  assert.deepEqual(
    (await states({})).map(({ id, connected }) => [id, connected]),
    [
      ["a", true],
      ["b", false],
    ],
  );
  assert.equal((await states({ printer: "b" })).length, 1);
});

test("get_snapshot gives a picture where there is a camera", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), fakePrinter("b"));
  const camera = new FakeCamera();
  fleet.cameras.set("a", camera);
  await using session = await openTestSession(fleet);
  const { inputSchema } = await tool(session, "get_snapshot");
  assert.deepEqual(choices(inputSchema), ["a"]);
  const { content } = await session.call("get_snapshot", { printer: "a" });
  const data = Buffer.from(tinyJpeg).toString("base64");
  assert.deepEqual(content, [{ type: "image", data, mimeType: "image/jpeg" }]);
  camera.failure = new PrinterError("unreachable", "the camera sends no pictures", { printer: "a" });
  const failed = await session.call("get_snapshot", { printer: "a" });
  assert.equal(failed.isError, true);
  const { code, retryable, printer } = failed.structuredContent as Record<string, unknown>;
  assert.deepEqual([code, retryable, printer], ["unreachable", true, "a"]);
});

test("a command reaches the gate, and its outcome comes back", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  await session.client.listTools();
  const { structuredContent } = await session.call("set_light", { printer: "a", light: "chamber", on: true });
  assert.deepEqual(structuredContent, { outcome: "acknowledged" });
  const [request] = fleet.requests;
  assert.deepEqual(
    [request?.printer, request?.command, request?.input, request?.surface],
    ["a", "setLight", { light: "chamber", on: true }, "mcp"],
  );
  fleet.answer = () => ({ outcome: "unconfirmed" });
  assert.deepEqual((await session.call("pause", { printer: "a" })).structuredContent, { outcome: "unconfirmed" });
});

test("a start may say which slot feeds which filament", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  const slots = [{ tool: 0, unit: "0", slot: "2" }];
  const { structuredContent } = await session.call("start", { printer: "a", file: "cube.gcode", slots });
  assert.deepEqual(structuredContent, { outcome: "acknowledged" });
  const { input } = fleet.requests[0] ?? {};
  assert.deepEqual(input, commands.start.input.parse({ file: "cube.gcode", slots }));
  const { isError } = await session.call("start", { printer: "a", file: "cube.gcode", slots: [{ tool: 0 }] });
  assert.equal(isError, true);
});

test("a list has the shape of its row, and a printer that is silent has none", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  const { outputSchema } = await tool(session, "list_files"); // the client checks results from here on
  const { items } = (outputSchema?.properties ?? {}) as { items?: { items?: { required?: string[] } } };
  assert.deepEqual(items?.items?.required, ["name", "sizeBytes", "modifiedAt"]);
  const files = { items: [{ name: "a.gcode", sizeBytes: 12, modifiedAt: null, estimatedSeconds: 60 }] };
  fleet.answer = () => files;
  assert.deepEqual((await session.call("list_files", { printer: "a" })).structuredContent, files);
  fleet.answer = () => ({ outcome: "unconfirmed" });
  const silent = await session.call("list_files", { printer: "a" });
  assert.deepEqual([silent.isError, (silent.structuredContent as { code: string }).code], [true, "timeout"]);
});

test("a thumbnail is a picture of its own type, and nothing else is one", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  assert.equal((await tool(session, "get_thumbnail")).outputSchema, undefined);
  const give = (mediaType: string, chunks: readonly Uint8Array[]): AbortSignal[] => {
    const signals: AbortSignal[] = [];
    fleet.answer = ({ signal }) => {
      if (signal !== undefined) signals.push(signal);
      return { kind: "media", media: { mediaType, sizeBytes: null, content: Readable.from(chunks) } };
    };
    return signals;
  };
  const ask = async () => session.call("get_thumbnail", { printer: "a", file: "cube.gcode" });
  for (const type of ["image/png", "image/jpeg", "image/webp"]) {
    give(type, [Buffer.from("pic"), Buffer.from("ture")]);
    const { content } = await ask();
    assert.deepEqual(content, [{ type: "image", data: Buffer.from("picture").toString("base64"), mimeType: type }]);
  }
  const cases: readonly [string, readonly Uint8Array[], string][] = [
    ["text/html", [Buffer.from("x")], "protocol"],
    ["image/png", Array.from({ length: 5 }, () => Buffer.alloc(1_000_000)), "file_too_large"],
  ];
  for (const [type, chunks, code] of cases) {
    const signals = give(type, chunks);
    const { isError, structuredContent } = await ask();
    assert.deepEqual([isError, (structuredContent as { code: string }).code], [true, code]);
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true],
      "the printer's side is ended",
    );
  }
});

test("an error says what to do, and a fault of ours says nothing", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  await session.client.listTools();
  fleet.answer = () => {
    throw new PrinterError("wrong_phase", "not possible while the printer is idle", { printer: "a" });
  };
  const refused = await session.call("pause", { printer: "a" });
  assert.equal(refused.isError, true);
  assert.deepEqual(refused.structuredContent, {
    code: "wrong_phase",
    message: "not possible while the printer is idle",
    retryable: true,
    printer: "a",
  });
  fleet.answer = () => {
    throw new TypeError("secret of the code");
  };
  const fault = await session.call("pause", { printer: "a" });
  assert.doesNotMatch(JSON.stringify(fault), /secret/u);
  assert.equal((fault.structuredContent as { code: string }).code, "internal");
});

test("bad arguments are told by pointer and send nothing", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  const bad: readonly [Record<string, unknown>, string][] = [
    [{ printer: "nope", heater: "bed", targetCelsius: 1 }, "/printer"],
    [{ printer: "a", heater: "bed", targetCelsius: 9999 }, "/targetCelsius"],
    [{ printer: "a", heater: "bed" }, "/targetCelsius"],
    [{ printer: "a", heater: "bed", targetCelsius: 1, host: "10.0.0.1" }, ""],
  ];
  for (const [args, pointer] of bad) {
    const { isError, structuredContent } = await session.call("set_heater_target", args);
    const { code, errors } = structuredContent as { code: string; errors: { pointer: string }[] };
    assert.deepEqual([isError, code, errors[0]?.pointer], [true, "invalid_input", pointer]);
  }
  assert.deepEqual(fleet.requests, []);
});

test("a tool that no printer has now is refused with the reason", { timeout }, async () => {
  await using session = await openTestSession(new FakeFleet(fakePrinter("a", { control: false })));
  await assert.rejects(session.call("pause", { printer: "a" }), /control on/u);
  await assert.rejects(session.call("constructor"), /there is no tool/u);
});

test("the lists follow the inventory and what printers have, and clients are told", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a", { control: false }));
  await using session = await openTestSession(fleet);
  let told = 0;
  session.client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (told += 1));
  session.client.setNotificationHandler(ResourceListChangedNotificationSchema, () => void (told += 1));
  fleet.put(fakePrinter("a", { control: false }, { stage: "another" }));
  await turn();
  assert.equal(told, 0, "a mere reading changes no list");
  fleet.replace(fakePrinter("a"), fakePrinter("b"));
  await turn();
  await turn();
  assert.equal(told, 2);
  assert.ok((await toolNames(session)).includes("pause"));
  fleet.put(fakePrinter("b", { commands: new Set() }));
  await turn();
  await turn();
  assert.equal(told, 4);
  const { inputSchema } = await tool(session, "pause");
  assert.deepEqual(choices(inputSchema), ["a"]);
});

test("resources give the inventory, the states and the pictures", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), offlinePrinter("b"));
  fleet.cameras.set("a", new FakeCamera());
  await using session = await openTestSession(fleet);
  const { resources } = await session.client.listResources();
  assert.deepEqual(
    resources.map(({ uri }) => uri),
    ["printer://inventory", "printer://a/state", "printer://a/snapshot", "printer://b/state"],
  );
  const { resourceTemplates } = await session.client.listResourceTemplates();
  assert.equal(resourceTemplates.length, 2);
  for (const { uri, mimeType } of resources) {
    const { contents } = await session.client.readResource({ uri });
    assert.equal(contents[0]?.mimeType, mimeType);
  }
  for (const uri of ["printer://nope/state", "printer://b/snapshot", "printer://a", "http://10.0.0.1/", "x"]) {
    await assert.rejects(session.client.readResource({ uri }), { code: -32_602 }, uri);
  }
});

test("a subscriber hears of a changed state at most once a second", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), fakePrinter("b"));
  await using session = await openTestSession(fleet);
  const heard: string[] = [];
  session.client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
  await session.client.subscribeResource({ uri: "printer://a/state" });
  for (let count = 0; count < 5; count += 1) fleet.put(fakePrinter("a"));
  fleet.put(fakePrinter("b"));
  await session.clock.advance(1000);
  assert.deepEqual(heard, ["printer://a/state"]);
  await session.client.unsubscribeResource({ uri: "printer://a/state" });
  fleet.put(fakePrinter("a"));
  await session.clock.advance(1000);
  assert.equal(heard.length, 1);
});
