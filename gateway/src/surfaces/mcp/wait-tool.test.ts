// Waiting for a phase.

import { strict as assert } from "node:assert";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import type { Progress } from "@modelcontextprotocol/sdk/types.js";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { openTestSession } from "./test-session.ts";

const timeout = 30_000;

interface Waited {
  readonly reached: boolean;
  readonly waitedSeconds: number;
  readonly state: { readonly phase: string };
}

test("ends at once when the phase is there already", { timeout }, async () => {
  await using session = await openTestSession(new FakeFleet(fakePrinter("a")));
  const { structuredContent } = await session.call("wait_for_state", { printer: "a", phases: ["printing"] });
  const { reached, waitedSeconds } = structuredContent as unknown as Waited;
  assert.deepEqual([reached, waitedSeconds], [true, 0]);
});

test("ends with the phase, however short it lasts", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  const waiting = session.call("wait_for_state", { printer: "a", phases: ["finished", "failed"] });
  while (session.clock.pending === 0) await turn();
  await session.clock.advance(7000);
  fleet.put(fakePrinter("a", {}, { phase: "finished" }));
  fleet.put(fakePrinter("a", {}, { phase: "idle" }));
  const { reached, waitedSeconds, state } = (await waiting).structuredContent as unknown as Waited;
  assert.deepEqual([reached, waitedSeconds, state.phase], [true, 7, "finished"]);
});

test("ends when the time is up, and tells how far it is to those who ask", { timeout }, async () => {
  await using session = await openTestSession(new FakeFleet(fakePrinter("a")));
  const told: Progress[] = [];
  const waiting = session.client.callTool(
    { name: "wait_for_state", arguments: { printer: "a", phases: ["idle"], timeout_s: 12 } },
    undefined,
    { onprogress: (progress) => void told.push(progress) },
  );
  while (session.clock.pending === 0) await turn();
  await session.clock.advance(12_000);
  const { reached, state } = (await waiting).structuredContent as Waited;
  assert.deepEqual([reached, state.phase], [false, "printing"]);
  assert.deepEqual(
    told.map(({ progress, total }) => [progress, total]),
    [
      [5, 12],
      [10, 12],
      [12, 12],
    ],
  );
  assert.equal(session.clock.pending, 0);
});

test("ends when the call is cancelled or the printer goes", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  const leave = new AbortController();
  const args = { name: "wait_for_state", arguments: { printer: "a", phases: ["idle"] } };
  const waiting = session.client.callTool(args, undefined, { signal: leave.signal });
  while (session.clock.pending === 0) await turn();
  leave.abort();
  await assert.rejects(waiting);
  while (session.clock.pending > 0) await turn();
  const orphan = session.call("wait_for_state", args.arguments);
  while (session.clock.pending === 0) await turn();
  fleet.replace(fakePrinter("b"));
  await session.clock.advance(5000);
  assert.equal(((await orphan).structuredContent as { code?: string }).code, "not_found");
});
