// What a scrape shows, and above all what it does not.

import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { EventType } from "../../model/events.ts";
import { FakeCamera, FakeFleet, fakePrinter, offlinePrinter } from "../fake-fleet.ts";
import { startTestGateway, type TestGateway } from "../test-gateway.ts";

const timeout = 30_000;

async function scrape({ url }: TestGateway, query = ""): Promise<string> {
  return (await fetch(`${url}/metrics${query}`)).text();
}

/** Samples by name with their labels. */
function samples(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

function happen(fleet: FakeFleet, type: EventType): void {
  const event = { printer: "a", type, at: "2026-01-01T00:00:00.000Z", file: null, reason: null, command: null };
  fleet.emit({ type: "event", event });
}

test("readings are in base units under the names of the table", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  const found = samples(await scrape(gateway));
  const expected: readonly [string, number][] = [
    ['gantry_printer_up{printer="a"}', 1],
    ['gantry_heater_temperature_celsius{printer="a",heater="nozzle0"}', 219.9],
    ['gantry_heater_target_celsius{printer="a",heater="bed"}', 60],
    ['gantry_fan_speed_ratio{printer="a",fan="aux"}', 0.5],
    ['gantry_job_progress_ratio{printer="a"}', 0.42],
    ['gantry_filament_remaining_ratio{printer="a",unit="0",tray="2"}', 0.6],
    ['gantry_printer_last_update_timestamp_seconds{printer="a"}', Date.UTC(2026, 0, 1) / 1000],
    ['gantry_printer_state{printer="a",state="printing"}', 1],
    ['gantry_printer_state{printer="a",state="idle"}', 0],
    ["gantry_config_last_reload_successful", 1],
    ["gantry_config_last_reload_success_timestamp_seconds", Date.UTC(2026, 0, 1) / 1000],
  ];
  for (const [name, value] of expected) assert.equal(found.get(name), value, name);
});

test("exactly one state is 1", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), offlinePrinter("b"));
  await using gateway = await startTestGateway(fleet);
  const found = samples(await scrape(gateway));
  for (const printer of ["a", "b"]) {
    const states = [...found].filter(([name]) => name.startsWith(`gantry_printer_state{printer="${printer}"`));
    assert.equal(states.filter(([, value]) => value === 1).length, 1);
  }
});

test("what is unknown, absent or not connected has no sample", { timeout }, async () => {
  const bare = fakePrinter("a", {}, { job: null, bed: { actualCelsius: null, targetCelsius: 0 }, chamber: null });
  const fleet = new FakeFleet(bare, offlinePrinter("b"));
  await using gateway = await startTestGateway(fleet);
  const names = [...samples(await scrape(gateway)).keys()];
  assert.ok(!names.some((name) => name.startsWith('gantry_job_progress_ratio{printer="a"')));
  assert.ok(!names.includes('gantry_heater_temperature_celsius{printer="a",heater="bed"}'));
  assert.ok(names.includes('gantry_heater_target_celsius{printer="a",heater="bed"}'));
  const offline = names.filter((name) => name.includes('printer="b"')).map((name) => name.split("{")[0]);
  assert.deepEqual(
    [...new Set(offline)].filter((name) => !name?.endsWith("_total")),
    ["gantry_printer_info", "gantry_printer_up", "gantry_printer_state", "gantry_printer_control_enabled"],
  );
});

test("before any inventory there is no time of one", { timeout }, async () => {
  const fleet = new FakeFleet();
  fleet.inventory = { ...fleet.inventory, loadedAtMs: null, missing: true };
  await using gateway = await startTestGateway(fleet);
  assert.ok(!samples(await scrape(gateway)).has("gantry_config_last_reload_success_timestamp_seconds"));
});

test("connections, jobs and commands are counted from zero", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  const before = samples(await scrape(gateway));
  assert.equal(before.get('gantry_jobs_finished_total{printer="a",result="failed"}'), 0);
  happen(fleet, "connected");
  happen(fleet, "print_started");
  await gateway.clock.advance(600_000);
  happen(fleet, "print_failed");
  happen(fleet, "print_started");
  fleet.put(fakePrinter("a"));
  happen(fleet, "print_finished");
  happen(fleet, "disconnected");
  const asked = { type: "command", printer: "a", command: "setHeaterTarget", surface: "mcp", seconds: 0.2 } as const;
  fleet.emit({ ...asked, result: "acknowledged" });
  fleet.emit({ ...asked, result: "wrong_phase" });
  const found = samples(await scrape(gateway));
  const expected: readonly [string, number][] = [
    ['gantry_printer_connects_total{printer="a"}', 1],
    ['gantry_printer_disconnects_total{printer="a"}', 1],
    ['gantry_jobs_started_total{printer="a"}', 2],
    ['gantry_jobs_finished_total{printer="a",result="failed"}', 1],
    ['gantry_jobs_finished_total{printer="a",result="completed"}', 1],
    ['gantry_job_duration_seconds_sum{printer="a",result="failed"}', 600],
    ['gantry_job_duration_seconds_sum{printer="a",result="completed"}', 812],
    ['gantry_commands_total{printer="a",command="set_heater_target",surface="mcp",result="acknowledged"}', 1],
    ['gantry_commands_total{printer="a",command="set_heater_target",surface="mcp",result="wrong_phase"}', 1],
    ['gantry_command_duration_seconds_count{command="set_heater_target"}', 1],
  ];
  for (const [name, value] of expected) assert.equal(found.get(name), value, name);
});

test("a printer that leaves the inventory leaves no series", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), fakePrinter("b"));
  fleet.cameras.set("a", new FakeCamera());
  await using gateway = await startTestGateway(fleet);
  happen(fleet, "print_started");
  happen(fleet, "print_finished");
  fleet.emit({ type: "command", printer: "a", command: "stop", surface: "rest", seconds: 1, result: "timeout" });
  assert.match(await scrape(gateway), /printer="a"/u);
  fleet.replace(fakePrinter("b"));
  const text = await scrape(gateway);
  assert.doesNotMatch(text, /printer="a"/u);
  assert.match(text, /printer="b"/u);
});

test("the camera's own counts are shown", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"), fakePrinter("b"));
  fleet.cameras.set("a", new FakeCamera());
  await using gateway = await startTestGateway(fleet);
  const found = samples(await scrape(gateway));
  assert.equal(found.get('gantry_camera_frames_total{printer="a"}'), 7);
  assert.equal(found.get('gantry_camera_bytes_total{printer="a"}'), 700);
  assert.equal(found.get('gantry_camera_restarts_total{printer="a"}'), 1);
  assert.equal(found.get('gantry_camera_viewers{printer="a",kind="rtsp"}'), 2);
  assert.equal(found.has('gantry_camera_frames_total{printer="b"}'), false);
});

test("requests are measured by template, never by path", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  for (const path of ["printers/a", "printers/nope", "what/ever"])
    await (await fetch(`${gateway.url}/api/v1/${path}`)).text();
  const text = await scrape(gateway);
  assert.match(
    text,
    /request_duration_seconds_count\{method="GET",route="\/api\/v1\/printers\/\{id\}",status_class="2xx"\} 1/u,
  );
  assert.match(
    text,
    /request_duration_seconds_count\{method="GET",route="\/api\/v1\/printers\/\{id\}",status_class="4xx"\} 1/u,
  );
  assert.match(text, /request_duration_seconds_count\{method="GET",route="unmatched",status_class="4xx"\} 1/u);
  assert.doesNotMatch(text, /route="[^"]*(?:nope|ever)/u);
});

test("one printer's scrape holds its samples only; an unknown printer has none", { timeout }, async () => {
  const sly = fakePrinter("b", { name: 'x,printer="a"' });
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a"), sly));
  const found = [...samples(await scrape(gateway, "?printer=a")).keys()];
  assert.ok(found.length > 10);
  assert.deepEqual(
    found.filter((name) => !name.includes('{printer="a"')),
    [],
  );
  assert.equal((await fetch(`${gateway.url}/metrics?printer=nope`)).status, 404);
});

const promtool = spawnSync("promtool", ["--version"]).error === undefined;

test("promtool finds nothing to say", { timeout, skip: !promtool && "promtool is not installed" }, async () => {
  const fleet = new FakeFleet(fakePrinter("a", { name: 'odd "name" \\ \n é' }), offlinePrinter("b"));
  fleet.cameras.set("a", new FakeCamera());
  await using gateway = await startTestGateway(fleet);
  for (const type of ["print_started", "print_finished"] as const) happen(fleet, type);
  fleet.emit({ type: "command", printer: "a", command: "stop", surface: "rest", seconds: 1, result: "acknowledged" });
  for (const query of ["", "?printer=a"]) {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
      input: await scrape(gateway, query),
      encoding: "utf8",
    });
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  }
});
