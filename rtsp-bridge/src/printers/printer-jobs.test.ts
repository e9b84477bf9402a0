import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { listen } from "@gantry/platform/http-server";
import { silentLog } from "@gantry/platform/log";
import { EventReader } from "./events.ts";
import { PrinterJobs } from "./printer-jobs.ts";

const frame = (event: string, data: unknown): string => `id: 1-1\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

async function bench(context: TestContext) {
  const asked: { url: string; key: string | undefined }[] = [];
  const streams: ServerResponse[] = [];
  const server = await listen(
    (request, response) => {
      asked.push({ url: request.url ?? "", key: request.headers.authorization });
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write("retry: 3000\n\n: hello\n\n");
      streams.push(response);
    },
    { host: "127.0.0.1", port: 0, graceMs: 0 },
  );
  const told: string[] = [];
  const jobs = new PrinterJobs({
    gatewayUrl: server.url,
    headers: () => ({ Authorization: "Bearer inner" }),
    clock: systemClock,
    log: silentLog,
    onNews: (printer, { kind }) => told.push(`${printer} ${kind}`),
  });
  context.after(async () => {
    await jobs[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      context.signal.throwIfAborted();
      await sleep(10);
    }
  };
  return { asked, streams, told, jobs, until };
}

void test(
  "jobs are told from the snapshot on, with the inner key, and anew after a cut",
  { timeout: 30_000 },
  async (context) => {
    const { asked, streams, told, jobs, until } = await bench(context);
    assert.equal(jobs.of("b").kind, "unclear");
    jobs.follow(["b", "a"]);
    await until(() => streams.length === 1);
    assert.deepEqual(asked, [{ url: "/api/v1/events?printers=a%2Cb", key: "Bearer inner" }]);
    const text = frame("snapshot", { items: [{ id: "a", state: { id: "a", phase: "idle", job: null, more: 1 } }] });
    streams[0]?.write(text.slice(0, 30));
    await sleep(20);
    streams[0]?.write(text.slice(30));
    await until(() => told.length === 1);
    streams[0]?.write(frame("state", { id: "b", phase: "printing", job: { file: "x", layer: 2 } }));
    await until(() => jobs.of("b").kind === "running");
    assert.deepEqual(told, ["a over", "b running"]);
    streams[0]?.destroy();
    await until(() => streams.length === 2);
    assert.equal(jobs.of("b").kind, "running");
    streams[1]?.write(frame("state", { id: "b", phase: "finished", job: null }));
    await until(() => jobs.of("b").kind === "over");
  },
);

void test("nobody is asked about while nobody is followed", { timeout: 30_000 }, async (context) => {
  const { asked, streams, jobs, until } = await bench(context);
  jobs.follow([]);
  jobs.follow(["a"]);
  await until(() => streams.length === 1);
  let isClosed = false;
  streams[0]?.once("close", () => (isClosed = true));
  jobs.follow([]);
  await until(() => isClosed);
  assert.equal(asked.length, 1);
});

void test("an event is read in whatever pieces it comes", () => {
  const text = `: comment\n\n${frame("state", { a: 1 })}data: x\ndata: y\n\n`;
  const reader = new EventReader();
  assert.deepEqual(
    text.split("").flatMap((character) => reader.take(character)),
    [
      { name: "state", data: '{"a":1}' },
      { name: "message", data: "x\ny" },
    ],
  );
});
