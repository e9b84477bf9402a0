// One simulated printer, seen on every surface of a running gateway.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import sharp from "sharp";
import { readPictureCode } from "../simulators/picture/code.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

async function connected(stack: Stack, id = "cc1"): Promise<void> {
  await until("the printer is connected", async () => (await stack.get(`/api/v1/printers/${id}/state`))["connected"]);
}

async function mcp(transport: unknown): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport as Transport);
  return client;
}

async function toolNames(client: Client): Promise<string[]> {
  return (await client.listTools()).tools.map(({ name }) => name);
}

async function post(stack: Stack, path: string, body?: unknown): Promise<[number, Record<string, unknown>]> {
  const response = await fetch(`${stack.gatewayUrl}${path}`, {
    method: "POST",
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return [response.status, (await response.json()) as Record<string, unknown>];
}

test("a printer without control is seen everywhere and can be changed nowhere", { timeout: 120_000 }, async (t) => {
  await using stack = await Stack.start({ printers: { cc1: { scenario: "printing" } } });
  await connected(stack);

  await t.test("REST shows who it is and what it does", async () => {
    const printer = await until("it has told who it is", async () => {
      const document = await stack.get("/api/v1/printers/cc1");
      return document["firmware"] !== null && document;
    });
    assert.equal(printer["family"], "elegoo-cc1");
    assert.equal(printer["control"], false);
    const { phase, bed, job } = printer["state"] as {
      phase: string;
      bed: { actualCelsius: unknown } | null;
      job: { file: unknown } | null;
    };
    assert.ok(["preparing", "printing"].includes(phase));
    assert.equal(typeof bed?.actualCelsius, "number");
    assert.equal(typeof job?.file, "string");
  });

  await t.test("the event stream begins with everything and goes on with what changes", async () => {
    const response = await fetch(`${stack.gatewayUrl}/api/v1/events`);
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/u);
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (/^event: state$/mu.test(text)) break;
    }
    assert.ok(text.indexOf("event: snapshot") < text.indexOf("event: state"));
  });

  await t.test("a snapshot is a JPEG younger than two seconds", async () => {
    const response = await fetch(`${stack.gatewayUrl}/api/v1/printers/cc1/snapshot.jpg`);
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "image/jpeg"]);
    const { data, info } = await sharp(await response.bytes())
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const code = readPictureCode(data, info.width, info.height);
    assert.ok(code !== undefined);
    assert.ok(Date.now() - code.capturedAtMs < 2000);
  });

  await t.test("metrics name the printer and pass promtool", async (context) => {
    const text = await (await fetch(`${stack.gatewayUrl}/metrics`)).text();
    assert.match(text, /^gantry_printer_up\{printer="cc1"\} 1$/mu);
    assert.match(text, /^gantry_heater_temperature_celsius\{.*heater="nozzle0".*\} /mu);
    const promtool = spawn("promtool", ["check", "metrics"], { stdio: ["pipe", "ignore", "pipe"] });
    try {
      await once(promtool, "spawn");
    } catch {
      context.skip("promtool is not installed (Debian: apt-get install prometheus)");
      return;
    }
    let complaints = "";
    promtool.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
    promtool.stdin.end(text);
    const [code] = (await once(promtool, "exit")) as [number];
    assert.deepEqual([code, complaints], [0, ""]);
  });

  await t.test("an MCP client reads the state and finds no tool that changes anything, over HTTP", async () => {
    const client = await mcp(new StreamableHTTPClientTransport(new URL(`${stack.gatewayUrl}/mcp`)));
    const tools = await toolNames(client);
    assert.ok(tools.includes("list_printers") && tools.includes("get_state") && tools.includes("get_snapshot"));
    for (const name of ["pause", "resume", "stop", "start"]) assert.ok(!tools.includes(name), name);
    const state = await client.callTool({ name: "get_state", arguments: { printer: "cc1" } });
    assert.match(JSON.stringify(state), /"connected":true|\\"connected\\":true/u);
    const snapshot = await client.callTool({ name: "get_snapshot", arguments: { printer: "cc1" } });
    const [image] = snapshot.content as { type: string; mimeType?: string }[];
    assert.deepEqual([image?.type, image?.mimeType], ["image", "image/jpeg"]);
    await client.close();
  });

  await t.test("an MCP client reads the state over stdio", async () => {
    const args = ["gateway/src/main.ts", "mcp", "--url", stack.gatewayUrl];
    const client = await mcp(new StdioClientTransport({ command: process.execPath, args, stderr: "ignore" }));
    assert.ok((await toolNames(client)).includes("get_state"));
    await client.close();
  });

  await t.test("a changing command is refused, and nothing goes out on the wire", async () => {
    const [status, problem] = await post(stack, "/api/v1/printers/cc1/commands/stop");
    assert.deepEqual([status, problem["code"], problem["printer"]], [403, "control_disabled", "cc1"]);
    assert.doesNotMatch(
      JSON.stringify(await (await fetch(`${stack.printer("cc1").admin}/log`)).json()),
      /"Cmd\\?":130/u,
    );
  });
});

test(
  "a printer with control is paused, resumed, stopped and started again, each seen in its state",
  { timeout: 180_000 },
  async () => {
    await using stack = await Stack.start({ printers: { cc1: { scenario: "printing", control: true, speed: 20 } } });
    await connected(stack);
    const phase = async (wanted: string): Promise<unknown> =>
      until(
        `the printer is ${wanted}`,
        async () => (await stack.get("/api/v1/printers/cc1/state"))["phase"] === wanted,
        60_000,
      );
    const command = async (name: string, body?: unknown): Promise<void> => {
      const [status, output] = await post(stack, `/api/v1/printers/cc1/commands/${name}`, body);
      assert.deepEqual([status, output["outcome"]], [200, "acknowledged"], `${name}: ${JSON.stringify(output)}`);
    };
    await phase("printing");
    const file = ((await stack.get("/api/v1/printers/cc1/state"))["job"] as Record<string, unknown>)["file"];
    await command("pause");
    await phase("paused");
    const [wrong] = await post(stack, "/api/v1/printers/cc1/commands/pause");
    assert.equal(wrong, 409);
    await command("resume");
    await phase("printing");
    await command("stop");
    await phase("stopped");
    await command("start", { file });
    await phase("printing");
    assert.equal(stack.printer("cc1").control.counters()["crashes"], 0);
  },
);

test("a gateway says that it is alive, ready, and what it can be asked", { timeout: 60_000 }, async () => {
  await using stack = await Stack.start();
  for (const path of ["/healthz", "/readyz", "/openapi.json"]) {
    assert.equal((await fetch(`${stack.gatewayUrl}${path}`)).status, 200, path);
  }
});
