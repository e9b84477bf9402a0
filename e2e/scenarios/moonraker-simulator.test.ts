// The suite of print servers against the simulated Klipper printer, and what only Moonraker has:
// macros, history, power devices, pictures of models, and a Klipper that goes down behind it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connections } from "../contract/connections.ts";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { fault } from "./harness/fault.ts";
import type { Json } from "./harness/rest-printer.ts";
import { until } from "./harness/until.ts";
import { openScene, serverFamilySuite, type PrintServer, type Scene } from "./server-families.ts";

/** The job takes 10 s at this speed, and some for heating. */
const speed = 60;
const job = {
  file: "suite.gcode",
  content: "; estimated printing time (normal mode) = 10m 0s\nM140 S60\nM104 S210\nG28\n",
};

function connectionOf(simulator: LaunchedSimulator): Json {
  const connection = connections["moonraker"]?.(simulator);
  assert.ok(connection !== undefined);
  return connection;
}

async function start(scenario = "idle"): Promise<PrintServer & { readonly simulator: LaunchedSimulator }> {
  const simulator = await startSimulator({ family: "moonraker", ports: { main: 0 }, speed, scenario });
  const connection = connectionOf(simulator);
  return {
    simulator,
    connection,
    wrongConnection: { ...connection, api_key: "wrong" },
    stop: async () => fault(simulator, "server-down"),
    restart: async () => fault(simulator, "server-down", { clear: true }),
    loseMachine: async () => fault(simulator, "klippy-disconnected"),
    failMachine: async () => fault(simulator, "klippy-shutdown"),
    repairMachine: async () => {
      for (const name of ["klippy-disconnected", "klippy-shutdown"]) await fault(simulator, name, { clear: true });
    },
    [Symbol.asyncDispose]: async () => simulator[Symbol.asyncDispose](),
  };
}

serverFamilySuite({
  name: "Moonraker, simulated",
  family: "moonraker",
  start,
  job,
  lost: /Klipper is not connected/u,
  failure: /Lost communication with MCU/u,
});

async function open(scenario?: string): Promise<Scene<PrintServer> & { readonly simulator: LaunchedSimulator }> {
  const scene = await openScene("moonraker", async () => start(scenario));
  return { ...scene, simulator: scene.server.simulator };
}

void describe("Moonraker's own", { timeout: 120_000, concurrency: false }, () => {
  test("macros without an underscore are listed and run, others are not there", async () => {
    await using scene = await open();
    const { gateway, simulator } = scene;
    const [, { items }] = await gateway.command("list-macros");
    assert.deepEqual(
      (items as Json[]).map(({ name }) => name),
      ["END_PRINT", "PARK", "START_PRINT"],
    );
    await gateway.acknowledged("run-macro", { macro: "PARK" });
    for (const macro of ["_CLEAN", "FIRMWARE_RESTART", "PARK\nM112"]) {
      await gateway.refused("invalid_input", "run-macro", { macro });
    }
    assert.deepEqual(simulator.control.counters()["gcode"], ["PARK"]);
  });

  test("power devices, storage, fans, lights and the chamber are in the state", async () => {
    await using scene = await open("printing");
    const state = await scene.gateway.state();
    assert.deepEqual(state["powerDevices"], [
      { id: "printer", on: true },
      { id: "shed light", on: false },
    ]);
    const [storage] = state["storages"] as Json[];
    assert.ok(Number(storage?.["freeBytes"]) > 0);
    assert.deepEqual(
      (state["fans"] as Json[]).map(({ id }) => id),
      ["part", "hotend_fan", "exhaust"],
    );
    assert.deepEqual((state["lights"] as Json[])[0]?.["id"], "caselight");
    const { layer, layers, remainingSeconds } = state["job"] as Json;
    assert.ok(Number(layer) > 0 && layers === 50 && Number(remainingSeconds) > 0);
    await scene.gateway.refused("invalid_input", "set-fan-speed", { fan: "hotend_fan", speedRatio: 1 });
  });

  test("the history tells how jobs ended, and a model's picture is shown", async () => {
    await using scene = await open("printing");
    const { gateway } = scene;
    await gateway.acknowledged("stop");
    await gateway.phase("stopped");
    const [, { items }] = await gateway.command("list-history", { limit: 5 });
    const [newest] = items as Json[];
    assert.deepEqual([newest?.["file"], newest?.["result"]], ["cube.gcode", "cancelled"]);
    assert.ok((newest?.["endedAt"] as string) >= (newest?.["startedAt"] as string));
    assert.ok(await gateway.lists("parts/bracket.gcode"));
    await gateway.refused("not_found", "get-thumbnail", { file: "parts/bracket.gcode" });
  });

  test("an emergency stop halts Klipper, which is told in words and heals after a firmware restart", async () => {
    await using scene = await open("printing");
    const { gateway, simulator } = scene;
    await gateway.acknowledged("emergency-stop");
    await gateway.phase("failed");
    await until("its own words are there", async () =>
      /Shutdown due to webhooks request/u.test(JSON.stringify((await gateway.state())["faults"])),
    );
    await gateway.refused("wrong_phase", "set-heater-target", { heater: "nozzle0", targetCelsius: 50 });
    await fault(simulator, "klippy-shutdown", { clear: true });
    await gateway.phase("idle");
  });

  test("a Klipper that is down from the first is told, and found when it comes", async () => {
    await using scene = await open("disconnected");
    const { gateway, simulator } = scene;
    assert.match(JSON.stringify((await gateway.state())["faults"]), /Klipper is not connected/u);
    assert.ok(await gateway.lists("cube.gcode"));
    await fault(simulator, "klippy-disconnected", { clear: true });
    await gateway.phase("idle");
    await until("its commands are there", async () => gateway.has("home", "pause"));
  });

  test("a refusal of Klipper's is handed on with its words, and an upload's in the product's", async () => {
    await using scene = await open();
    const { gateway, simulator } = scene;
    await fault(simulator, "refuse-method", { method: "printer.gcode.script" });
    const detail = await gateway.refused("printer_refused", "home", { axes: ["x"] });
    assert.match(detail, /Refused by the simulator/u);
    await fault(simulator, "upload-refused", { status: 413 });
    const response = await gateway.request("PUT", `/files/${job.file}`, job.content);
    assert.deepEqual([response.status, ((await response.json()) as Json)["code"]], [413, "file_too_large"]);
  });
});
