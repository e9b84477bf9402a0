// Whom the gateway believes to be a Bambu printer: strangers on each of its ports, pins, and what is
// never told of its secrets, wherever the gateway speaks.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createIdentity } from "../simulators/bambu/certificates.ts";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { EventStream } from "./harness/event-stream.ts";
import { RestPrinter } from "./harness/rest-printer.ts";
import { Stack, type PrinterOptions } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const family = "bambu";
const accessCode = "Zq7Kp2Xw";
const timeout = 150_000;

interface Counters {
  readonly mqtt: { readonly logins: number; readonly refused: number; readonly total: number };
}

function printer(model: string, connection: PrinterOptions["connection"] = {}, serial = ""): PrinterOptions {
  return { family, control: true, settings: { model, serial, "access-code": accessCode }, connection };
}

/** A machine in the middle that names itself as the printer does, under a CA of its own. */
async function stranger(model: string, serial: string): Promise<LaunchedSimulator> {
  return startSimulator({ family, ports: { main: 0 }, settings: { model, serial, "access-code": accessCode } });
}

/** Nothing that came to it held an access code. */
function gotNothing(simulator: LaunchedSimulator): void {
  const counters = simulator.control.counters();
  const { logins, refused } = (counters as unknown as Counters).mqtt;
  assert.deepEqual([logins, refused], [0, 0]);
  assert.ok(!JSON.stringify(counters).includes('"wrongLogins":1'));
}

async function problem(response: Response): Promise<string> {
  const { detail } = (await response.json()) as { detail?: string };
  assert.ok(!response.ok);
  return String(detail);
}

test("a stranger on the MQTT port gets no access code, and is told apart", { timeout }, async () => {
  const { ca } = await createIdentity("01P00A000000001");
  await using stack = await Stack.start({
    printers: {
      "other-ca": printer("p1s", { tls_ca: ca }),
      "no-ca": printer("x1c", { tls_ca: undefined }),
      "other-name": printer("p1s", { serial: "01P00A999999999" }),
    },
  });
  const words = /is not from the vendor; if it is your printer all the same, set `tls: pin` or `tls_ca_file`/u;
  await new RestPrinter(stack, "other-ca").reason(words);
  await new RestPrinter(stack, "no-ca").reason(words);
  await new RestPrinter(stack, "other-name").reason(/of another serial number; is `serial` right\?/u);
  for (const id of Object.keys(stack.printers)) gotNothing(stack.printer(id));
});

test("a stranger on the ports of files and camera gets no access code either", { timeout }, async () => {
  const serial = "01P00A000000007";
  await using middle = await stranger("p1s", serial);
  const { ftps, camera } = middle.ports;
  await using stack = await Stack.start({
    printers: { p1s: printer("p1s", { ftps_port: ftps, camera_port: camera }, serial) },
  });
  const p1s = new RestPrinter(stack, "p1s");
  await p1s.connected();
  assert.match(await problem(await p1s.request("GET", "/files")), /is not from the vendor/u);
  assert.match(await problem(await p1s.request("GET", "/snapshot.jpg")), /is not from the vendor/u);
  gotNothing(middle);
});

test("a stranger on the port of a video camera is not handed through", { timeout }, async () => {
  const serial = "00M00A000000007";
  await using middle = await stranger("x1c", serial);
  await using stack = await Stack.start({
    printers: { x1c: printer("x1c", { camera_port: middle.ports["rtsps"] }, serial) },
  });
  const x1c = new RestPrinter(stack, "x1c");
  await x1c.connected();
  assert.match(await problem(await x1c.request("GET", "/camera")), /is not from the vendor/u);
  gotNothing(middle);
});

test(
  "a pin is learnt once, outlives a restart, and a changed certificate is told and refused",
  { timeout },
  async () => {
    const serial = "01P00A000000009";
    await using stack = await Stack.start({
      printers: { p1s: printer("p1s", { tls: "pin", tls_ca: undefined }, serial) },
    });
    const p1s = new RestPrinter(stack, "p1s");
    const { ports } = stack.printer("p1s");
    const pinned = (): number => stack.gateway.lines.filter((line) => line.includes("is pinned from now on")).length;
    await p1s.connected();
    assert.ok((await p1s.files()).length > 0);
    const file = join(stack.inventory, "..", "data", "printers", "p1s", `certificate-${ports["main"]}.sha256`);
    const kept = await readFile(file, "utf8");
    await stack.gateway.stop();
    await stack.startGateway();
    await p1s.connected();
    assert.equal(pinned(), 0);
    await stack.printer("p1s")[Symbol.asyncDispose]();
    await using other = await startSimulator({
      family,
      ports,
      settings: { model: "p1s", serial, "access-code": accessCode },
    });
    await p1s.reason(/the certificate on port \d+ has changed: SHA-256 [0-9a-f]{16}… was pinned.*delete .*\.sha256/u);
    await stack.gateway.stop();
    await stack.startGateway();
    await p1s.reason(/has changed/u);
    assert.equal(await readFile(file, "utf8"), kept);
    gotNothing(other);
  },
);

test("`insecure` is warned of, and works", { timeout }, async () => {
  await using stack = await Stack.start({ printers: { p1s: printer("p1s", { tls: "insecure", tls_ca: undefined }) } });
  await new RestPrinter(stack, "p1s").connected();
  await until("the warning", () =>
    stack.gateway.log.some(({ level, msg }) => level === "warn" && /certificate is not checked/u.test(String(msg))),
  );
});

test("no secret is told anywhere", { timeout }, async () => {
  const operator = await createIdentity("operator");
  const signing = { signing_key: operator.key, signing_certificate: operator.cert };
  await using stack = await Stack.start({
    printers: {
      p1s: printer("p1s", signing),
      h2d: printer("h2d", signing),
      lost: printer("x1c", { access_code: "Wr0ngOne" }),
    },
  });
  await using events = await EventStream.open(stack);
  const [p1s, h2d, lost] = [
    new RestPrinter(stack, "p1s"),
    new RestPrinter(stack, "h2d"),
    new RestPrinter(stack, "lost"),
  ];
  await Promise.all([p1s.connected(), h2d.connected(), lost.reason(/refuses its access code/u)]);
  await h2d.command("pause");
  await p1s.command("sign-message", { message: { print: { command: "pause", param: "" } } });
  const said: string[] = [];
  for (const path of [
    "",
    "/p1s",
    "/h2d",
    "/lost",
    "/p1s/state",
    "/h2d/state",
    "/lost/state",
    "/h2d/camera",
    "/p1s/files",
  ]) {
    said.push(await (await fetch(`${stack.gatewayUrl}/api/v1/printers${path}`)).text());
  }
  for (const each of [p1s, h2d]) said.push(JSON.stringify(await each.output("get-report")));
  for (const path of ["/metrics", "/openapi.json", "/healthz", "/readyz"]) {
    said.push(await (await fetch(`${stack.gatewayUrl}${path}`)).text());
  }
  said.push(await throughMcp(stack), JSON.stringify(events.seen), stack.gateway.lines.join("\n"));
  const all = said.join("\n");
  assert.ok(all.length > 20_000);
  const secrets = [accessCode, "Wr0ngOne", ...operator.key.split("\n").slice(1, 4)];
  for (const secret of secrets) assert.ok(!all.includes(secret), secret);
});

/** What an assistant is told of the printers. */
async function throughMcp(stack: Stack): Promise<string> {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${stack.gatewayUrl}/mcp`)));
  const told: unknown[] = [await client.listTools(), await client.listResources()];
  for (const printer of ["p1s", "h2d", "lost"]) {
    told.push(await client.callTool({ name: "get_state", arguments: { printer } }));
  }
  await client.close();
  return JSON.stringify(told);
}
