// The inventory in the hands of a user: missing, wrong, mended while everything runs.

import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startSimulator } from "../simulators/launch.ts";
import { Service } from "./harness/service.ts";
import { printerEntry, Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const services = {
  gateway: { main: "gateway/src/main.ts", host: "GANTRY_HTTP_HOST", port: "GANTRY_HTTP_PORT" },
  bridge: { main: "rtsp-bridge/src/main.ts", host: "GANTRY_BRIDGE_HTTP_HOST", port: "GANTRY_BRIDGE_HTTP_PORT" },
};

function start(name: keyof typeof services, folder: string): Service {
  const { main, host, port } = services[name];
  return new Service(name, [main], {
    GANTRY_INVENTORY: join(folder, "printers.yaml"),
    GANTRY_DATA_DIR: join(folder, "data"),
    GANTRY_RTSP_PORT: "0",
    [host]: "127.0.0.1",
    [port]: "0",
  });
}

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-inventory-"));
  try {
    await act(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The ids of a list, in its order. */
async function ids(url: string, path: string): Promise<string> {
  const { items } = (await (await fetch(`${url}${path}`)).json()) as { items: { id: string }[] };
  return items.map(({ id }) => id).join(",");
}

const wrong = `printers:
  - {id: a, family: elegoo-cc1, connection: {hots: 192.0.2.10}}
  - {id: a, family: elegoo-cc1, connection: {host: "\${GANTRY_TEST_UNSET}"}}
  - {id: b, family: elegoo-cc1, contol: true, connection: {host: 192.0.2.11}}
`;

describe("a wrong inventory", () => {
  test("is told by the gateway with every fault and its place, exit code 2", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, "printers.yaml"), wrong);
      await using gateway = start("gateway", folder);
      assert.equal(await gateway.ended, "exit code 2");
      const text = gateway.lines.join("\n");
      assert.match(text, /^printers\.yaml:2:\d+ .*hots.*did you mean host/mu);
      assert.match(text, /^printers\.yaml:3:\d+ .*id/mu);
      assert.match(text, /^printers\.yaml:3:\d+ .*GANTRY_TEST_UNSET/mu);
      assert.match(text, /^printers\.yaml:4:\d+ .*contol.*did you mean control/mu);
    });
  });

  test("is told by the bridge too", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, "printers.yaml"), wrong);
      await using bridge = start("bridge", folder);
      assert.equal(await bridge.ended, "exit code 2");
      assert.match(bridge.lines.join("\n"), /^printers\.yaml:4:\d+ .*contol/mu);
    });
  });

  test("that is no YAML is told with the place where it breaks", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, "printers.yaml"), "printers:\n  - id: [a\n");
      await using gateway = start("gateway", folder);
      assert.equal(await gateway.ended, "exit code 2");
      assert.match(gateway.lines.join("\n"), /^printers\.yaml:\d+:\d+ /mu);
    });
  });
});

test("no inventory yet: both services are healthy and say how to write one", { timeout: 120_000 }, async () => {
  await inFolder(async (folder) => {
    for (const name of ["gateway", "bridge"] as const) {
      await using service = start(name, folder);
      const url = String((await service.listening())["http"]);
      assert.equal((await fetch(`${url}/healthz`)).status, 200, name);
      assert.match(service.lines.join("\n"), /printers\.example\.yaml/u, name);
      if (name === "gateway") assert.match(await (await fetch(url)).text(), /printers\.example\.yaml/u);
    }
  });
});

test(
  "a changed inventory is taken without a restart; a wrong one leaves the old in force",
  { timeout: 180_000 },
  async () => {
    await using stack = await Stack.start({ bridge: true });
    await until("the printer is connected", async () => (await stack.get("/api/v1/printers/cc1/state"))["connected"]);
    await using second = await startSimulator({ family: "elegoo-cc1", ports: { main: 0 } });
    await appendFile(stack.inventory, printerEntry("cc2", second, false));
    await until("the gateway has both", async () => (await ids(stack.gatewayUrl, "/api/v1/printers")) === "cc1,cc2");
    await until(
      "the bridge has both",
      async () => (await ids(stack.bridgeUrl, "/api/v1/streams")) === "cc1,cc1_sub,cc2,cc2_sub",
    );
    await until("the new one is connected", async () => (await stack.get("/api/v1/printers/cc2/state"))["connected"]);
    await using viewer = stack.watch("cc2");
    await viewer.showsLive(1);

    const good = await readFile(stack.inventory, "utf8");
    await writeFile(stack.inventory, `${good}  - {id: cc2, family: elegoo-cc1, connection: {}}\n`);
    await until("the gateway refuses it", () => stack.gateway.lines.some((line) => line.includes("printers.yaml:")));
    await until("the bridge refuses it", () => stack.bridge.lines.some((line) => line.includes("printers.yaml:")));
    assert.equal(await ids(stack.gatewayUrl, "/api/v1/printers"), "cc1,cc2");
    assert.equal((await fetch(`${stack.gatewayUrl}/readyz`)).status, 200);
    await writeFile(stack.inventory, good.replace(/.*"cc1".*\n/u, ""));
    await until(
      "the first is gone from the gateway",
      async () => (await ids(stack.gatewayUrl, "/api/v1/printers")) === "cc2",
    );
    await until(
      "the first is gone from the bridge",
      async () => (await ids(stack.bridgeUrl, "/api/v1/streams")) === "cc2,cc2_sub",
    );
    await viewer.showsLive(3, Date.now());
  },
);
