import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { it } from "node:test";
import { systemClock } from "./clock.ts";

it("waits, also for nothing", async () => {
  const before = systemClock.monotonic();
  await systemClock.wait(0);
  await systemClock.wait(-5);
  await systemClock.wait(20);
  assert.ok(systemClock.monotonic() - before >= 15);
});

it("tells Unix time", () => {
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 10_000);
});

it("rejects with the signal's reason, whenever it aborts, and leaves no listener", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const wait = systemClock.wait(60_000, controller.signal);
  controller.abort(reason);
  await assert.rejects(wait, (error) => error === reason);
  await assert.rejects(systemClock.wait(0, controller.signal), (error) => error === reason);
  const { signal } = new AbortController();
  await systemClock.wait(1, signal);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

it("waits longer than one timer of Node can", async () => {
  const controller = new AbortController();
  const month = systemClock.wait(40 * 86_400_000, controller.signal);
  const first = await Promise.race([month.then(() => "month"), systemClock.wait(30).then(() => "moment")]);
  assert.equal(first, "moment");
  controller.abort();
  await assert.rejects(month, { name: "AbortError" });
});
