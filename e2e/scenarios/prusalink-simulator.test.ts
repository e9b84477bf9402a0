// The suite of print servers against the simulated PrusaLink, and what only PrusaLink has: digest
// with nonces that grow old, Buddy boards with their short names, a printer that wants somebody.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { fault } from "./harness/fault.ts";
import type { Json } from "./harness/rest-printer.ts";
import { openScene, serverFamilySuite, type PrintServer, type Scene } from "./server-families.ts";

/** The job takes 10 s at this speed, and some for heating. */
const speed = 60;
const job = { file: "suite.gcode", content: "; estimated printing time (normal mode) = 10m 0s\nM140 S60\nG28\n" };

interface StartOptions {
  readonly credential?: "key" | "password";
  readonly scenario?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

async function start(options: StartOptions = {}): Promise<PrintServer & { readonly simulator: LaunchedSimulator }> {
  const { credential = "key", ...more } = options;
  const simulator = await startSimulator({ family: "prusalink", ports: { main: 0 }, speed, ...more });
  const { facts } = simulator;
  const url = `http://${simulator.host}:${simulator.ports["main"]}`;
  const known = credential === "key" ? { api_key: facts["api_key"] } : { password: facts["password"] };
  const wrong = credential === "key" ? { api_key: "wrong" } : { username: "maker", password: "wrong" };
  return {
    simulator,
    connection: { url, ...known },
    wrongConnection: { url, ...wrong },
    stop: async () => fault(simulator, "server-down"),
    restart: async () => fault(simulator, "server-down", { clear: true }),
    failMachine: async () => fault(simulator, "printer-error"),
    repairMachine: async () => fault(simulator, "printer-error", { clear: true }),
    [Symbol.asyncDispose]: async () => simulator[Symbol.asyncDispose](),
  };
}

async function open(options?: StartOptions): Promise<Scene<PrintServer> & { readonly simulator: LaunchedSimulator }> {
  const scene = await openScene("prusalink", async () => start(options));
  return { ...scene, simulator: scene.server.simulator };
}

void describe("PrusaLink", { timeout: 280_000, concurrency: true }, () => {
  serverFamilySuite({
    name: "PrusaLink, simulated, with a password",
    family: "prusalink",
    start: async () => start({ credential: "password" }),
    job,
    failure: /THERMAL RUNAWAY/u,
  });

  // Each has a printer and a gateway of its own, and mostly waits for the next poll.
  void describe("PrusaLink's own", { timeout: 180_000, concurrency: 2 }, () => {
    test("every algorithm of the digest is spoken, and a nonce that grew old is renewed", async () => {
      for (const algorithm of ["MD5", "SHA-256"]) {
        await using scene = await open({ credential: "password", settings: { algorithm } });
        await fault(scene.simulator, "stale-nonce");
        await scene.gateway.acknowledged("refresh");
        await fault(scene.simulator, "stale-nonce");
        await scene.gateway.store(job.file, job.content);
      }
    });

    test("one request at a time", async () => {
      await using scene = await open();
      await Promise.all(Array.from({ length: 6 }, async () => scene.gateway.acknowledged("refresh")));
      await scene.gateway.files();
      assert.ok(Number(scene.simulator.control.counters()["peak"]) <= 2, "the stranger's is the second");
    });

    test("a Buddy board: its files go by their long names, and what it cannot do is not there", async () => {
      await using scene = await open({ settings: { profile: "buddy" } });
      const { gateway } = scene;
      assert.ok(!(await gateway.has("home")) && !(await gateway.has("set-heater-target")));
      const file = "a long name of a vase.gcode";
      await gateway.store(file, job.content);
      assert.ok(await gateway.lists(file));
      await gateway.acknowledged("start", { file });
      const printed = (await gateway.phase("printing"))["job"] as Json;
      assert.equal(printed["file"], file);
      await gateway.acknowledged("stop");
      await gateway.phase("stopped");
      await gateway.acknowledged("delete-file", { file });
      assert.ok(!(await gateway.lists(file)));
      await gateway.refused("not_found", "delete-file", { file });
    });

    test("a printer that waits for somebody says so and what for", async () => {
      await using scene = await open({ scenario: "attention" });
      const state = await scene.gateway.phase("paused");
      assert.match(String(state["stage"]), /act at the printer/u);
      assert.match(JSON.stringify(state["faults"]), /Filament ran out/u);
      assert.notEqual(state["job"], null);
    });

    test("a start right after a stop waits until PrusaLink starts again", async () => {
      await using scene = await open({ scenario: "printing" });
      await scene.gateway.acknowledged("stop");
      await scene.gateway.phase("stopped");
      await scene.gateway.acknowledged("start", { file: "cube.gcode" });
      await scene.gateway.phase("printing");
    });

    test("a full storage is told before anything is sent", async () => {
      await using scene = await open();
      await fault(scene.simulator, "storage-full");
      await scene.gateway.acknowledged("delete-file", { file: "cube.gcode" }); // what is free is asked anew after it
      await scene.gateway.acknowledged("refresh");
      const content = job.content.padEnd(2000, ";\n");
      const response = await scene.gateway.request("PUT", `/files/${job.file}`, content);
      assert.deepEqual([response.status, ((await response.json()) as Json)["code"]], [507, "storage_full"]);
    });

    test("a PrusaLink that is starting is told, and found when it is ready", async () => {
      await using scene = await open();
      await fault(scene.simulator, "starting");
      assert.match(String((await scene.gateway.connected(false))["reason"]), /not ready yet/u);
      await fault(scene.simulator, "starting", { clear: true });
      await scene.gateway.connected(true);
    });

    test("a file without a picture of its model says so", async () => {
      await using scene = await open();
      await scene.gateway.refused("not_found", "get-thumbnail", { file: "parts/bracket.gcode" });
    });
  });
});
