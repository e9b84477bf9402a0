// The page in its states, and that nothing of a printer can become markup.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { telemetry } from "../../model/telemetry.ts";
import type { TelemetryPoint } from "../../model/telemetry-point.ts";
import { FakeCamera, FakeFleet, fakePrinter, offlinePrinter } from "../fake-fleet.ts";
import { startTestGateway } from "../test-gateway.ts";
import { formatValue } from "./format.ts";

const timeout = 30_000;

async function pageOf(fleet: FakeFleet): Promise<{ text: string; response: Response }> {
  await using gateway = await startTestGateway(fleet);
  const response = await fetch(`${gateway.url}/`);
  return { text: await response.text(), response };
}

test("without an inventory it says how to write one and looks again", { timeout }, async () => {
  const fleet = new FakeFleet();
  fleet.inventory = { ...fleet.inventory, missing: true, loadedAtMs: null, file: "/config/printers.yaml" };
  const { text } = await pageOf(fleet);
  for (const words of [
    "There is no inventory yet",
    "config/printers.example.yaml",
    "without a restart",
    "control: true",
  ]) {
    assert.ok(text.includes(words), words);
  }
  assert.match(text, /http-equiv="refresh"/u);
  fleet.inventory = { ...fleet.inventory, missing: false, loadedAtMs: 1, file: "/elsewhere/mine.yaml" };
  const named = await pageOf(fleet);
  assert.match(named.text, /names no printers[^]*\/elsewhere\/mine\.yaml/u);
});

test("a refused inventory is told with its faults, above the printers that stand", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  fleet.inventory = { ...fleet.inventory, valid: false, problems: ["printers.yaml:14:7 printers[2]: unknown <key>"] };
  const { text } = await pageOf(fleet);
  assert.ok(text.includes("printers.yaml:14:7 printers[2]: unknown &lt;key&gt;"));
  assert.match(text, /data-printer="a"/u);
});

test("a card shows the primary rows, and the way to the camera where there is one", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), offlinePrinter("b"));
  fleet.cameras.set("a", new FakeCamera());
  const { text } = await pageOf(fleet);
  for (const words of ["219.9 °C", "42 %", "13 min 32 s", "cube.gcode", "filament runs low"]) {
    assert.ok(text.includes(words), words);
  }
  assert.match(text, /not connected/u);
  assert.match(text, /nothing listens at the printer&#39;s address/u);
  assert.deepEqual(text.match(/rtsp:\/\/[^<]+/gu), ["rtsp://127.0.0.1:8554/a"]);
});

test("the readings of one thing stand together", { timeout }, async () => {
  const material = { unit: "0", type: "PLA", colorHex: null, remainingRatio: 0.6, active: false };
  const materials = ["0", "1"].map((slot) => ({ ...material, slot }));
  const { text } = await pageOf(new FakeFleet(fakePrinter("a", {}, { materials })));
  const labels = [...text.matchAll(/<dt>([^<]+)<\/dt>/gu)].map(([, label]) => label ?? "");
  assert.deepEqual(
    labels.filter((label) => /^Material (?!unit)/u.test(label)),
    ["0/0", "0/1"].flatMap((name) =>
      ["Material", "Material remaining", "Material in use"].map((row) => `${row} ${name}`),
    ),
  );
});

test("what a printer says is text, never markup", { timeout }, async () => {
  const evil = '"><script>alert(1)</script>';
  const printer = fakePrinter(
    "a",
    { name: evil, identity: { model: evil, firmware: null, serial: null } },
    { stage: evil },
  );
  const { text } = await pageOf(new FakeFleet(printer));
  assert.doesNotMatch(text, /<script>alert/u);
});

test("nothing runs or loads but files of the gateway, by relative addresses", { timeout }, async () => {
  const { text, response } = await pageOf(new FakeFleet(fakePrinter("a")));
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/u);
  assert.doesNotMatch(policy, /unsafe|https?:/u);
  assert.doesNotMatch(text, / style=| on[a-z]+=|<script(?! type="module" src=)/u);
  for (const [, address] of text.matchAll(/(?:href|src)="([^"]*)"/gu)) assert.match(address ?? "", /^[a-z]/u);
});

test("its files and the readings of a card are served", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  for (const [path, type] of [
    ["ui/app.js", "text/javascript"],
    ["ui/style.css", "text/css"],
    ["ui/icon.svg", "image/svg+xml"],
    ["ui/cards/a", "text/html"],
  ]) {
    const response = await fetch(`${gateway.url}/${path}`);
    await response.text();
    assert.equal(response.status, 200, path);
    assert.match(response.headers.get("content-type") ?? "", new RegExp(`^${type?.replace("+", "\\+")}`, "u"));
  }
  for (const path of ["ui/cards/nope", "ui/none.js", "ui/..%2fweb.ts"]) {
    const response = await fetch(`${gateway.url}/${path}`);
    await response.text();
    assert.ok(response.status >= 400 && response.status < 500, path);
  }
});

function point(key: string): TelemetryPoint {
  return telemetry.find((one) => one.key === key) ?? assert.fail(key);
}

test("values are written as people read them", () => {
  const cases: readonly [string, Parameters<typeof formatValue>[1], string][] = [
    ["job.remainingSeconds", 0, "0 s"],
    ["job.remainingSeconds", 59.6, "1 min 0 s"],
    ["job.remainingSeconds", 90_000, "1 d 1 h"],
    ["job.progressRatio", 0.005, "0.5 %"],
    ["bed.actualCelsius", 60.06, "60.1 °C"],
    ["bed.actualCelsius", null, "–"],
    ["job.layer", 3, "3"],
    ["lights.on", true, "on"],
    ["powerDevices.on", false, "off"],
    ["materials.active", true, "yes"],
    ["storages.freeBytes", 0, "0 B"],
    ["storages.freeBytes", 999, "999 B"],
    ["storages.freeBytes", 6_950_000_000, "7 GB"],
    ["storages.sizeBytes", 2.5e15, "2500 TB"],
    ["zOffsetMillimeters", -0.05, "-0.05 mm"],
    ["signalDbm", -56, "-56 dBm"],
    ["connections.used", 0, "0"],
    ["updatedAt", "2026-01-01T10:00:00.123Z", "2026-01-01 10:00:00 UTC"],
  ];
  for (const [key, value, expected] of cases) assert.equal(formatValue(point(key), value), expected);
});

test("the page links to WebRTC and HLS where they are on", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  fleet.cameras.set("cc1", new FakeCamera());
  const ports = { webrtc: undefined as number | undefined, hls: undefined as number | undefined };
  await using gateway = await startTestGateway(fleet, { browserPorts: () => ports });
  assert.doesNotMatch(await (await fetch(gateway.url)).text(), />WebRTC<|>HLS</u);
  ports.webrtc = 8889;
  ports.hls = 8888;
  const text = await (await fetch(gateway.url)).text();
  assert.match(text, /href="http:\/\/127\.0\.0\.1:8889\/cc1\/"/u);
  assert.match(text, /href="http:\/\/127\.0\.0\.1:8888\/cc1\/"/u);
});
