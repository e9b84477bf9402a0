import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogView } from "./log-view.ts";

const plain = createLogView(["gateway", "run"], false);

test("a log line shows process, level, printer, message and fields", () => {
  const line = JSON.stringify({ level: "warn", time: "t", printer: "cc1", retryMs: 846, msg: "not connected" });
  assert.equal(plain.render("gateway", line), "gateway  warn  [cc1] not connected retryMs=846");
});

test("an error shows its message, not its stack", () => {
  const line = JSON.stringify({ level: "error", msg: "failed", error: { message: "no route", stack: "…" } });
  assert.equal(plain.render("run", line), "run      error failed (no route)");
});

test("an event without a message shows its name", () => {
  assert.equal(plain.render("run", '{"event":"listening","port":1}'), "run      info  listening port=1");
});

test("what is not JSON stays as it is", () => {
  for (const line of ["Error: boom", "{half", "[1]", ""]) {
    assert.equal(plain.render("gateway", line), `gateway        ${line}`);
  }
});

test("colours are only used when asked for", () => {
  const line = '{"level":"info","msg":"x"}';
  assert.ok(createLogView(["run"], true).render("run", line).includes("\u001b["));
  assert.ok(!createLogView(["run"], false).render("run", line).includes("\u001b["));
});
