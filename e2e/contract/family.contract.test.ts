// What every family must do, tried against the simulator of the same name. A registered family
// without a simulator, or one nobody knows how to reach, fails here.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { families } from "@gantry/gateway/families";
import type { Family, Session } from "@gantry/gateway/families/family";
import type { Capabilities } from "@gantry/gateway/model/capabilities";
import { commandRow, isMedia, type CommandName } from "@gantry/gateway/model/commands";
import { stateDocument, stateSchema } from "@gantry/gateway/model/document";
import { unknownReadings, type Identity, type Readings } from "@gantry/gateway/model/printer";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { until } from "../scenarios/harness/until.ts";
import { handlerOf, inputFor, spooledFile } from "./command-inputs.ts";
import { cameraUrls, connections } from "./connections.ts";

/** What the inventory would say of a simulator. */
interface Target {
  readonly connection: unknown;
  readonly cameraUrl: string | undefined;
}

/** A session and all it has told. */
class Listener implements AsyncDisposable {
  readonly #life = new AbortController();
  session: Session | undefined;
  readings: Readings = unknownReadings;
  identity: Identity | undefined;
  has: Capabilities = new Set();

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  async connect(family: Family, { connection, cameraUrl }: Target): Promise<Session> {
    this.session = await family.connect({
      connection: family.connection.parse(connection),
      cameraUrl,
      signal: this.#life.signal,
      clock: systemClock,
      log: silentLog,
      dataFolder: "unused",
      report: (readings) => (this.readings = readings),
      identify: (identity, has) => {
        this.identity = identity;
        this.has = has;
      },
    });
    return this.session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session?.[Symbol.asyncDispose]();
    this.#life.abort();
  }
}

/** The scenario in which a command is possible, where that is not the first. */
const scenarios: Partial<Record<CommandName, string>> = {
  pause: "printing",
  stop: "printing",
  setSpeed: "printing",
  skipObjects: "printing",
  resume: "paused",
};

/** Models whose printers differ so much that each is tried; of other families the simulator's first. */
const models: Readonly<Record<string, readonly string[]>> = { bambu: ["p1s", "a1mini", "x1c", "h2d"] };

const subjects = Object.entries(families).flatMap(([id, family]) =>
  (models[id] ?? [undefined]).map((model) => ({ id, family, model })),
);

// Some printers want seconds between requests: two families wait side by side.
void describe("the contract", { concurrency: 2, timeout: 290_000 }, () => {
  for (const { id, family, model } of subjects) {
    const settings = model === undefined ? {} : { settings: { model } };
    const start = async (scenario?: string): Promise<LaunchedSimulator> =>
      startSimulator({ family: id, ports: { main: 0 }, ...settings, ...(scenario === undefined ? {} : { scenario }) });
    const reach = (simulator: LaunchedSimulator): Target => {
      const connection = connections[id];
      assert.ok(connection !== undefined, `say in contract/connections.ts how to reach a simulated ${id}`);
      return { connection: connection(simulator), cameraUrl: cameraUrls[id]?.(simulator) };
    };
    // A camera without a printer tells neither what it is nor what it does.
    const isCamera = family.connection.safeParse(undefined).success;

    void describe(
      `the family ${id}${model === undefined ? "" : `, ${model}`}`,
      { concurrency: false, timeout: 280_000 },
      () => {
        test("gives a session that knows the printer's state, and soon its identity", async () => {
          await using simulator = await start();
          await using listener = new Listener();
          await listener.connect(family, reach(simulator));
          assert.equal(listener.readings.phase, "idle");
          if (isCamera) return;
          await until(
            "it says who it is",
            () => listener.identity?.model != null && listener.identity.firmware !== null,
          );
        });

        test("reads a state that fits the product's schema in every scenario", { skip: isCamera }, async () => {
          for (const scenario of ["idle", "printing", "paused"]) {
            await using simulator = await start(scenario);
            await using listener = new Listener();
            await listener.connect(family, reach(simulator));
            const about = { id, connected: true, reason: null, updatedAt: new Date().toISOString(), control: false };
            stateSchema().parse(stateDocument({ ...about, ...listener.readings }, listener.has));
            assert.notEqual(listener.readings.phase, "unknown", scenario);
            assert.equal(listener.readings.job === null, scenario === "idle", scenario);
          }
        });

        test("throws unreachable where nothing listens, having closed what it opened", async () => {
          const simulator = await start();
          const target = reach(simulator);
          await simulator[Symbol.asyncDispose]();
          await using listener = new Listener();
          await assert.rejects(listener.connect(family, target), { code: "unreachable" });
        });

        test("every command it handles is answered by the printer as its row says, and needs what it has", async () => {
          await using first = await start();
          await using probe = new Listener();
          const { handlers } = await probe.connect(family, reach(first));
          await until("it says what it has", () => probe.has.size > 0);
          const names = Object.keys(handlers) as CommandName[];
          const askInTurn = async (): Promise<void> => {
            for (let name = names.shift(); name !== undefined; name = names.shift()) {
              const { needs } = commandRow(name);
              assert.ok(needs === undefined || probe.has.has(needs), `${name} needs ${needs}`);
              await using simulator = await start(scenarios[name]);
              await using listener = new Listener();
              await ask(name, family, await listener.connect(family, reach(simulator)), listener);
            }
          };
          // Some printers want seconds between requests: four of them wait side by side.
          await Promise.all([askInTurn(), askInTurn(), askInTurn(), askInTurn()]);
        });

        test("a session ends with a reason when the printer goes away, and disposes cleanly after", async () => {
          const simulator = await start();
          await using listener = new Listener();
          const session = await listener.connect(family, reach(simulator));
          await simulator[Symbol.asyncDispose]();
          const { code, message } = await session.ended;
          assert.equal(code, "unreachable");
          assert.ok(message.length > 10);
        });

        test("dispose is idempotent and ends the session", async () => {
          await using simulator = await start();
          await using listener = new Listener();
          const session = await listener.connect(family, reach(simulator));
          await Promise.all([session[Symbol.asyncDispose](), session[Symbol.asyncDispose]()]);
          assert.equal((await session.ended).code, "aborted");
        });

        test(
          "its camera gives whole JPEG pictures over one connection",
          { skip: family.frames === undefined },
          async (t) => {
            await using simulator = await start();
            if (simulator.ports["rtsps"] !== undefined) return t.skip("its camera sends video");
            await using listener = new Listener();
            const connection = family.connection.parse(reach(simulator).connection);
            const about = {
              signal: listener.signal,
              clock: systemClock,
              log: silentLog,
              dataFolder: "unused",
              session: undefined,
            };
            let pictures = 0;
            for await (const jpeg of family.frames?.({ connection, ...about }) ?? []) {
              assert.deepEqual([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
              pictures += 1;
              if (pictures === 3) break;
            }
            assert.equal(pictures, 3);
          },
        );
      },
    );
  }
});

/** Asks one command and holds the answer against its row: the output's schema, or bytes to the end. */
async function ask(name: CommandName, family: Family, session: Session, listener: Listener): Promise<void> {
  const { signal, readings } = listener;
  const row = commandRow(name);
  const phase = (): Readings["phase"] => listener.readings.phase;
  const fileType = family.fileTypes?.[0] ?? ".gcode";
  const input = await inputFor(name, { session, signal, readings, phase, fileType });
  if (input === undefined) return;
  row.input.parse(input);
  await using file = await spooledFile();
  const result = await handlerOf(session, name)?.(input, { signal, ...(row.takesFile === true && { file }) });
  assert.ok(result !== undefined);
  if (!isMedia(result)) {
    const answer = row.output.safeParse(result);
    assert.ok(answer.success, `${name}: ${JSON.stringify(result)}: ${answer.error?.message}`);
    return;
  }
  assert.ok(row.gives !== undefined, `${name} gives no bytes`);
  let bytes = 0;
  for await (const chunk of result.content) bytes += chunk.length;
  assert.equal(bytes, result.sizeBytes ?? bytes, name);
  assert.ok(bytes > 0, name);
}
