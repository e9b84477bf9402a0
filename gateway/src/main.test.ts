// The gateway as a process: how it begins and ends where no printer is concerned.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";

const timeout = 60_000;

async function place(): Promise<AsyncDisposable & { folder: string; env: (port: number) => NodeJS.ProcessEnv }> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-main-"));
  await mkdir(join(folder, "spool"));
  await writeFile(join(folder, "spool", "left.spool"), "x");
  await writeFile(join(folder, "spool", "notes.txt"), "x");
  return {
    folder,
    env: (port) => ({
      ...process.env,
      GANTRY_INVENTORY: join(folder, "printers.yaml"),
      GANTRY_DATA_DIR: folder,
      GANTRY_HTTP_HOST: "127.0.0.1",
      GANTRY_HTTP_PORT: String(port),
    }),
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true }),
  };
}

test("removes what an earlier one was uploading, and ends when it is told to", { timeout }, async (context) => {
  await using at = await place();
  const gateway = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], { env: at.env(0) });
  context.after(() => gateway.kill("SIGKILL"));
  let said = "";
  const ended = once(gateway, "exit");
  await new Promise<void>((resolve) => {
    gateway.stderr.on("data", (chunk) => {
      said += String(chunk);
      if (said.includes('"event":"listening"')) resolve();
    });
  });
  assert.deepEqual(await readdir(join(at.folder, "spool")), ["notes.txt"]);
  gateway.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});

test(
  "says that its port is taken, ends, and leaves the uploads of the one that has it",
  { timeout },
  async (context) => {
    await using at = await place();
    const other = createServer().listen(0, "127.0.0.1");
    context.after(() => other.close());
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const gateway = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], { env: at.env(port) });
    context.after(() => gateway.kill("SIGKILL"));
    const [said, [code]] = await Promise.all([text(gateway.stderr), once(gateway, "exit")]);
    assert.match(said, /another program has this port; set GANTRY_HTTP_PORT/u);
    assert.equal(code, 1);
    assert.deepEqual((await readdir(join(at.folder, "spool"))).toSorted(), ["left.spool", "notes.txt"]);
  },
);
