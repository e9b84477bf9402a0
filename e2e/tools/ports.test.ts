import assert from "node:assert/strict";
import { test } from "node:test";
import { listen } from "@gantry/platform/http-server";
import { takenPorts } from "./ports.ts";

test("a taken port is named with the variable that moves it, a free one is not", async () => {
  await using server = await listen(() => undefined, { host: "127.0.0.1", port: 0 });
  const lines = await takenPorts([
    { what: "gateway", host: "127.0.0.1", port: server.port, variable: "GANTRY_HTTP_PORT" },
    { what: "bridge", host: "127.0.0.1", port: 0, variable: "GANTRY_BRIDGE_HTTP_PORT" },
  ]);
  assert.deepEqual(lines, [
    `gateway: port ${server.port} is in use by another program; set GANTRY_HTTP_PORT to a free one`,
  ]);
});

test("an address that this machine does not have is told as such", async () => {
  const wanted = { what: "gateway", host: "192.0.2.1", port: 0, variable: "GANTRY_HTTP_PORT" };
  assert.match((await takenPorts([wanted])).join(""), /cannot be had \(.*EADDRNOTAVAIL/);
});
