import assert from "node:assert/strict";
import { test } from "node:test";
import type { PathConfig } from "./config.ts";
import { MediamtxError } from "./errors.ts";
import { PathWriter, type PathApi } from "./paths.ts";

function fakeApi(): { api: PathApi; calls: string[]; fail: { next: boolean } } {
  const calls: string[] = [];
  const fail = { next: false };
  const call = async (line: string): Promise<void> => {
    await Promise.resolve();
    if (fail.next) {
      fail.next = false;
      throw new MediamtxError("unreachable", "gone");
    }
    calls.push(line);
  };
  const api = {
    replacePath: async (name: string, config: PathConfig) => call(`replace ${name} ${config["runOnDemandCloseAfter"]}`),
    deletePath: async (name: string) => call(`delete ${name}`),
  };
  return { api, calls, fail };
}

function paths(entries: Record<string, string>): Map<string, PathConfig> {
  return new Map(Object.entries(entries).map(([name, linger]) => [name, { runOnDemandCloseAfter: linger }]));
}

void test("only what changed is written", async () => {
  const { api, calls } = fakeApi();
  const writer = new PathWriter();
  await writer.set(paths({ a: "1s", b: "1s", c: "1s" }));
  assert.deepEqual(calls, []);
  await writer.attach(api);
  assert.deepEqual(calls.splice(0), ["replace a 1s", "replace b 1s", "replace c 1s"]);
  await writer.set(paths({ a: "1s", b: "2s", d: "1s" }));
  assert.deepEqual(calls.splice(0), ["delete c", "replace b 2s", "replace d 1s"]);
  await writer.write();
  assert.deepEqual(calls, []);
});

void test("another MediaMTX gets all of them again", async () => {
  const first = fakeApi();
  const second = fakeApi();
  const writer = new PathWriter();
  await writer.attach(first.api);
  await writer.set(paths({ a: "1s" }));
  writer.detach();
  await writer.set(paths({ a: "1s", b: "1s" }));
  await writer.attach(second.api);
  assert.deepEqual(first.calls, ["replace a 1s"]);
  assert.deepEqual(second.calls, ["replace a 1s", "replace b 1s"]);
});

void test("what failed is made up for at the next writing", async () => {
  const { api, calls, fail } = fakeApi();
  const writer = new PathWriter();
  await writer.attach(api);
  fail.next = true;
  await assert.rejects(writer.set(paths({ a: "1s" })), MediamtxError);
  assert.deepEqual(calls, []);
  await writer.write();
  assert.deepEqual(calls, ["replace a 1s"]);
});

void test("changes that come at the same time are made one after the other", async () => {
  const { api, calls } = fakeApi();
  const writer = new PathWriter();
  await writer.attach(api);
  await Promise.all([writer.set(paths({ a: "1s" })), writer.set(paths({ a: "2s" })), writer.set(paths({}))]);
  assert.deepEqual(calls, []);
  await Promise.all([writer.set(paths({ a: "1s" })), writer.write(), writer.write()]);
  assert.deepEqual(calls, ["replace a 1s"]);
});
