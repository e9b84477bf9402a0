// What goes wrong between a gateway and Bambu printers, told in words, and healed without a restart of
// the gateway; and that a command which went out is never sent again.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { EventStream } from "./harness/event-stream.ts";
import { RestPrinter, type Json } from "./harness/rest-printer.ts";
import { Stack, type PrinterOptions } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const code = "86021300";

function printing(model: string, more: Readonly<Record<string, string>> = {}): PrinterOptions {
  return { family: "bambu", control: true, scenario: "printing", speed: 5, settings: { model, ...more } };
}

const printers: Record<string, PrinterOptions> = {
  zombie: printing("p1s"),
  broker: printing("h2d"),
  full: printing("p1s"),
  code: printing("x1c", { "access-code": "Zq7Kp2Xw" }),
  power: printing("a1mini"),
  replay: printing("p1s"),
  camera: printing("p1s"),
};

function counters(
  stack: Stack,
  id: string,
): { readonly mqtt: Readonly<Record<string, number>>; readonly commands: Json } {
  return stack.printer(id).control.counters() as never;
}

/** Since when nothing was told of it that is new: so long no report came in. */
function layer(state: Json): unknown {
  return (state["job"] as Json | null)?.["layer"];
}

test("seven printers with seven troubles", { timeout: 290_000, concurrency: true }, async (t) => {
  await using stack = await Stack.start({ printers });
  const of = (id: string): RestPrinter => new RestPrinter(stack, id);
  await Promise.all(Object.keys(printers).map(async (id) => of(id).phase("printing")));
  await using events = await EventStream.open(stack);

  // Each waits for its own printer, mostly.
  await Promise.all([
    t.test("connections that the broker cuts come back at once, and nothing is told as lost", async () => {
      const before = counters(stack, "broker").mqtt["logins"] ?? 0;
      for (const how of ["end", "reset"]) {
        const { logins = 0 } = counters(stack, "broker").mqtt;
        await stack.fault("broker", "drop-sockets", { how });
        await until("it is connected anew", () => (counters(stack, "broker").mqtt["logins"] ?? 0) > logins);
      }
      await until(
        "it takes commands",
        async () => (await of("broker").command("set-light", { light: "chamber", on: true }))[0] === 200,
      );
      assert.equal(counters(stack, "broker").mqtt["logins"], before + 2);
      assert.ok(events.states("broker").every((state) => state["connected"] === true));
    }),

    t.test("a broker that takes nobody is told with what may be the matter, and waited for", async () => {
      await stack.fault("full", "session-limit", { count: 0 });
      await stack.fault("full", "drop-sockets");
      await of("full").reason(/turns the connection away: it is starting, or too many programs/u);
      await stack.fault("full", "session-limit", { clear: true });
      await of("full").connected();
    }),

    t.test("a changed access code is told, sent once, and right as soon as the inventory is", async () => {
      await stack.fault("code", "access-code-changed", { code });
      await of("code").reason(/refuses its access code; it changes whenever LAN Only or Developer Mode is switched/u);
      const refused = counters(stack, "code").mqtt["refused"];
      await wait(5000);
      assert.deepEqual([refused, counters(stack, "code").mqtt["refused"]], [1, 1]);
      const text = await readFile(stack.inventory, "utf8");
      await writeFile(stack.inventory, text.replace("Zq7Kp2Xw", code));
      await of("code").phase("printing");
      assert.equal(counters(stack, "code").mqtt["refused"], 1);
      assert.ok(stack.gateway.lines.every((line) => !line.includes("Zq7Kp2Xw") && !line.includes(code)));
    }),

    t.test("a printer that is switched off and on is lost, and back", async () => {
      await stack.fault("power", "power-cut");
      await of("power").connected(false);
      assert.deepEqual(events.happened("power").includes("print_finished"), false);
      await stack.fault("power", "power-cut", { clear: true });
      await of("power").shows("a rest", ({ connected, phase }) => connected === true && phase === "idle");
      await of("power").acknowledged("set-light", { light: "chamber", on: false });
    }),

    t.test("a command whose receipt never comes is not sent again by a new connection", async () => {
      await stack.fault("replay", "puback", { withheld: true });
      await stack.fault("replay", "lost-answer", { command: "pause", times: 1 });
      await stack.fault("replay", "silence");
      const [, answer] = await of("replay").command("pause");
      assert.ok(answer["outcome"] === "unconfirmed" || answer["code"] !== undefined, JSON.stringify(answer));
      await stack.fault("replay", "silence", { clear: true });
      await stack.fault("replay", "puback", { clear: true });
      const { logins = 0 } = counters(stack, "replay").mqtt;
      await stack.fault("replay", "drop-sockets", { how: "reset" });
      await until("it is connected anew", () => (counters(stack, "replay").mqtt["logins"] ?? 0) > logins);
      await of("replay").phase("printing");
      await wait(2000);
      assert.equal(counters(stack, "replay").commands["print.pause"], 1);
    }),

    t.test("a session that lives and says nothing is woken", async () => {
      await stack.fault("zombie", "zombie");
      const frozen = layer(await of("zombie").state());
      // It takes a minute until the silence is noticed.
      await of("zombie").shows(
        "a report after the silence",
        (state) => state["connected"] === true && layer(state) !== frozen,
        120_000,
      );
      const { commands } = counters(stack, "zombie");
      assert.ok(Number(commands["pushing.start"] ?? 0) >= 1);
      // Whole reports asked for again and again slow a P1 down.
      const { pushalls } = stack.printer("zombie").control.counters() as { pushalls: Json };
      assert.equal(pushalls["tooSoon"], 0);
    }),
    t.test("a camera that is cut is opened again for who watches it", async () => {
      const response = await of("camera").request("GET", "/camera.mjpeg");
      const reader = response.body?.getReader();
      let bytes = 0;
      const reading = (async () => {
        for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
          bytes += part.value.length;
      })();
      const grows = async (): Promise<void> => {
        const before = bytes;
        await until("pictures come", () => bytes > before + 100_000);
      };
      await grows();
      await stack.fault("camera", "camera-drop");
      await grows();
      await stack.fault("camera", "camera-refuse");
      await wait(3000);
      await stack.fault("camera", "camera-refuse", { clear: true });
      await grows();
      const { camera } = stack.printer("camera").control.counters() as { camera?: { viewers: Json } };
      assert.equal(camera?.viewers["peak"], 1, JSON.stringify(camera));
      await reader?.cancel();
      await reading;
    }),
  ]);
});
