import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { createLog, silentLog, type Log, type LogOptions } from "./log.ts";

function capture(options: LogOptions = {}): { log: Log; lines: () => Record<string, unknown>[]; raw: string[] } {
  const raw: string[] = [];
  const log = createLog({ ...options, destination: { write: (line) => void raw.push(line) } });
  return { log, raw, lines: () => raw.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

it("writes one JSON line with level, time, message and fields", () => {
  const { log, lines, raw } = capture();
  log.info("hello\nworld", { printer: "cc1", port: 3030 });
  assert.equal(raw.length, 1);
  assert.match(raw[0] ?? "", /^[^\n]+\n$/u);
  const [line] = lines();
  assert.deepEqual(
    { ...line, time: "…" },
    { level: "info", time: "…", printer: "cc1", port: 3030, msg: "hello\nworld" },
  );
  assert.equal(new Date(String(line?.["time"])).toISOString(), line?.["time"]);
});

it("leaves out what is below its level", () => {
  const { log, lines } = capture({ level: "warn" });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assert.deepEqual(
    lines().map(({ msg }) => msg),
    ["c", "d"],
  );
});

it("carries bound fields on every line", () => {
  const { log, lines } = capture();
  const bound = log.with({ printer: "cc1" }).with({ layer: "camera" });
  bound.info("open", { port: 1 });
  log.info("free");
  const [first, second] = lines();
  assert.deepEqual([first?.["printer"], first?.["layer"], first?.["port"]], ["cc1", "camera", 1]);
  assert.equal(second?.["printer"], undefined);
});

it("writes an error with its message, stack and cause", () => {
  const { log, lines } = capture();
  log.error("failed", { error: new Error("outer", { cause: new Error("inner") }) });
  const error = lines()[0]?.["error"] as { message: string; stack: string; cause: { message: string } };
  assert.equal(error.message, "outer");
  assert.match(error.stack, /log\.test/u);
  assert.equal(error.cause.message, "inner");
});

it("survives fields that do not fit into JSON", () => {
  const { log, lines } = capture();
  const ring: Record<string, unknown> = {};
  ring["self"] = ring;
  log.info("odd", { ring, big: 1n, nothing: undefined, error: "not an Error" });
  assert.equal(lines()[0]?.["error"], "not an Error");
});

it("masks the whole finished line, message, fields, bound fields and causes alike", () => {
  const { log, raw } = capture({ redact: (line) => line.replaceAll("s3cret", "***") });
  log.with({ bound: "s3cret" }).warn("code s3cret", {
    field: "s3cret",
    error: new Error("outer", { cause: new Error("s3cret") }),
  });
  assert.equal(raw.length, 1);
  assert.ok(!raw[0]?.includes("s3cret"));
  assert.ok((raw[0]?.match(/\*\*\*/gu) ?? []).length >= 4);
});

it("says nothing when it is silent, bound or not", () => {
  for (const level of ["error", "warn", "info", "debug"] as const) silentLog.with({ a: 1 })[level]("hush");
});

it("writes to stderr, masked, and keeps stdout free", { timeout: 60_000 }, async () => {
  const module = new URL("log.ts", import.meta.url).href;
  const script = `const { createLog } = await import(${JSON.stringify(module)});
    createLog({ redact: (line) => line.replace("s3cret", "***") }).info("a s3cret");
    process.exit(0);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  assert.equal(stdout, "");
  assert.match(stderr, /"msg":"a \*\*\*"/u);
});
