// What a client of this printer must never do (it kills prints, or the printer): each row is tried
// here, and nothing may be found on the wire.

import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import { commandNames, type CommandName } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { frames } from "./camera.ts";
import { connection } from "./connection.ts";
import { elegooCc1 } from "./family.ts";
import { encodeRequest, sendableCommands, type RequestName, type RequestPayload } from "./request-table.ts";
import { Bench, until, type StubPrinter } from "./stub-printer.ts";

const whitelist = new Set([
  0, 1, 128, 129, 130, 131, 134, 135, 192, 255, 257, 258, 259, 260, 320, 321, 322, 323, 324, 386, 401, 402, 403, 512,
]);
/** Sent whatever nobody asks for. */
const upkeep = new Set([0, 1, 134, 324, 512]);

const file = { path: import.meta.filename, sizeBytes: 10, md5: "0" };
/** An input for every command that this printer takes. */
const inputs: Partial<Record<CommandName, Record<string, unknown>>> = {
  start: { file: "cube.gcode" },
  setHeaterTarget: { heater: "bed", targetCelsius: 50 },
  setFanSpeed: { fan: "part", speedRatio: 0.5 },
  setSpeed: { mode: "sport" },
  setLight: { light: "chamber", on: true },
  home: { axes: ["x", "y", "z"] },
  jog: { axis: "x", distanceMillimeters: 1 },
  uploadFile: { file: "new.gcode" },
  deleteFile: { file: "old.gcode" },
  downloadFile: { file: "cube.gcode" },
  getThumbnail: { file: "cube.gcode" },
  downloadTimelapse: { id: "a" },
};

/** Asks for it and passes over how it ends. */
async function tryTo(
  bench: Bench,
  name: CommandName,
  input: Record<string, unknown> = inputs[name] ?? {},
): Promise<void> {
  try {
    await bench.ask(name, input, { file });
  } catch (error) {
    assert.ok(error instanceof PrinterError, String(error));
  }
}

/** What went out beyond the upkeep since the handshake. */
function asked(stub: StubPrinter): number[] {
  return stub.commands().filter((cmd) => !upkeep.has(cmd));
}

const states = (currentStatus: number[], subStatus: number) => (stub: StubPrinter) =>
  Object.assign(stub, { currentStatus, subStatus });

/** Rows of the list, in their order. */
const rows: readonly (readonly [string, () => Promise<void>])[] = [
  [
    "1. send a command outside the whitelist, or a gated one to a firmware that is not proven to know it",
    async () => {
      for (const cmd of sendableCommands) assert.ok(whitelist.has(cmd), `${cmd}`);
      for (const firmware of ["V1.0.5", "V1.1.28", "V0.3.0-o", "nonsense"]) {
        await using bench = await Bench.open((stub) => {
          stub.firmware = firmware;
          stub.status = { AmsConnectStatus: 1 };
          stub.answers = {
            320: { HistoryData: ["a"] },
            321: { HistoryDetailList: [{ TaskId: "a", TimeLapseVideoStatus: 1, TimeLapseVideoUrl: "/x" }] },
          };
        });
        await until(() => bench.identities.length > 0);
        for (const name of commandNames) if (bench.session.handlers[name] !== undefined) await tryTo(bench, name);
        await bench.passing(bench.clock.wait(15_000));
        for (const cmd of bench.stub.commands()) {
          assert.ok(whitelist.has(cmd) && ![134, 135, 257, 322, 323, 324].includes(cmd), `${cmd} to ${firmware}`);
        }
      }
    },
  ],
  [
    "2. send a whitelisted command with another payload than its own, or without Data",
    async () => {
      await using bench = await Bench.open();
      const ask = bench.session.ask.bind(bench.session) as (
        name: RequestName,
        payload: unknown,
        options: { signal: AbortSignal },
      ) => Promise<unknown>;
      for (const [name, payload] of [
        ["listFiles", {}],
        ["listTasks", { Id: ["a"] }],
        ["deleteFiles", { Url: "/local/a.gcode" }],
        ["changeParameter", {}],
        ["stopPrint", undefined],
      ] as const) {
        await assert.rejects(ask(name, payload, { signal: bench.signal }), { code: "internal" });
      }
      await bench.passing(bench.clock.wait(100));
      assert.deepEqual(asked(bench.stub), []);
      assert.ok(bench.stub.sent.every(({ data }) => typeof data === "object" && data !== null));
    },
  ],
  [
    "3. probe or try a variant while the machine does anything",
    async () => {
      await using bench = await Bench.open((stub) => {
        states([1], 13)(stub);
        stub.acks = Object.fromEntries([...whitelist].filter((cmd) => !upkeep.has(cmd)).map((cmd) => [cmd, 1]));
      });
      for (const name of commandNames) if (bench.session.handlers[name] !== undefined) await tryTo(bench, name);
      const sent = bench.stub.sent.filter(({ cmd }) => !upkeep.has(cmd));
      const once = new Set(sent.map(({ cmd, data }) => `${cmd} ${JSON.stringify(data)}`));
      for (const one of once) {
        // Thumbnail and download ask for the same file; nothing else is ever asked a second time.
        const times = sent.filter(({ cmd, data }) => `${cmd} ${JSON.stringify(data)}` === one).length;
        assert.ok(times === 1 || (/^(?:260|320|321) /u.test(one) && times <= 3), `${times} times ${one}`);
      }
    },
  ],
  [
    "4. repeat a lifecycle command that was not answered",
    async () => {
      for (const [name, cmd, list, code] of [
        ["pause", 129, [1], 13],
        ["stop", 130, [1], 13],
        ["resume", 131, [1], 6],
        ["start", 128, [0], 0],
      ] as const) {
        await using bench = await Bench.open((stub) => {
          states([...list], code)(stub);
          stub.acks = { [cmd]: null };
        });
        assert.deepEqual(await bench.ask(name, inputs[name] ?? {}), { outcome: "unconfirmed" });
        await bench.passing(bench.clock.wait(30_000));
        assert.equal(bench.stub.commands().filter((one) => one === cmd).length, 1, name);
      }
    },
  ],
  [
    "5. hold a second WebSocket, or come back sooner than 30 s after `too many client`",
    async () => {
      await using bench = await Bench.open();
      for (const name of commandNames) if (bench.session.handlers[name] !== undefined) await tryTo(bench, name);
      assert.equal(bench.stub.sockets, 1);
      await bench.session[Symbol.asyncDispose]();
      bench.stub.refuse = "too many client";
      await assert.rejects(bench.connect(), { retryAfterMs: 30_000 });
      assert.equal(bench.stub.sockets, 2);
    },
  ],
  [
    "6. stay silent on an open socket for 50 s",
    async () => {
      await using bench = await Bench.open();
      for (let second = 0; second < 50; second += 1) {
        await bench.push();
        await bench.clock.advance(1000);
      }
      await until(() => bench.stub.words.length >= 2);
      assert.deepEqual([...new Set(bench.stub.words)], ["ping"]);
    },
  ],
  [
    "7. wait for attributes or status that nobody asked for",
    async () => {
      await using bench = await Bench.open(states([1], 6));
      const order = bench.stub.commands();
      assert.ok(order.indexOf(1) < order.indexOf(0) && order.indexOf(0) < order.indexOf(512));
      const asks = order.filter((cmd) => cmd === 0).length;
      await bench.passing(bench.clock.wait(10_000));
      assert.ok(bench.stub.commands().filter((cmd) => cmd === 0).length >= asks + 2, "no push came, so it asks");
    },
  ],
  [
    "8. open the camera twice, or switch it off at the end",
    async () => {
      await using bench = await Bench.open();
      let opened = 0;
      const camera = createServer((_request, response) => {
        opened += 1;
        response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=--foo" });
        response.write(Buffer.concat([Buffer.from("--foo\r\n\r\n"), Buffer.from("ffd8ffda0003010102ffd9", "hex")]));
      });
      camera.listen(0, "127.0.0.1");
      await until(() => camera.listening);
      const { port: camera_port } = camera.address() as AddressInfo;
      const about = {
        session: bench.session,
        signal: bench.signal,
        clock: systemClock,
        log: silentLog,
        dataFolder: "unused",
      };
      for await (const _jpeg of frames({
        connection: connection.parse({ host: "127.0.0.1", camera_port }),
        ...about,
      })) {
        break;
      }
      camera.closeAllConnections();
      await new Promise<void>((resolve) => void camera.close(() => resolve()));
      assert.equal(opened, 1);
      assert.ok(!bench.stub.commands().includes(386));
      assert.ok((elegooCc1.cameraReopenMs ?? 0) >= 5000);
      const off = { Enable: 0 } as unknown as RequestPayload<"enableCamera">;
      const envelope = { requestId: "1", mainboardId: "", timestampMs: 0, firmware: bench.session.firmware };
      assert.throws(() => encodeRequest("enableCamera", off, envelope), { code: "internal" });
    },
  ],
  [
    "9. start while there is a job, a transfer or a file check, or delete the file that is printed",
    async () => {
      for (const list of [[1], [2], [8], [1, 2], [0, 1], []]) {
        await using bench = await Bench.open(states(list, 0));
        await tryTo(bench, "start");
        await tryTo(bench, "deleteFile", { file: "cube.gcode" });
        await tryTo(bench, "uploadFile");
        assert.deepEqual(asked(bench.stub), [], JSON.stringify(list));
        assert.deepEqual(bench.stub.fetched, []);
      }
    },
  ],
  [
    "9b. start on the word of a status that is older than the question",
    async () => {
      await using bench = await Bench.open();
      bench.stub.currentStatus = [1]; // somebody pressed start at the screen; no push has come
      await tryTo(bench, "start");
      await tryTo(bench, "deleteFile");
      await tryTo(bench, "jog");
      assert.deepEqual(asked(bench.stub), []);
    },
  ],
  [
    "10. move by hand unless the machine is idle",
    async () => {
      for (const list of [[1], [2], [4], [5], [6], [7], [8], [9], [10], [11], [0, 9], [99], []]) {
        await using bench = await Bench.open(states(list, 0));
        await tryTo(bench, "home");
        await tryTo(bench, "home", { axes: ["x"] });
        await tryTo(bench, "jog");
        assert.deepEqual(asked(bench.stub), [], JSON.stringify(list));
      }
    },
  ],
  [
    "11. ask for more than the caps, for parts of a percent of a fan, or for another speed than the four",
    async () => {
      await using bench = await Bench.open((stub) => {
        states([1], 13)(stub);
        stub.firmware = "V0.3.0-o";
      });
      for (const [heater, targetCelsius] of [
        ["nozzle0", 301],
        ["bed", 111],
        ["chamber", 61],
        ["nozzle0", -1],
        ["nozzle0", Number.NaN],
        ["bed", 60.5],
        ["nozzle1", 200],
        ["toString", 20],
      ] as const) {
        await tryTo(bench, "setHeaterTarget", { heater, targetCelsius });
      }
      for (const speedRatio of [0.49, 0.75, 1.01, 1.5, 1.61, 3]) await tryTo(bench, "setSpeed", { speedRatio });
      for (const mode of ["fast", "toString", "Sport"]) await tryTo(bench, "setSpeed", { mode });
      await tryTo(bench, "setFanSpeed", { fan: "hotend", speedRatio: 1 });
      await tryTo(bench, "setFanSpeed", { fan: "part", speedRatio: 1.5 });
      await tryTo(bench, "setFanSpeed", { fan: "part", speedRatio: Number.NaN });
      await tryTo(bench, "setLight", { light: "rgb", on: true });
      assert.deepEqual(asked(bench.stub), []);
    },
  ],
  [
    "12. take a refusal during a print for a malfunction, or ask again after one",
    async () => {
      await using bench = await Bench.open((stub) => {
        states([1], 13)(stub);
        stub.firmware = "V1.1.28";
        stub.acks = { 403: 1 };
      });
      await until(() => bench.identities.length > 0);
      await assert.rejects(bench.ask("setLight", { light: "chamber", on: true }), {
        code: "wrong_phase",
        message: /refuses it during a print/u,
      });
      await bench.passing(bench.clock.wait(20_000));
      assert.deepEqual(asked(bench.stub), [403]);
      assert.deepEqual(bench.session.readings.faults, []);
    },
  ],
  [
    "13. trust PrintInfo.Status without CurrentStatus",
    async () => {
      await using bench = await Bench.open(states([0], 13));
      assert.deepEqual([bench.session.readings.phase, bench.session.readings.job], ["idle", null]);
      for (const name of ["pause", "stop", "resume", "setSpeed"] as const) await tryTo(bench, name);
      bench.stub.currentStatus = [1];
      bench.stub.subStatus = 9;
      await tryTo(bench, "start");
      assert.deepEqual(asked(bench.stub), []);
    },
  ],
  [
    "14. send a second upload beside the first",
    async () => {
      await using bench = await Bench.open();
      let held: ServerResponse | undefined;
      bench.stub.web = (_request, _body, response) => (held = response);
      const first = bench.ask("uploadFile", { file: "a.gcode" }, { file });
      await until(() => bench.stub.fetched.length === 1);
      await assert.rejects(bench.ask("uploadFile", { file: "b.gcode" }, { file }), {
        code: "wrong_phase",
        message: /on its way/u,
      });
      await assert.rejects(bench.ask("start", { file: "cube.gcode" }), { code: "wrong_phase" });
      assert.deepEqual([asked(bench.stub), bench.stub.fetched.length], [[], 1]);
      held?.end('{"code":"000000"}');
      assert.deepEqual(await first, { outcome: "acknowledged" });
    },
  ],
  [
    "15. take HTTP 200 for the success of an upload",
    async () => {
      await using bench = await Bench.open((stub) => {
        stub.web = (_request, _body, response) => response.end('{"code":0,"success":true}');
      });
      await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, { file }), {
        code: "printer_refused",
      });
    },
  ],
  [
    "16. talk to any host but the printer's own",
    async () => {
      await using bench = await Bench.open((stub) => {
        stub.answers = { 260: { FileInfo: { Thumbnail: "http://192.0.2.1/a.png" } } };
      });
      await assert.rejects(bench.ask("getThumbnail", { file: "a.gcode" }), { code: "protocol" });
      assert.deepEqual(bench.stub.fetched, []);
    },
  ],
  [
    "17. resume an interrupted job by itself after coming back",
    async () => {
      await using bench = await Bench.open((stub) => (stub.acks = { 134: 1 }));
      await until(() => bench.session.readings.faults.length > 0);
      for (const name of commandNames) if (bench.session.handlers[name] !== undefined) await tryTo(bench, name);
      assert.ok(!bench.stub.commands().includes(135) && !sendableCommands.includes(135));
    },
  ],
];

for (const [row, attempt] of rows) test(`never: ${row}`, { timeout: 120_000 }, attempt);
