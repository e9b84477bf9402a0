import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog, type Log } from "@gantry/platform/log";
import { createServerLog, parseServerLine } from "./server-log.ts";

function recordingLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return { lines, log: { ...silentLog, error: write("error"), warn: write("warn"), info: write("info") } };
}

void test("its four levels become ours", () => {
  const lines = ["DEB", "INF", "WAR", "ERR"].map((level) => JSON.stringify({ timestamp: "t", level, message: "m" }));
  assert.deepEqual(
    lines.map((line) => parseServerLine(line).level),
    ["debug", "info", "warn", "error"],
  );
});

function levelOf(message: string): string {
  return parseServerLine(JSON.stringify({ level: "INF", message })).level;
}

void test("its housekeeping is for debugging, who watches is not", () => {
  assert.equal(levelOf("[path cc1] runOnDemand command started"), "debug");
  assert.equal(levelOf("[RTSP] [conn 192.0.2.7:5000] opened"), "debug");
  assert.equal(levelOf("[RTSP] [conn 192.0.2.7:5000] closed: EOF"), "debug");
  assert.equal(levelOf("[RTSP] [conn 192.0.2.7:5000] closed: path 'nope' is not configured"), "info");
  assert.equal(levelOf("[RTSP] [session 4d0397ea] is reading from path 'cc1', with TCP, 1 track (H264)"), "info");
});

void test("a line that is no JSON is a warning as it stands", () => {
  assert.deepEqual(parseServerLine("panic: oh"), { level: "warn", message: "panic: oh" });
  const quotedByGo = String.raw`{"timestamp":"t","level":"INF","message":"path '\x01'"}`;
  assert.deepEqual(parseServerLine(quotedByGo), { level: "warn", message: quotedByGo });
});

void test("JSON of another shape is a warning as it stands", () => {
  for (const line of ["{}", "null", "7", '{"level":"INF","message":7}']) {
    assert.deepEqual(parseServerLine(line), { level: "warn", message: line });
  }
});

void test("an endless line is cut", () => {
  assert.equal(parseServerLine("x".repeat(100_000)).message.length, 1000);
});

void test("a flood is thinned out and counted, and does not drown another level", async () => {
  const { log, lines } = recordingLog();
  const clock = new FakeClock();
  const write = createServerLog(log, clock);
  for (let turn = 0; turn < 100; turn += 1) write({ level: "info", message: "opened" });
  write({ level: "error", message: "broken" });
  assert.equal(lines.filter((line) => line === "info opened").length, 40);
  assert.equal(lines.at(-1), "error broken");
  await clock.advance(10_000);
  write({ level: "info", message: "opened" });
  assert.deepEqual(lines.slice(-2), ["info 60 more lines of MediaMTX left out", "info opened"]);
});

void test("a wrong credential is told once in ten minutes for each address, whatever the server", async () => {
  const clock = new FakeClock();
  const { log, lines } = recordingLog();
  const write = createServerLog(log, clock);
  const failed = (who: string): void =>
    write({ level: "warn", message: `${who} failed to authenticate: authentication failed` });
  for (const who of [
    "[RTSP] [conn 192.0.2.1:1]",
    "[RTSP] [conn 192.0.2.1:2]",
    "[RTSPS] [conn [fd00::1]:3]",
    "[WebRTC] [session ab]",
    "[WebRTC] [session cd]",
  ])
    failed(who);
  assert.equal(lines.length, 3);
  assert.match(lines.join(""), /from 192\.0\.2\.1;.*from \[fd00::1\];.*from WebRTC;/su);
  write({ level: "info", message: "[RTSP] [conn 192.0.2.1:1] closed: failed to authenticate: authentication failed" });
  assert.equal(lines.length, 3);
  await clock.advance(600_000);
  failed("[RTSP] [conn 192.0.2.1:9]");
  assert.equal(lines.length, 4);
});
