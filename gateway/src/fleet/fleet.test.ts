import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { emptyInventory, type Inventory, type InventoryFile, type PrinterEntry } from "@gantry/config";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import * as z from "zod";
import { register, type ConnectOptions, type Session } from "../families/family.ts";
import type { CommandHandlers, CommandName, Unavailable } from "../model/commands.ts";
import { PrinterError } from "../model/errors.ts";
import { unknownReadings } from "../model/printer.ts";
import { createFleet } from "./create-fleet.ts";
import type { Fleet, FleetEvent } from "./fleet.ts";

/** A family without a wire: what happens to each printer is what the test does. */
class Bench {
  readonly clock = new FakeClock();
  readonly links = new Map<string, { options: ConnectOptions<{ host: string }>; end: (error: PrinterError) => void }>();
  readonly tries: string[] = [];
  readonly disposed: string[] = [];
  readonly events: FleetEvent[] = [];
  failing: PrinterError | undefined;
  handlers: CommandHandlers = {};
  readonly unavailable = new Map<CommandName, Unavailable>();
  #listener: Parameters<InventoryFile["on"]>[0] = () => undefined;
  #inventory: Inventory = inventory();

  readonly families = register({
    bench: {
      title: "Bench",
      connection: z.strictObject({ host: z.string() }),
      connect: async (options) => this.#connect(options),
    },
  });

  fleet(...printers: PrinterEntry[]): Fleet & AsyncDisposable {
    this.#inventory = inventory(...printers);
    const fleet = createFleet({
      inventory: this.#file(),
      families: this.families,
      dataFolder: "unused",
      clock: this.clock,
      log: silentLog,
    });
    fleet.on((event) => this.events.push(event));
    return fleet;
  }

  async change(...printers: PrinterEntry[]): Promise<void> {
    this.#inventory = inventory(...printers);
    this.#listener({ taken: true, inventory: this.#inventory, status: this.#status(true) });
    await this.clock.advance(0);
  }

  refuse(): void {
    this.#listener({ taken: false, inventory: this.#inventory, status: this.#status(false) });
  }

  #status(valid: boolean): InventoryFile["status"] {
    return {
      valid,
      loadedAtMs: 0,
      missing: false,
      file: "printers.yaml",
      problems: valid ? [] : ["printers.yaml:1:1 bad"],
    };
  }

  #file(): InventoryFile {
    return {
      current: this.#inventory,
      status: this.#status(true),
      on: (listener) => {
        this.#listener = listener;
        return { [Symbol.dispose]: () => undefined };
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  async #connect(options: ConnectOptions<{ host: string }>): Promise<Session> {
    const { host } = options.connection;
    this.tries.push(host);
    if (this.failing !== undefined) throw this.failing;
    options.identify({ model: "Bench", firmware: "1", serial: host }, new Set(["pause", "stop"]), this.unavailable);
    options.report({ ...unknownReadings, phase: "idle" });
    const ended = Promise.withResolvers<PrinterError>();
    this.links.set(host, { options, end: ended.resolve });
    return {
      handlers: this.handlers,
      ended: ended.promise,
      [Symbol.asyncDispose]: async () => void this.disposed.push(host),
    };
  }
}

function inventory(...printers: PrinterEntry[]): Inventory {
  const gateway = { allowedHosts: [], cameraGraceMs: 1000 };
  return { ...emptyInventory, printers, gateway };
}

function entry(id: string, more: Partial<PrinterEntry> = {}): PrinterEntry {
  return { id, name: id, family: "bench", control: false, connection: { host: id }, camera: null, ...more };
}

const gone = new PrinterError("unreachable", "it is switched off");

describe("keeping printers", () => {
  test("a printer is connecting, then shows what it reported", async () => {
    const bench = new Bench();
    await using fleet = bench.fleet(entry("a"));
    await bench.clock.advance(0);
    const { state, identity } = fleet.get("a");
    assert.deepEqual([state.connected, state.phase, state.reason, identity.model], [true, "idle", null, "Bench"]);
  });

  test("a printer that cannot be reached says why, and is tried again with growing waits", async () => {
    const bench = new Bench();
    bench.failing = gone;
    await using fleet = bench.fleet(entry("a"));
    await bench.clock.advance(0);
    assert.deepEqual([fleet.get("a").state.connected, fleet.get("a").state.reason], [false, "it is switched off"]);
    await bench.clock.advance(1000);
    assert.equal(bench.tries.length, 2);
    await bench.clock.advance(1000);
    assert.equal(bench.tries.length, 2);
    bench.failing = undefined;
    await bench.clock.advance(1000);
    assert.equal(fleet.get("a").state.connected, true);
  });

  test("the printer itself can hold the next try back", async () => {
    const bench = new Bench();
    bench.failing = new PrinterError("unreachable", "all slots are taken", { retryAfterMs: 30_000 });
    await using _fleet = bench.fleet(entry("a"));
    await bench.clock.advance(29_000);
    assert.equal(bench.tries.length, 1);
    await bench.clock.advance(1500);
    assert.equal(bench.tries.length, 2);
  });

  test("a link that comes back at once was never lost", async () => {
    const bench = new Bench();
    await using fleet = bench.fleet(entry("a"));
    await bench.clock.advance(0);
    bench.links.get("a")?.end(gone);
    await bench.clock.advance(500);
    assert.equal(fleet.get("a").state.connected, true);
    await bench.clock.advance(20_000);
    assert.equal(fleet.get("a").state.connected, true);
    assert.deepEqual(bench.disposed, ["a"]);
    const told = bench.events.filter(({ type }) => type === "event");
    assert.deepEqual(told, []);
  });

  test("a link that stays away loses every reading with it", async () => {
    const bench = new Bench();
    await using fleet = bench.fleet(entry("a"));
    await bench.clock.advance(0);
    bench.failing = gone;
    bench.links.get("a")?.end(gone);
    await bench.clock.advance(11_000);
    const { state } = fleet.get("a");
    assert.deepEqual([state.connected, state.phase, state.reason], [false, "unknown", "it is switched off"]);
  });

  test("what the tries after a lost link have learnt is what is told", async () => {
    const bench = new Bench();
    await using fleet = bench.fleet(entry("a"));
    await bench.clock.advance(0);
    bench.failing = new PrinterError("printer_auth", "another certificate", { retryAfterMs: 300_000 });
    bench.links.get("a")?.end(gone);
    await bench.clock.advance(11_000);
    assert.equal(fleet.get("a").state.reason, "another certificate");
  });

  test("the same reading twice is one piece of news", async () => {
    const bench = new Bench();
    await using _fleet = bench.fleet(entry("a"));
    await bench.clock.advance(0);
    const seen = bench.events.length;
    bench.links.get("a")?.options.report({ ...unknownReadings, phase: "idle" });
    assert.equal(bench.events.length, seen);
    bench.links.get("a")?.options.report({ ...unknownReadings, phase: "busy" });
    assert.equal(bench.events.length, seen + 1);
  });

  test("a printer that hangs in connecting delays no other", async () => {
    const bench = new Bench();
    const families = register({
      slow: {
        title: "Slow",
        connection: z.unknown(),
        connect: async ({ signal }) =>
          new Promise<Session>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      },
    });
    Object.assign(bench.families, families);
    await using fleet = bench.fleet(entry("s", { family: "slow" }), entry("a"));
    await bench.clock.advance(0);
    assert.deepEqual(
      fleet.list().map(({ id, state }) => [id, state.connected]),
      [
        ["s", false],
        ["a", true],
      ],
    );
  });
});

describe("following the inventory", () => {
  test("touches only the printers whose entry changed, and keeps the file's order", async () => {
    const bench = new Bench();
    await using fleet = bench.fleet(entry("a"), entry("b"));
    await bench.clock.advance(0);
    await bench.change(entry("c"), entry("b", { name: "B" }), entry("a"));
    assert.deepEqual(bench.disposed, ["b"]);
    assert.deepEqual(bench.tries, ["a", "b", "c", "b"]);
    assert.deepEqual(
      fleet.list().map(({ id }) => id),
      ["c", "b", "a"],
    );
    await bench.change(entry("a"));
    assert.throws(() => fleet.get("b"), { code: "not_found" });
  });

  test("a refused file changes no printer and is told", async () => {
    const bench = new Bench();
    await using _fleet = bench.fleet(entry("a"));
    await bench.clock.advance(0);
    bench.refuse();
    assert.deepEqual(bench.disposed, []);
    assert.equal(bench.events.at(-1)?.type, "inventory");
  });

  test("dispose ends every session and leaves no wait behind", async () => {
    const bench = new Bench();
    const fleet = bench.fleet(entry("a"), entry("b"));
    await bench.clock.advance(0);
    await fleet[Symbol.asyncDispose]();
    assert.deepEqual(bench.disposed.toSorted(), ["a", "b"]);
    assert.equal(bench.clock.pending, 0);
  });
});

async function prepare(
  bench: Bench,
  more: Partial<PrinterEntry> = { control: true },
): Promise<Fleet & AsyncDisposable> {
  bench.handlers = {
    pause: async () => ({ outcome: "acknowledged" }),
    refresh: async () => ({ outcome: "acknowledged" }),
  };
  const fleet = bench.fleet(entry("a", more));
  await bench.clock.advance(0);
  return fleet;
}

describe("the gate", () => {
  const done = { kind: "output", output: { outcome: "acknowledged" } };
  const pause = { printer: "a", command: "pause", input: {}, surface: "rest" } as const;

  test("a changing command is refused while control is off, an observing one is not", async () => {
    const bench = new Bench();
    await using fleet = await prepare(bench, {});
    await assert.rejects(fleet.dispatch(pause), { code: "control_disabled", message: /control: true/u });
    assert.deepEqual([...fleet.get("a").commands], ["refresh"]);
    assert.deepEqual(await fleet.dispatch({ ...pause, command: "refresh" }), done);
  });

  test("a command is refused outside its phases, and passes inside them", async () => {
    const bench = new Bench();
    await using fleet = await prepare(bench);
    await assert.rejects(fleet.dispatch(pause), { code: "wrong_phase", message: /idle/u });
    bench.links.get("a")?.options.report({ ...unknownReadings, phase: "printing" });
    assert.deepEqual(await fleet.dispatch(pause), done);
  });

  test("input is checked against the row, every fault at once", async () => {
    const bench = new Bench();
    await using fleet = await prepare(bench);
    const input = { file: "", levelBed: "yes", extra: 1 };
    await assert.rejects(fleet.dispatch({ ...pause, command: "start", input }), (error: PrinterError) => {
      assert.equal(error.code, "invalid_input");
      assert.deepEqual(error.problems.map(({ pointer }) => pointer).toSorted(), ["", "/file", "/levelBed"]);
      return true;
    });
  });

  test("what no session handles is unsupported, what is away is unreachable, what is unlisted is not found", async () => {
    const bench = new Bench();
    await using fleet = await prepare(bench);
    await assert.rejects(fleet.dispatch({ ...pause, command: "stop" }), { code: "unsupported" });
    await assert.rejects(fleet.dispatch({ ...pause, printer: "x" }), { code: "not_found" });
    bench.failing = gone;
    bench.links.get("a")?.end(gone);
    await bench.clock.advance(0);
    await assert.rejects(fleet.dispatch(pause), { code: "unreachable", printer: "a" });
  });

  test("what a firmware refuses is told with its reason, for good or just now, and nothing is sent", async () => {
    const bench = new Bench();
    bench.unavailable.set("pause", { retry: "later", reason: "not during a print" });
    bench.unavailable.set("refresh", { retry: "never", reason: "needs firmware 2" });
    await using fleet = await prepare(bench);
    bench.links.get("a")?.options.report({ ...unknownReadings, phase: "printing" });
    await assert.rejects(fleet.dispatch(pause), { code: "wrong_phase", message: "not during a print" });
    const refresh = { ...pause, command: "refresh" } as const;
    await assert.rejects(fleet.dispatch(refresh), { code: "unsupported", message: "needs firmware 2" });
    assert.deepEqual([...fleet.get("a").commands], ["pause"]);
  });

  test("a dry run checks everything and sends nothing", async () => {
    const bench = new Bench();
    await using fleet = await prepare(bench);
    let sent = 0;
    Object.assign(bench.handlers, { pause: async () => ((sent += 1), { outcome: "acknowledged" }) });
    await assert.rejects(fleet.dispatch({ ...pause, dryRun: true }), { code: "wrong_phase" });
    bench.links.get("a")?.options.report({ ...unknownReadings, phase: "printing" });
    await fleet.dispatch({ ...pause, dryRun: true });
    assert.equal(sent, 0);
  });

  test("every command, done or refused, is told with its result", async () => {
    const bench = new Bench();
    await using fleet = await prepare(bench);
    await assert.rejects(fleet.dispatch(pause));
    bench.links.get("a")?.options.report({ ...unknownReadings, phase: "printing" });
    await fleet.dispatch(pause);
    const results = bench.events.flatMap((event) => (event.type === "command" ? [event.result] : []));
    assert.deepEqual(results, ["wrong_phase", "acknowledged"]);
  });

  test("what becomes of a command is told in steps, the last when the state shows it or time is up", async () => {
    const bench = new Bench();
    await using fleet = await prepare(bench);
    const steps = (): string[] =>
      bench.events.flatMap((event) =>
        event.type === "event" && event.event.command !== null ? [event.event.type] : [],
      );
    const report = bench.links.get("a")?.options.report;
    report?.({ ...unknownReadings, phase: "printing" });
    await fleet.dispatch(pause);
    assert.deepEqual(steps(), ["command_sent", "command_acknowledged"]);
    report?.({ ...unknownReadings, phase: "pausing" });
    report?.({ ...unknownReadings, phase: "paused" });
    await bench.clock.advance(0);
    assert.deepEqual(steps().slice(2), ["command_confirmed"]);
    report?.({ ...unknownReadings, phase: "printing" });
    await fleet.dispatch(pause);
    await bench.clock.advance(200_000);
    assert.equal(steps().at(-1), "command_unconfirmed");
  });
});
