import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { aborted, runProcess } from "./lifecycle.ts";

const module = new URL("lifecycle.ts", import.meta.url).href;

/** Runs `main` in a process of its own and waits until it says that it has begun. */
async function start(main: string, deadlineMs = 60_000): Promise<{ child: ChildProcess; said: () => string }> {
  const script = `const { aborted, runProcess } = await import(${JSON.stringify(module)});
    const busy = setInterval(() => undefined, 1000);
    const onDeadline = () => process.stdout.write("deadline ");
    const main = async (signal) => { process.stdout.write("began "); ${main} };
    process.exitCode = await runProcess(main, { deadlineMs: ${deadlineMs}, onDeadline });
    clearInterval(busy);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  while (!said.includes("began")) await once(child.stdout, "data");
  return { child, said: () => said };
}

async function exit(child: ChildProcess): Promise<unknown> {
  const [code, signal] = await once(child, "close");
  return code ?? signal;
}

const orderly = `await aborted(signal); process.stdout.write("closing: " + signal.reason.message + " ");`;

describe("runProcess", { timeout: 120_000 }, () => {
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    it(`aborts the root signal on ${name} and ends with 0`, async () => {
      const { child, said } = await start(orderly);
      child.kill(name);
      assert.equal(await exit(child), 0);
      assert.equal(said(), `began closing: received ${name} `);
    });
  }

  it("ends with 0 when main ends by the abort itself", async () => {
    const { child } = await start(`await aborted(signal); signal.throwIfAborted();`);
    child.kill("SIGTERM");
    assert.equal(await exit(child), 0);
  });

  it("ends at once on a second signal", async () => {
    const { child, said } = await start(`${orderly} await new Promise(() => undefined);`);
    child.kill("SIGTERM");
    while (!said().includes("closing")) await once(child.stdout ?? assert.fail(), "data");
    child.kill("SIGINT");
    assert.equal(await exit(child), 1);
  });

  it("ends when closing takes longer than the deadline", async () => {
    const { child, said } = await start(`${orderly} await new Promise(() => undefined);`, 100);
    child.kill("SIGTERM");
    assert.equal(await exit(child), 1);
    assert.match(said(), /closing.*deadline/u);
  });

  it("gives the exit code of main, and throws what main throws", async () => {
    const before = process.listenerCount("SIGTERM");
    assert.equal(await runProcess(async () => 3, { deadlineMs: 1000 }), 3);
    assert.equal(await runProcess(async () => undefined, { deadlineMs: 1000 }), 0);
    const fault = new Error("fault");
    await assert.rejects(
      runProcess(() => Promise.reject(fault), { deadlineMs: 1000 }),
      (error) => error === fault,
    );
    assert.equal(process.listenerCount("SIGTERM"), before);
  });

  it("throws a fault that occurs while closing", async () => {
    const fault = new Error("fault while closing");
    const running = runProcess(
      async (signal) => {
        await aborted(signal);
        throw fault;
      },
      { deadlineMs: 60_000 },
    );
    process.emit("SIGTERM");
    await assert.rejects(running, (error) => error === fault);
  });
});

describe("aborted", () => {
  it("resolves when the signal aborts, also when it did before", async () => {
    const controller = new AbortController();
    const pending = aborted(controller.signal);
    controller.abort();
    await pending;
    await aborted(controller.signal);
  });
});
