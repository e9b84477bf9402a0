import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsBetween } from "./events.ts";
import { unknownReadings, type Phase, type PrinterState } from "./printer.ts";

const at = "2026-01-01T00:00:00.000Z";

function state(phase: Phase, connected = true): PrinterState {
  const job = {
    id: "1",
    file: "cube.gcode",
    progressRatio: null,
    elapsedSeconds: null,
    remainingSeconds: null,
    layer: null,
    layers: null,
  };
  const reason = connected ? null : "switched off";
  return {
    ...unknownReadings,
    phase,
    job: phase === "printing" ? job : null,
    id: "a",
    connected,
    reason,
    updatedAt: at,
    control: false,
  };
}

function types(...phases: Phase[]): string[] {
  return phases
    .slice(1)
    .flatMap((phase, index) =>
      eventsBetween(state(phases[index] ?? "unknown"), state(phase), at).map(({ type }) => type),
    );
}

test("a whole job tells its start, pause, resume and end once each", () => {
  const phases: Phase[] = [
    "idle",
    "preparing",
    "printing",
    "pausing",
    "paused",
    "resuming",
    "printing",
    "finished",
    "idle",
  ];
  assert.deepEqual(types(...phases), ["print_started", "print_paused", "print_resumed", "print_finished"]);
});

test("a stopped and a failed job are told apart", () => {
  assert.deepEqual(types("printing", "stopping", "stopped"), ["print_cancelled"]);
  assert.deepEqual(types("printing", "failed"), ["print_failed"]);
});

test("the end of a job names the file that was printing", () => {
  assert.equal(eventsBetween(state("printing"), state("finished"), at)[0]?.file, "cube.gcode");
});

test("losing the link is told with its reason, and is no end of a job", () => {
  const events = eventsBetween(state("printing"), state("unknown", false), at);
  assert.deepEqual(
    events.map(({ type, reason }) => [type, reason]),
    [["disconnected", "switched off"]],
  );
});

test("finding a printer in mid-print is no start of a print", () => {
  assert.deepEqual(types("unknown", "printing"), []);
});
