// What goes wrong between Gantry and OctoPrint, and what a user sees of it: sockets, keys, rights,
// proxies, webcams, lost answers.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import sharp from "sharp";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { fault as bringAbout } from "./harness/fault.ts";
import type { Json } from "./harness/rest-printer.ts";
import { ServerGateway } from "./harness/server-gateway.ts";
import { until } from "./harness/until.ts";

describe("OctoPrint with faults", { concurrency: false, timeout: 280_000 }, () => {
  const stack = new AsyncDisposableStack();
  let simulator: LaunchedSimulator;
  let gateway: ServerGateway;

  const fault = async (name: string, more?: Json): Promise<void> => bringAbout(simulator, name, more);

  /** A target that was not set before, and its way back into the state. */
  const follows = async (targetCelsius: number): Promise<void> => {
    await gateway.acknowledged("set-heater-target", { heater: "bed", targetCelsius });
    await until("the state follows", async () => {
      const bed = (await gateway.state())["bed"] as Json | null;
      return bed?.["targetCelsius"] === targetCelsius;
    });
  };

  /** The code with which a file is refused. */
  const putFault = async (name: string): Promise<unknown> => {
    const response = await gateway.request("PUT", `/files/${encodeURIComponent(name)}`, "G28\n");
    return ((await response.json()) as Json)["code"];
  };

  before(async () => {
    simulator = stack.use(await startSimulator({ family: "octoprint", ports: { main: 0 } }));
    const { host, ports, facts } = simulator;
    const url = `http://${host}:${ports["main"]}`;
    gateway = stack.use(
      await ServerGateway.start("octoprint", { url, api_key: facts["api_key"] }, { url, api_key: "WRONG" }),
    );
  });
  beforeEach(async () => {
    await fetch(`${simulator.admin}/fault`, { method: "POST", body: '{"clear":true}' });
    await gateway.connected(true);
  });
  after(async () => stack.disposeAsync());

  test("without a push socket the state follows by REST", async () => {
    await fault("push-refused");
    await fault("drop-sockets");
    await until("no socket is open", () => simulator.control.counters()["sockets"] === 0);
    await follows(41);
  });

  test("a socket that is cut, silent, garbled or logged out costs nothing", async () => {
    const faults = ["drop-sockets", "garbage-frame", "stale-login", "push-silent"];
    for (const [index, name] of faults.entries()) {
      await fault(name);
      await fault("push-silent", { clear: true });
      await follows(42 + index);
    }
    await until("a socket is open again", () => simulator.control.counters()["sockets"] === 1);
    assert.equal((await gateway.state())["connected"], true);
  });

  test("a socket that stays open and falls silent is made good by REST", async () => {
    await until("the socket is open", () => simulator.control.counters()["sockets"] === 1);
    await fault("push-silent");
    await follows(47);
  });

  test("a key that is revoked is told, and a new chance is taken", async () => {
    await fault("key-revoked");
    await fault("drop-sockets");
    assert.match(String((await gateway.connected(false))["reason"]), /API key/u);
    await fault("key-revoked", { clear: true });
    await gateway.connected(true);
  });

  test("a proxy that answers in OctoPrint's place is told", async () => {
    await fault("proxy", { status: 502 });
    await fault("drop-sockets");
    assert.match(String((await gateway.connected(false))["reason"]), /proxy answers HTTP 502/u);
  });

  test("a command that is never answered is told as unconfirmed, not as failed", async () => {
    await fault("lost-answers");
    const [status, answer] = await gateway.command("set-heater-target", { heater: "bed", targetCelsius: 50 });
    assert.deepEqual([status, answer], [202, { outcome: "unconfirmed" }]);
  });

  test("a file that cannot be stored under its name, or at all, is refused", async () => {
    assert.equal(await putFault("a:b.gcode"), "invalid_input");
    assert.equal(await putFault("model.stl"), "file_type");
    await fault("storage-full");
    assert.equal(await putFault("full.gcode"), "storage_full");
  });

  test("system commands are listed, and none is run", async () => {
    const [status, { items }] = await gateway.command("list-system-commands");
    assert.equal(status, 200);
    assert.deepEqual(
      (items as Json[]).map(({ name }) => name),
      ["core/restart", "core/shutdown"],
    );
    await fault("few-rights");
    await gateway.refused("printer_auth", "list-system-commands");
  });

  test("a webcam without MJPEG is shown by its snapshots", async () => {
    for (const has of ["webrtc", "snapshot"]) {
      await fault("webcam", { has });
      const response = await until("a picture", async () => {
        const answer = await gateway.request("GET", "/snapshot.jpg");
        return answer.ok && answer;
      });
      assert.equal((await sharp(await response.bytes()).metadata()).format, "jpeg");
    }
  });
});
