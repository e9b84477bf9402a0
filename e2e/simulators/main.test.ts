// The launcher as a process: one line, a clean end, and exit codes.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

function launch(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs to the end. */
async function run(...args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = launch(...args);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr?.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [unknown];
  return { code, stdout, stderr };
}

describe("the simulator launcher", { timeout: 120_000 }, () => {
  test("prints one JSON line once it listens, and ends with 0 on SIGTERM and SIGINT", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const child = launch("elegoo-cc1", "--port", "0", "--scenario", "printing", "--profile", "stock-1.4");
      const lines = createInterface({ input: child.stdout ?? process.stdin });
      const [line] = (await once(lines, "line")) as [string];
      const told = JSON.parse(line) as { event: string; admin: string; ports: Record<string, number>; serial: string };
      assert.equal(told.event, "listening");
      assert.deepEqual(Object.keys(told.ports), ["main", "http", "camera", "discovery"]);
      assert.match(told.serial, /^[0-9a-f]{32}$/);
      const state = (await (await fetch(`${told.admin}/state`)).json()) as { stage: string };
      assert.equal(state.stage, "printing");
      child.kill(signal);
      const [code] = (await once(child, "close")) as [number];
      assert.equal(code, 0);
    }
  });

  test("ends with 2 and says what is legal for a wrong command line", async () => {
    const wrong: readonly (readonly [RegExp, ...string[]])[] = [
      [/npm run simulator/],
      [/legal: .*elegoo-cc1, .*mjpeg-camera/, "toaster"],
      [/legal: .*--camera-port/, "elegoo-cc1", "--colour", "red"],
      [/not a whole number from 0 to 65535/, "elegoo-cc1", "--port", "seven"],
      [/legal: idle/, "elegoo-cc1", "--port", "0", "--scenario", "dancing"],
      [/legal: stock-1.1/, "elegoo-cc1", "--port", "0", "--profile", "x"],
      [/--speed/, "elegoo-cc1", "--port", "0", "--speed", "fast"],
    ];
    for (const [message, ...args] of wrong) {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [2, ""], args.join(" "));
      assert.match(stderr, message);
    }
  });

  test("ends with 1 when a port is taken", async () => {
    const child = launch("mjpeg-camera", "--port", "0");
    const [line] = (await once(createInterface({ input: child.stdout ?? process.stdin }), "line")) as [string];
    const { ports } = JSON.parse(line) as { ports: { main: number } };
    const { code, stderr } = await run("mjpeg-camera", "--port", String(ports.main));
    assert.equal(code, 1);
    assert.match(stderr, /EADDRINUSE/);
    child.kill();
    await once(child, "close");
  });
});
