// One suite for families whose printers hang on a print server (OctoPrint, Moonraker, PrusaLink): what
// a user does with one, through a running gateway. The same runs against simulators and real servers.
// It knows no protocol; what differs is in the description that each family gives.

import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { stateSchema } from "@gantry/gateway/model/document";
import type { Json } from "./harness/rest-printer.ts";
import { ServerGateway } from "./harness/server-gateway.ts";
import { until } from "./harness/until.ts";

/** A server that runs, with its machine connected, ready and cold. */
export interface PrintServer extends AsyncDisposable {
  /** The `connection` block of its inventory entry. */
  readonly connection: Json;
  /** The same with a credential that the server does not know. */
  readonly wrongConnection: Json;
  /** Ends the server as a power cut does. Its address stays its own. */
  stop(): Promise<void>;
  /** Starts it again on the same address, with its files and its machine. */
  restart(): Promise<void>;
  /** Takes the machine away from its server. Left out where the two are one. */
  loseMachine?(): Promise<void>;
  /** Makes the machine fail with an error of its own. */
  failMachine(): Promise<void>;
  /** Lets the machine work again; the family may have to be told to connect afterwards. */
  repairMachine(): Promise<void>;
}

export interface ServerFamily {
  readonly name: string;
  /** The id of the family. */
  readonly family: string;
  readonly start: () => Promise<PrintServer>;
  /** A job that prints for some 10 to 30 s on this server. */
  readonly job: { readonly file: string; readonly content: string };
  /** The fault that a machine without connection shows. */
  readonly lost?: RegExp;
  /** The text of the error that `failMachine` brings about. */
  readonly failure: RegExp;
}

/** A gateway that is connected to a print server; both end with it. */
export interface Scene<Server extends PrintServer> extends AsyncDisposable {
  readonly gateway: ServerGateway;
  readonly server: Server;
}

type Case = (scene: Scene<PrintServer> & { readonly family: ServerFamily }, context: TestContext) => Promise<void>;

/** Registers the tests as a suite, which may run beside others. */
export function serverFamilySuite(family: ServerFamily): void {
  void describe(family.name, { concurrency: false, timeout: 280_000 }, () => {
    let scene: Scene<PrintServer> | undefined;
    before(async () => (scene = await openScene(family.family, family.start)), { timeout: 240_000 });
    after(async () => scene?.[Symbol.asyncDispose](), { timeout: 60_000 });
    for (const [name, run] of Object.entries(cases))
      void test(name, async (context) => {
        assert.ok(scene !== undefined);
        await run({ ...scene, family }, context);
      });
  });
}

/** Starts a server, and a gateway of the family for it. */
export async function openScene<Server extends PrintServer>(
  family: string,
  start: () => Promise<Server>,
): Promise<Scene<Server>> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await start());
  const gateway = stack.use(await ServerGateway.start(family, server.connection, server.wrongConnection));
  await gateway.connected(true);
  const held = stack.move();
  return { gateway, server, [Symbol.asyncDispose]: async () => held.disposeAsync() };
}

const ready = ["idle", "finished", "stopped"] as const;

/** In this order: each leaves a ready machine behind. */
const cases: Readonly<Record<string, Case>> = {
  "it is connected, idle, and its state fits the schema": async ({ gateway }) => {
    const state = await gateway.phase(...ready);
    stateSchema().parse(state);
    assert.equal(state["job"], null);
    assert.equal(faults(state), "");
    assert.equal(typeof (state["nozzles"] as Json[])[0]?.["actualCelsius"], "number");
  },

  "a wrong credential is told in words, and delays nobody": async ({ gateway }) => {
    const state = await until("the stranger is refused", async () => {
      const stranger = await gateway.stranger.state();
      return stranger["reason"] !== "connecting" && stranger;
    });
    assert.equal(state["connected"], false);
    assert.match(String(state["reason"]), /key|password|credential/iu);
    assert.equal((await gateway.state())["connected"], true);
  },

  "a temperature is set and seen, and one above the limit is never sent": async ({ gateway }) => {
    await gateway.acknowledged("set-heater-target", { heater: "nozzle0", targetCelsius: 45 });
    await until("the target is seen", async () => {
      const [nozzle] = (await gateway.state())["nozzles"] as Json[];
      return nozzle?.["targetCelsius"] === 45;
    });
    await gateway.acknowledged("set-heater-target", { heater: "nozzle0", targetCelsius: 0 });
    const bed = { heater: "bed", targetCelsius: 345 };
    assert.match(await gateway.refused("invalid_input", "set-heater-target", bed), /\d+ °C/u);
    await gateway.refused("invalid_input", "set-heater-target", { heater: "nozzle7", targetCelsius: 200 });
  },

  "the head is homed and moved, and never beyond its limits": async ({ gateway }, context) => {
    if (!(await gateway.has("home", "jog"))) return context.skip("it cannot move the head");
    await gateway.acknowledged("home", { axes: ["x", "y"] });
    await gateway.phase(...ready);
    await gateway.acknowledged("jog", { axis: "x", distanceMillimeters: 5 });
    await gateway.refused("invalid_input", "jog", { axis: "x", distanceMillimeters: 501 });
    await gateway.refused("invalid_input", "home", { axes: [] });
  },

  "G-code passes the filter or is refused whole": async ({ gateway }, context) => {
    if (!(await gateway.has("send-gcode"))) return context.skip("it takes no G-code");
    await gateway.acknowledged("send-gcode", { lines: ["M105 ; ask", "M106 S0"] });
    for (const line of ["M112", "m104 t0 s400", "G28 M502"]) {
      const problem = await gateway.problem("invalid_input", "send-gcode", { lines: ["M105", line] });
      assert.match(JSON.stringify(problem["errors"]), /\/lines\/1/u);
    }
  },

  "what is not possible now, or is not there, is refused in the product's words": async ({ gateway }) => {
    for (const name of ["pause", "resume"]) await gateway.refused("wrong_phase", name);
    await gateway.refused("not_found", "start", { file: "no such file.gcode" });
    await gateway.refused("not_found", "delete-file", { file: "no such file.gcode" });
  },

  "a file is stored, printed, paused, resumed, finished and deleted": async ({ gateway, family: { job } }) => {
    await gateway.store(job.file, job.content);
    await until("the file is listed", async () => gateway.lists(job.file));
    await gateway.acknowledged("start", { file: job.file });
    const { file, progressRatio } = (await gateway.phase("printing"))["job"] as Json;
    assert.equal(file, job.file);
    assert.ok(progressRatio === null || (Number(progressRatio) >= 0 && Number(progressRatio) <= 1));
    await gateway.refused("wrong_phase", "start", { file: job.file });
    await gateway.acknowledged("pause");
    await gateway.phase("paused");
    await gateway.acknowledged("resume");
    await gateway.phase("printing");
    assert.equal((await gateway.phase("finished"))["job"], null);
    assert.ok((await gateway.request("DELETE", `/files/${job.file}`)).ok);
    await until("the file is gone", async () => !(await gateway.lists(job.file)));
  },

  "a job that is stopped is told as stopped": async ({ gateway, family: { job } }) => {
    await gateway.store(job.file, job.content);
    await gateway.acknowledged("start", { file: job.file });
    await gateway.phase("printing");
    await gateway.acknowledged("stop");
    assert.equal((await gateway.phase("stopped"))["job"], null);
  },

  "a machine that its server lost is told in words, and connected again": async (
    { gateway, server, family },
    context,
  ) => {
    if (server.loseMachine === undefined) return context.skip("the machine is its own server");
    await server.loseMachine();
    const state = await gateway.phase("unknown");
    assert.equal(state["connected"], true);
    assert.match(faults(state), family.lost ?? /./u);
    await gateway.refused("wrong_phase", "home", { axes: ["x"] });
    await machineBack(gateway, server);
  },

  "an error of the machine is shown with its text": async ({ gateway, server, family }) => {
    await server.failMachine();
    const state = await until("the error is seen", async () => {
      const seen = await gateway.state();
      return family.failure.test(faults(seen)) && seen;
    });
    assert.equal(state["connected"], true);
    await machineBack(gateway, server);
  },

  "a server that is gone is told, and found again by itself": async ({ gateway, server }) => {
    await server.stop();
    const state = await gateway.connected(false);
    assert.equal(state["phase"], "unknown");
    assert.ok(String(state["reason"]).length > 10);
    await gateway.refused("unreachable", "refresh");
    await server.restart();
    await gateway.connected(true);
    await gateway.phase(...ready);
  },
};

/** Repairs the machine and has its server connect to it, where that is a command of its own. */
async function machineBack(gateway: ServerGateway, server: PrintServer): Promise<void> {
  await server.repairMachine();
  if (await gateway.has("connect-printer")) await gateway.acknowledged("connect-printer", {});
  const state = await until("the machine is ready, without a fault", async () => {
    const seen = await gateway.phase(...ready);
    return faults(seen) === "" && seen;
  });
  assert.equal(state["job"], null);
}

function faults(state: Json): string {
  return (state["faults"] as readonly { readonly text: string }[]).map(({ text }) => text).join("; ");
}
