import assert from "node:assert/strict";
import { test } from "node:test";
import { SettingsError } from "@gantry/platform/environment";
import { readSettings } from "./settings.ts";

test("without any variable the documented defaults hold", () => {
  assert.deepEqual(readSettings({}), {
    inventory: "config/printers.yaml",
    demoInventory: undefined,
    dataFolder: "data",
    httpHost: "0.0.0.0",
    httpPort: 8787,
    rtspPort: 8554,
    webrtcPort: 8889,
    hlsPort: 8888,
    bridgeUrl: "http://127.0.0.1:8788/",
    gatewayUrl: "http://127.0.0.1:8787/",
    revision: undefined,
    logLevel: "info",
  });
});

test("every variable that cannot be used is named at once", () => {
  const env = { GANTRY_HTTP_PORT: "99999", GANTRY_LOG_LEVEL: "loud", GANTRY_GATEWAY_URL: "ftp://x" };
  assert.throws(
    () => readSettings(env),
    (error: Error) => {
      assert.ok(error instanceof SettingsError);
      for (const name of Object.keys(env)) assert.ok(error.message.includes(name), name);
      return true;
    },
  );
});
