// Status pushes: deltas, their numbers, where they go, and how they go wrong.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../scenarios/harness/until.ts";
import { fault, type Json, RawClient, startPrinter } from "./raw-client.ts";

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As a client has to: objects merge, everything else replaces. */
function merged(before: unknown, after: unknown): unknown {
  if (!isObject(before) || !isObject(after)) return after;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...keys].map((key) => [key, Object.hasOwn(after, key) ? merged(before[key], after[key]) : before[key]]),
  );
}

describe("the simulated CC2's pushes", { timeout: 120_000 }, () => {
  test("carry only what changed, on both topics, and add up to the whole status", async () => {
    await using printer = await startPrinter({ settings: { profile: "fw-0103" } });
    await using client = await RawClient.registered(printer);
    const whole = await client.ask(1002);
    await client.send(1020, { filename: "cube.gcode", config: { printer_check: true } });
    await until("the start", () => client.pushedCodes.includes("2/1045"));
    printer.control.advance(300);
    await until("the printing", () => client.pushedCodes.includes("2/2075"));
    await fault(printer, "dead-pushes");
    const shown = client.pushes.reduce<unknown>((status, push) => merged(status, push["result"]), whole);
    const state = (printer.control.state() as { status: Json }).status;
    const { total_layer: total, ...told } = (shown as Json)["print_status"] as Json;
    assert.equal(total, 0, "never in a push");
    assert.equal(told["uuid"], (state["print_status"] as Json)["uuid"]);
    assert.deepEqual((shown as Json)["machine_status"], {
      ...(state["machine_status"] as Json),
      progress: told["progress"],
    });
    assert.deepEqual((shown as Json)["canvas_info"], state["canvas_info"]);
    assert.deepEqual(
      client.responses.filter(({ method }) => method === 6000),
      client.pushes,
    );
    const ids = client.pushes.map(({ id }) => Number(id));
    assert.deepEqual(
      ids,
      ids.map((_, index) => (ids[0] ?? 0) + index),
    );
    const beginning = client.pushes.filter(({ result }) => JSON.stringify(result).includes("heater_fan"));
    assert.equal(beginning.length, 1, "it changed once");
  });

  test("come in whole numbers about once a second while something changes, and not when nothing does", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    await sleep(1500);
    assert.equal(client.pushes.length, 0);
    await client.ask(1029, { power: 0 });
    const [push] = await until("a push", () => client.pushes.length > 0 && client.pushes);
    assert.deepEqual(push?.["result"], { led: { status: 0 } });
  });

  test("can skip numbers, begin again, get lost, come twice, and be no JSON", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    let power = 1;
    const next = async (): Promise<readonly number[]> => {
      const before = client.pushes.length;
      power = 1 - power;
      await client.ask(1029, { power });
      await until("a push", () => client.pushes.length > before);
      await sleep(50);
      return client.pushes.slice(before).map(({ id }) => Number(id));
    };
    const [first = 0] = await next();
    await fault(printer, "push-gap", { by: 3 });
    assert.deepEqual(await next(), [first + 4]);
    await fault(printer, "duplicate-push");
    assert.deepEqual(await next(), [first + 5, first + 5]);
    await fault(printer, "push-restart");
    assert.deepEqual(await next(), [0]);
    await fault(printer, "lost-push");
    await client.ask(1029, { power: power });
    await client.ask(1030, { fan: 9 });
    await sleep(1500);
    assert.deepEqual(await next(), [2]);
    const before = client.messages.length;
    await fault(printer, "garbage-message");
    await until("two messages", () => client.messages.length === before + 2);
    assert.equal(
      client.messages.slice(before).every(({ text }) => text.endsWith('"machine_sta')),
      true,
    );
  });

  test("fw-0201 shows the speed of the current move, and 1002 the mode that was set", async () => {
    await using printer = await startPrinter({ scenario: "printing" });
    await using client = await RawClient.registered(printer);
    await client.ask(1031, { mode: 3 });
    const modes = await until("both", () => {
      const seen = new Set(
        client.pushes.map(({ result }) => ((result as Json)["gcode_move"] as Json | undefined)?.["speed_mode"]),
      );
      return seen.has(1) && seen.has(2) && seen;
    });
    assert.equal(modes.has(3), false);
    assert.equal(await client.status("gcode_move", "speed_mode"), 3);
  });

  test("a new name is pushed with method 6008", async () => {
    await using printer = await startPrinter();
    await using client = await RawClient.registered(printer);
    assert.equal(await client.code(1043, { name: "Shed" }), 1003);
    assert.equal(await client.code(1043, { hostname: "Shed" }), 0);
    const push = await until("a push", () => client.pushes.find(({ method }) => method === 6008));
    assert.equal((push["result"] as Json)["hostname"], "Shed");
  });

  test("messages can be pretty, and the status can have the other names", async () => {
    await using printer = await startPrinter();
    for (const name of ["pretty-json", "gcode-move-inf", "toolhead", "total-layer-missing"]) await fault(printer, name);
    await using client = await RawClient.registered(printer);
    const status = await client.ask(1002);
    assert.match(client.messages.at(-1)?.text ?? "", /\n {2}"result"/);
    assert.equal((status["gcode_move_inf"] as Json)["e"], 0);
    assert.deepEqual([status["gcode_move"], status["tool_head"]], [undefined, undefined]);
    assert.deepEqual(status["toolhead"], { homed_axes: "" });
    assert.equal(Object.hasOwn(status["print_status"] as Json, "total_layer"), false);
    assert.match(client.messages.at(-1)?.text ?? "", /"speed": 0\.0/, "fans are floats");
  });
});
