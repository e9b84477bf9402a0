import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import * as z from "zod";
import { pathConfig, serverConfig, type LiveSettings, type ServerSettings } from "./config.ts";
import { MediamtxError } from "./errors.ts";
import { noOutputs } from "./outputs.ts";
import { viewerUsers } from "./viewers.ts";

const settings: ServerSettings = {
  rtspAddress: ":8554",
  apiAddress: "127.0.0.1:1",
  metricsAddress: "127.0.0.1:2",
  api: { user: "gantry", password: "abc123" },
};
const live: LiveSettings = {
  outputs: noOutputs,
  users: viewerUsers(null, { user: "gantry-bridge", password: "def456" }),
};

const base = await readFile(new URL("../../../mediamtx.yml", import.meta.url), "utf8");

const userSchema = z.object({
  user: z.string(),
  pass: z.string().optional(),
  ips: z.array(z.string()).optional(),
  permissions: z.array(z.object({ action: z.string() })),
});

function usersOf(yaml: string): z.infer<typeof userSchema>[] {
  return z.object({ authInternalUsers: z.array(userSchema) }).parse(parse(yaml)).authInternalUsers;
}

void test("the addresses and the log of the bridge win over the base", () => {
  const config = parse(
    serverConfig("rtspAddress: :1\nlogStructured: false\nreadTimeout: 3s", settings, live),
  ) as unknown;
  assert.partialDeepStrictEqual(config, {
    readTimeout: "3s",
    logStructured: true,
    rtspAddress: ":8554",
    api: true,
    apiAddress: "127.0.0.1:1",
    apiAllowOrigins: [],
    metricsAddress: "127.0.0.1:2",
  });
});

void test("only the bridge's own user may use the control API, and only from this machine", () => {
  const mayUse = usersOf(serverConfig(base, settings, live)).filter(({ permissions }) =>
    permissions.some(({ action }) => action === "api"),
  );
  assert.deepEqual(mayUse, [
    {
      user: "gantry",
      pass: "abc123",
      ips: ["127.0.0.1", "::1"],
      permissions: [{ action: "api" }, { action: "metrics" }],
    },
  ]);
});

void test("only the bridge publishes, with its password and from this machine, whatever the base says", () => {
  const open = "authInternalUsers: [{user: any, permissions: [{action: publish}]}]";
  const mayPublish = usersOf(serverConfig(open, settings, live)).filter(({ permissions }) =>
    permissions.some(({ action }) => action === "publish"),
  );
  assert.deepEqual(
    mayPublish.map(({ user, pass, ips }) => ({ user, pass, ips })),
    [{ user: "gantry-bridge", pass: "def456", ips: ["127.0.0.1", "::1"] }],
  );
});

void test("RTSP over TCP is open and nothing else, and there is no path", () => {
  assert.partialDeepStrictEqual(parse(serverConfig(base, settings, live)), {
    rtspTransports: ["tcp"],
    rtspEncryption: "no",
    hls: false,
    webrtc: false,
    rtmp: false,
    srt: false,
    moq: false,
    playback: false,
    pprof: false,
    paths: {},
  });
});

void test("every key of the base settings has its comment", () => {
  const lines = base.split("\n");
  const bare = lines.filter((line, index) => /^ {0,2}[A-Za-z]+:/.test(line) && isBare(lines, index));
  assert.deepEqual(bare, []);
});

/** A key has a comment above it, or above the run of keys that it belongs to. */
function isBare(lines: readonly string[], index: number): boolean {
  let above = index - 1;
  while (/^ {0,2}[A-Za-z]+:/.test(lines[above] ?? "")) above -= 1;
  return !/^ *#/.test(lines[above] ?? "");
}

void test("a base that is no mapping is refused", () => {
  for (const wrong of ["", "- a", "text", "a: [", "7"]) {
    assert.throws(() => serverConfig(wrong, settings, live), MediamtxError);
  }
});

void test("a path is published on demand and lingers as the inventory says", () => {
  assert.partialDeepStrictEqual(pathConfig({ lingerMs: 15_000 }), {
    source: "publisher",
    runOnDemandStartTimeout: "4000ms",
    runOnDemandCloseAfter: "15000ms",
  });
});

void test("a viewer has time to attach however short the linger is", () => {
  assert.equal(pathConfig({ lingerMs: 0 })["runOnDemandCloseAfter"], "3000ms");
});

void test("a recorded path says where and how long, and a recording that is off disturbs nobody by going on", () => {
  const recording = { isOn: false, recordPath: "/data/%path/%s-%f", segmentMs: 600_000, maxAgeMs: 604_800_000 };
  const off = pathConfig({ lingerMs: 5000, recording });
  assert.partialDeepStrictEqual(off, {
    record: false,
    recordPath: "/data/%path/%s-%f",
    recordFormat: "fmp4",
    recordSegmentDuration: "600000ms",
    recordDeleteAfter: "604800000ms",
  });
  const on = pathConfig({ lingerMs: 5000, recording: { ...recording, isOn: true } });
  assert.deepEqual({ ...on, record: false }, off);
  assert.equal("record" in pathConfig({ lingerMs: 5000 }), false);
});
