// What cannot be undone is confirmed: by the user where the client can ask, else by a token.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { PrinterError } from "../../model/errors.ts";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { openTestSession, type TestSession } from "./test-session.ts";

const timeout = 30_000;

/** The commands that were really sent. */
function sent(fleet: FakeFleet): string[] {
  return fleet.requests.filter(({ dryRun }) => dryRun !== true).map(({ command }) => command);
}

async function token({ call }: TestSession, name = "stop", args: Record<string, unknown> = {}): Promise<string> {
  const { structuredContent } = await call(name, { printer: "a", ...args });
  const { outcome, confirmation_token: given } = structuredContent as Record<string, string>;
  assert.equal(outcome, "confirmation_required");
  return given ?? assert.fail("no token");
}

async function redeem({ call }: TestSession, given: string, name = "stop", args: Record<string, unknown> = {}) {
  const { isError = false, structuredContent } = await call(name, { printer: "a", ...args, confirmation_token: given });
  const { outcome, code } = structuredContent as Record<string, string>;
  return isError ? code : outcome;
}

test("a user who says yes lets it happen", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  const questions: string[] = [];
  await using session = await openTestSession(fleet, ({ params }) => {
    questions.push(params.message);
    return { action: "accept", content: { confirm: true } };
  });
  await session.client.listTools();
  assert.deepEqual((await session.call("stop", { printer: "a" })).structuredContent, { outcome: "acknowledged" });
  assert.deepEqual(sent(fleet), ["stop"]);
  assert.match(questions[0] ?? "", /Stop on "The a" \(a\).*cube\.gcode/u);
});

test("anything but accept and true is a no, and a token does not stand for the user", { timeout }, async () => {
  for (const answer of [
    { action: "accept", content: { confirm: false } },
    { action: "decline" },
    { action: "cancel" },
  ] as const) {
    const fleet = new FakeFleet(fakePrinter("a"));
    await using session = await openTestSession(fleet, () => answer);
    await session.client.listTools();
    for (const args of [{}, { confirmation_token: "x" }]) {
      const { structuredContent } = await session.call("stop", { printer: "a", ...args });
      assert.equal((structuredContent as { outcome: string }).outcome, "declined");
    }
    assert.deepEqual(sent(fleet), []);
  }
});

test("without a user to ask, the first call does nothing and gives a token for the second", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  await session.client.listTools();
  const given = await token(session);
  assert.deepEqual(sent(fleet), []);
  assert.equal(await redeem(session, given), "acknowledged");
  assert.deepEqual(sent(fleet), ["stop"]);
});

test("a token is good once, for a minute, for the same tool, arguments and job", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet);
  const used = await token(session);
  await redeem(session, used);
  assert.equal(await redeem(session, used), "invalid_input", "used");
  const old = await token(session);
  await session.clock.advance(60_000);
  assert.equal(await redeem(session, old), "invalid_input", "out of time");
  const other = await token(session);
  assert.equal(await redeem(session, other, "send_gcode", { lines: ["M112"] }), "invalid_input", "another tool");
  const home = await token(session, "send_gcode", { lines: ["G28"] });
  assert.equal(await redeem(session, home, "send_gcode", { lines: ["M112"] }), "invalid_input", "other arguments");
  const job = await token(session);
  const printer = fakePrinter("a");
  assert.ok(printer.state.job);
  fleet.put({ ...printer, state: { ...printer.state, job: { ...printer.state.job, id: "j2" } } });
  assert.equal(await redeem(session, job), "invalid_input", "another job");
  assert.equal(await redeem(session, "guessed"), "invalid_input", "never issued");
  assert.deepEqual(sent(fleet), ["stop"]);
});

test("a token of one session is nothing in another", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using one = await openTestSession(fleet);
  await using other = await openTestSession(fleet);
  assert.equal(await redeem(other, await token(one)), "invalid_input");
});

test("no question is put about what is not possible", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  let asked = false;
  await using session = await openTestSession(fleet, () => {
    asked = true;
    return { action: "accept", content: { confirm: true } };
  });
  fleet.answer = () => {
    throw new PrinterError("wrong_phase", "there is nothing to stop");
  };
  assert.equal((await session.call("stop", { printer: "a" })).isError, true);
  assert.equal(asked, false);
});

test("a question that fails sends nothing", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using session = await openTestSession(fleet, () => {
    throw new Error("the window was closed");
  });
  const { isError, structuredContent } = await session.call("stop", { printer: "a" });
  assert.deepEqual([isError, (structuredContent as { code: string }).code], [true, "timeout"]);
  assert.deepEqual(sent(fleet), []);
});
