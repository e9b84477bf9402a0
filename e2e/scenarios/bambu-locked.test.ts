// Bambu printers whose firmware takes no unsigned commands: what leaves the gateway then, and what it
// says; and commands that the operator's own key has signed.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { connect } from "node:tls";
import { createIdentity } from "../simulators/bambu/certificates.ts";
import { RestPrinter, type Json } from "./harness/rest-printer.ts";
import { Stack, type PrinterOptions } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const certificateId = "4711CN=operator";
const fan = { fan: "part", speedRatio: 1 };

function printing(model: string, more: PrinterOptions = {}): PrinterOptions {
  return { family: "bambu", control: true, scenario: "printing", settings: { model }, ...more };
}

function locked(model: string): PrinterOptions {
  return printing(model, { settings: { model, authorization: "locked" } });
}

/** Messages that would move the machine, as the printer got them. */
function printCommands(stack: Stack, id: string): readonly Json[] {
  const { commands } = stack.printer(id).control.counters() as { commands: Readonly<Record<string, number>> };
  return Object.keys(commands)
    .filter((name) => /^(?:print|upgrade)\./u.test(name))
    .map((name) => ({ name, count: commands[name] }));
}

function verdicts(stack: Stack, id: string): Json {
  return stack.printer(id).control.counters()["authorization"] as Json;
}

test("a printer that says it is locked gets nothing unsigned, and the answer says what to switch on", async () => {
  await using stack = await Stack.start({ printers: { x1c: locked("x1c"), h2d: locked("h2d") } });
  for (const id of ["x1c", "h2d"]) {
    const printer = new RestPrinter(stack, id);
    await printer.shows("that it is locked", ({ commandAccess }) => commandAccess === "locked");
    for (const [name, input] of [
      ["pause", {}],
      ["stop", {}],
      ["set-speed", { mode: "silent" }],
      ["set-heater-target", { heater: "bed", targetCelsius: 40 }],
    ] as const) {
      const [, { code, detail }] = await printer.command(name, input);
      assert.equal(code, "wrong_phase", name);
      assert.match(String(detail), /LAN Only Mode and then Developer Mode .*or configure signing/u, name);
    }
    assert.deepEqual(printCommands(stack, id), []);
    assert.deepEqual(verdicts(stack, id), { unsigned: 0, malformed: 0, wrong: 0, verified: 0 });
    // What needs no signature still works.
    await printer.acknowledged("set-light", { light: "chamber", on: false });
    assert.ok((await printer.files()).length > 0);
    await stack.fault(id, "locked", { clear: true });
  }
});

test("when Developer Mode is switched on, the printer that told so is commanded without a restart", async () => {
  await using stack = await Stack.start({ printers: { x1c: printing("x1c") } });
  const printer = new RestPrinter(stack, "x1c");
  await stack.fault("x1c", "locked");
  await printer.shows("that it is locked", ({ commandAccess }) => commandAccess === "locked");
  await stack.fault("x1c", "locked", { clear: true });
  await printer.shows("that it is open", ({ commandAccess }) => commandAccess === "open");
  await printer.acknowledged("pause");
  await printer.phase("paused");
});

test("a P1S that echoes and does nothing is believed after the first command", { timeout: 120_000 }, async () => {
  await using stack = await Stack.start({ printers: { p1s: printing("p1s") } });
  const printer = new RestPrinter(stack, "p1s");
  await printer.phase("printing");
  await stack.fault("p1s", "locked", { no_result: true });
  assert.match(await printer.refused("printer_refused", "pause"), /switch on LAN Only Mode and then Developer Mode/u);
  await printer.shows("that it is locked", ({ commandAccess }) => commandAccess === "locked");
  const before = printCommands(stack, "p1s");
  await printer.refused("wrong_phase", "pause");
  await printer.refused("wrong_phase", "stop");
  // A new connection does not make it forget.
  await stack.fault("p1s", "drop-sockets");
  const logins = (): number => (stack.printer("p1s").control.counters()["mqtt"] as { logins: number }).logins;
  await until("it is connected anew", () => logins() === 2);
  await until("it is refused still", async () => (await printer.command("stop"))[1]["code"] === "wrong_phase");
  assert.deepEqual(printCommands(stack, "p1s"), before);
  assert.equal(verdicts(stack, "p1s")["unsigned"], 1);
  assert.equal((await printer.state())["phase"], "printing");
});

test("what the operator's key has signed is verified and done, in both forms", { timeout: 120_000 }, async () => {
  const { cert, key } = await createIdentity("operator");
  const signing = { signing_key: key, signing_certificate: cert, signing_certificate_id: certificateId };
  const printers = Object.fromEntries(
    ["canonical", "raw"].map((signing_form) => [
      signing_form,
      printing("x1c", { connection: { ...signing, signing_form } }),
    ]),
  );
  await using stack = await Stack.start({ printers });
  for (const form of ["canonical", "raw"]) {
    const trusted = { public_key: cert, cert_id: certificateId, raw: form === "raw" };
    await stack.fault(form, "locked", trusted);
    const printer = new RestPrinter(stack, form);
    await printer.shows("that it is signed for", ({ commandAccess }) => commandAccess === "signed");
    await printer.phase("printing");
    await printer.acknowledged("pause");
    await printer.phase("paused");
    await printer.acknowledged("set-speed", { mode: "sport" });
    const { unsigned, malformed, wrong, verified } = verdicts(stack, form);
    assert.deepEqual({ unsigned, malformed, wrong }, { unsigned: 0, malformed: 0, wrong: 0 }, form);
    assert.ok(Number(verified) >= 2);
    const [status, answer] = await printer.command("sign-message", {
      message: { print: { command: "stop", param: "" } },
    });
    assert.deepEqual([status, (answer["header"] as Json)["certificateId"]], [200, certificateId]);
    // Encrypted G-code would need the printer's own key.
    assert.match(await printer.refused("wrong_phase", "set-fan-speed", fan), /G-code/u);
  }
  const said = stack.gateway.lines.join("\n");
  for (const line of key.split("\n").slice(1, 4)) assert.ok(!said.includes(line));
});

test("a signature that the printer does not know is told as that, and not tried again", async () => {
  const [operator, other] = await Promise.all([createIdentity("operator"), createIdentity("other")]);
  const connection = {
    signing_key: operator.key,
    signing_certificate: operator.cert,
    signing_certificate_id: certificateId,
  };
  await using stack = await Stack.start({ printers: { h2d: printing("h2d", { connection }) } });
  await stack.fault("h2d", "locked", { public_key: other.cert, cert_id: certificateId });
  const printer = new RestPrinter(stack, "h2d");
  await printer.shows("that it is signed for", ({ commandAccess }) => commandAccess === "signed");
  await printer.phase("printing");
  await printer.refused("printer_refused", "pause");
  await printer.shows("that it is locked", ({ commandAccess }) => commandAccess === "locked");
  await printer.refused("wrong_phase", "pause");
  assert.equal(verdicts(stack, "h2d")["wrong"], 1);
});

/** The certificate that the printer shows on its MQTT port, PEM. */
async function certificateOf(stack: Stack, id: string): Promise<string> {
  const { host, ports } = stack.printer(id);
  const socket = connect({ host, port: ports["main"] ?? 0, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(10_000) });
    return new X509Certificate(socket.getPeerCertificate().raw).toString();
  } finally {
    socket.destroy();
  }
}

test("with the printer's public key, signed G-code goes out encrypted and is done", { timeout: 120_000 }, async () => {
  const { cert, key } = await createIdentity("operator");
  const connection = { signing_key: key, signing_certificate: cert, signing_certificate_id: certificateId };
  await using stack = await Stack.start({ printers: { p1s: printing("p1s", { scenario: "idle", connection }) } });
  await stack.fault("p1s", "locked", { public_key: cert, cert_id: certificateId, encrypted_gcode: true });
  const printer = new RestPrinter(stack, "p1s");
  const known = JSON.stringify({ printer_public_key: await certificateOf(stack, "p1s") }).slice(1, -1);
  const before = await readFile(stack.inventory, "utf8");
  await writeFile(stack.inventory, before.replace('"signing_key":', `${known},"signing_key":`));
  await until("the new entry is in force", async () => (await printer.command("set-fan-speed", fan))[0] === 200);
  await printer.acknowledged("set-heater-target", { heater: "bed", targetCelsius: 40 });
  await printer.shows("the target", ({ bed }) => (bed as Json | null)?.["targetCelsius"] === 40);
  const { unsigned, wrong, malformed } = verdicts(stack, "p1s");
  assert.deepEqual({ unsigned, wrong, malformed }, { unsigned: 0, wrong: 0, malformed: 0 });
});
