import assert from "node:assert/strict";
import { test } from "node:test";
import { SettingsError } from "@gantry/platform/environment";
import { readSettings } from "./settings.ts";

void test("an empty environment is complete", () => {
  assert.deepEqual(readSettings({}), {
    inventoryFile: "config/printers.yaml",
    demoInventoryFile: undefined,
    dataDir: "data",
    gatewayUrl: "http://127.0.0.1:8787/",
    rtspPort: 8554,
    rtspsPort: 8322,
    webrtcPort: 8889,
    webrtcUdpPort: 8189,
    hlsPort: 8888,
    httpHost: "0.0.0.0",
    httpPort: 8788,
    logLevel: "info",
    mediamtx: undefined,
    ffmpeg: undefined,
    searchPath: "/usr/local/bin:/usr/bin:/bin",
    timeZone: "UTC",
    revision: "unknown",
  });
});

void test("every fault is told, each naming its variable", () => {
  const env = {
    GANTRY_RTSP_PORT: "85540",
    GANTRY_BRIDGE_HTTP_PORT: "-1",
    GANTRY_GATEWAY_URL: "gateway:8787",
    GANTRY_LOG_LEVEL: "loud",
  };
  assert.throws(
    () => readSettings(env),
    (error) => {
      assert.ok(error instanceof SettingsError);
      assert.deepEqual(
        error.faults.map((fault) => fault.split(":")[0]),
        ["GANTRY_GATEWAY_URL", "GANTRY_RTSP_PORT", "GANTRY_BRIDGE_HTTP_PORT", "GANTRY_LOG_LEVEL"],
      );
      assert.match(error.message, /GANTRY_LOG_LEVEL: "loud" is not one of error, warn, info, debug/);
      return true;
    },
  );
});
