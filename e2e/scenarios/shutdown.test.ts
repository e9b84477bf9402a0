// The end: asked to stop under a watching player, everything ends and nothing is left.

import assert from "node:assert/strict";
import { test } from "node:test";
import { descendants, isAlive } from "./harness/processes.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

test("SIGTERM ends gateway and bridge by themselves, with no process left", { timeout: 120_000 }, async () => {
  await using stack = await Stack.start({ bridge: true });
  await using viewer = stack.watch("cc1");
  const events = await fetch(`${stack.gatewayUrl}/api/v1/events`);
  await viewer.showsLive(1);
  const { bridge, gateway } = stack;
  const below = [...(await descendants(bridge.pid)), ...(await descendants(gateway.pid))].map(({ pid }) => pid);
  assert.ok(below.length >= 2);
  process.kill(bridge.pid, "SIGTERM");
  process.kill(gateway.pid, "SIGTERM");
  assert.equal(await bridge.ended, "exit code 0");
  assert.equal(await gateway.ended, "exit code 0");
  await until("nothing is left", () => below.every((pid) => !isAlive(pid)));
  await events.body?.cancel();
});

test("a bridge that is killed leaves neither MediaMTX nor an encoder behind", { timeout: 120_000 }, async () => {
  await using stack = await Stack.start({ bridge: true });
  await using viewer = stack.watch("cc1");
  await viewer.showsLive(1);
  const below = (await descendants(stack.bridge.pid)).map(({ pid }) => pid);
  process.kill(stack.bridge.pid, "SIGKILL");
  await until("nothing is left", () => below.every((pid) => !isAlive(pid)));
});
