import assert from "node:assert/strict";
import { rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { InventoryError } from "./load.ts";
import { testFamilies, testFolder, type TestFolder } from "./testing.ts";
import { openInventory, type InventoryChange, type WatchOptions } from "./watch.ts";

/** Time that stands still until `look`, which lets the watch look at the file once. */
function manualClock() {
  let now = 1000;
  let release: (() => void) | undefined;
  let waiting = Promise.withResolvers<number>();
  return {
    now: () => now,
    wait: async (ms: number, signal: AbortSignal) => {
      const ended = Promise.withResolvers<void>();
      const onAbort = (): void => ended.reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
      release = ended.resolve;
      waiting.resolve(ms);
      await ended.promise;
      signal.removeEventListener("abort", onAbort);
      now += ms;
    },
    /** Gives how long the watch waits next, ms. */
    look: async () => {
      await waiting.promise;
      waiting = Promise.withResolvers<number>();
      release?.();
      return waiting.promise;
    },
  };
}

const entry = (id: string) => `  - {id: ${id}, family: elegoo-cc1, connection: {host: a}}\n`;

async function watched(folder: TestFolder, options: Partial<WatchOptions> = {}) {
  const clock = manualClock();
  const inventory = await openInventory({ file: folder.file, env: {}, families: testFamilies, clock, ...options });
  const changes: InventoryChange[] = [];
  inventory.on((change) => changes.push(change));
  const ids = () => inventory.current.printers.map(({ id }) => id);
  /** Enough looks for a change to be seen, seen again and read. */
  const settle = async () => {
    for (let looks = 0; looks < 3; looks++) await clock.look();
  };
  return { inventory, clock, changes, ids, settle, [Symbol.asyncDispose]: () => inventory[Symbol.asyncDispose]() };
}

test("takes a changed file and tells it", async () => {
  await using folder = await testFolder();
  await folder.write("printers.yaml", `printers:\n${entry("a")}`);
  await using watch = await watched(folder);
  const { inventory, changes } = watch;
  assert.deepEqual(watch.ids(), ["a"]);
  assert.deepEqual(inventory.status, {
    valid: true,
    loadedAtMs: 1000,
    missing: false,
    file: folder.file,
    problems: [],
  });
  await folder.write("printers.yaml", `printers:\n${entry("a")}${entry("b")}`);
  await watch.settle();
  assert.deepEqual(watch.ids(), ["a", "b"]);
  assert.equal(changes.length, 1);
  assert.equal(changes[0]?.taken, true);
  assert.equal(changes[0]?.inventory, inventory.current);
  assert.ok((inventory.status.loadedAtMs ?? 0) > 1000);
});

test("takes a file that was put in the place of the old one", async () => {
  await using folder = await testFolder();
  await folder.write("printers.yaml", `printers:\n${entry("a")}`);
  await using watch = await watched(folder);
  await rename(await folder.write("new", `printers:\n${entry("b")}`), folder.file);
  await watch.settle();
  assert.deepEqual(watch.ids(), ["b"]);
});

test("a wrong file leaves the running one in force until it is right again", async () => {
  await using folder = await testFolder();
  const good = `printers:\n${entry("a")}`;
  await folder.write("printers.yaml", good);
  await using watch = await watched(folder);
  const before = watch.inventory.current;
  await folder.write("printers.yaml", `${good}brige: {}\n`);
  await watch.settle();
  assert.equal(watch.inventory.current, before);
  assert.equal(watch.inventory.status.valid, false);
  assert.equal(watch.inventory.status.loadedAtMs, 1000);
  assert.deepEqual(watch.inventory.status.problems, ["printers.yaml:3:1 brige: unknown key; did you mean bridge?"]);
  await folder.write("printers.yaml", good);
  await watch.settle();
  assert.equal(watch.inventory.status.valid, true);
  assert.deepEqual(watch.inventory.status.problems, []);
  assert.deepEqual(
    watch.changes.map(({ taken }) => taken),
    [false, true],
  );
});

test("a touched file with the same contents is no change", async () => {
  await using folder = await testFolder();
  await folder.write("printers.yaml", `printers:\n${entry("a")}`);
  await using watch = await watched(folder);
  const before = watch.inventory.current;
  await utimes(folder.file, 5, 5);
  await watch.settle();
  assert.equal(watch.inventory.current, before);
  assert.deepEqual(watch.changes, []);
});

test("a file that is still being written is not read", async () => {
  await using folder = await testFolder();
  await folder.write("printers.yaml", `printers:\n${entry("a")}`);
  await using watch = await watched(folder);
  await folder.write("printers.yaml", "");
  assert.equal(await watch.clock.look(), 1000, "an emptied file is given more time");
  await folder.write("printers.yaml", `printers:\n${entry("b")}`);
  assert.equal(await watch.clock.look(), 200);
  await folder.write("printers.yaml", `printers:\n${entry("b")}${entry("c")}`);
  await watch.clock.look();
  assert.deepEqual(watch.ids(), ["a"]);
  assert.equal(await watch.clock.look(), 1000);
  assert.deepEqual(watch.ids(), ["b", "c"]);
  assert.equal(watch.changes.length, 1);
});

test("a file that is not there yet is an empty inventory until it appears", async () => {
  await using folder = await testFolder();
  await using watch = await watched(folder);
  const nothing = { valid: true, loadedAtMs: null, missing: true, file: folder.file, problems: [] };
  assert.deepEqual(watch.inventory.status, nothing);
  assert.deepEqual(watch.inventory.current.printers, []);
  await folder.write("printers.yaml", "printers: 5");
  await watch.settle();
  assert.equal(watch.inventory.status.valid, false);
  assert.equal(watch.inventory.status.missing, false);
  await rm(folder.file);
  await watch.settle();
  assert.deepEqual(watch.inventory.status, nothing);
  await folder.write("printers.yaml", `printers:\n${entry("a")}`);
  await watch.settle();
  assert.deepEqual(watch.ids(), ["a"]);
  assert.deepEqual(
    watch.changes.map(({ taken }) => taken),
    [false, false, true],
  );
});

test("a file that goes away leaves the inventory in force and says so", async () => {
  await using folder = await testFolder();
  await folder.write("printers.yaml", `printers:\n${entry("a")}`);
  await using watch = await watched(folder);
  await rm(folder.file);
  await watch.settle();
  assert.deepEqual(watch.ids(), ["a"]);
  assert.equal(watch.inventory.status.valid, false);
  assert.equal(watch.inventory.status.missing, false);
  assert.deepEqual(watch.inventory.status.problems, [
    "printers.yaml:1:1 the file is gone; the inventory read before stays in force",
  ]);
});

test("a changed secret file is a change", async () => {
  await using folder = await testFolder();
  const text = "printers: [{id: a, family: bambu, connection: {host: a, serial: s, access_code_file: code}}]\n";
  await folder.write("printers.yaml", text);
  await folder.write("code", "first");
  await using watch = await watched(folder);
  await watch.settle();
  assert.deepEqual(watch.changes, []);
  await folder.write("code", "second");
  await watch.settle();
  const connection = { host: "a", serial: "s", access_code: "second", tls: "verify" };
  assert.deepEqual(watch.inventory.current.printers[0]?.connection, connection);
  await rm(join(folder.folder, "code"));
  await watch.settle();
  assert.equal(watch.inventory.status.valid, false);
  await folder.write("code", "third");
  await watch.settle();
  assert.equal(watch.inventory.status.valid, true);
  assert.deepEqual(
    watch.changes.map(({ taken }) => taken),
    [true, false, true],
  );
});

test("a file that is wrong at start is refused", async () => {
  await using folder = await testFolder();
  await folder.write("printers.yaml", "printers: 5");
  await assert.rejects(openInventory({ file: folder.file, env: {} }), InventoryError);
  await assert.rejects(openInventory({ file: folder.folder, env: {} }), InventoryError);
});

test("hears nothing once its listener or the watch is disposed", async () => {
  await using folder = await testFolder();
  const watch = await watched(folder);
  const heard: boolean[] = [];
  const listening = watch.inventory.on(({ taken }) => heard.push(taken));
  listening[Symbol.dispose]();
  await folder.write("printers.yaml", `printers:\n${entry("a")}`);
  await watch.settle();
  assert.deepEqual(heard, []);
  assert.equal(watch.changes.length, 1);
  await watch[Symbol.asyncDispose]();
  await watch[Symbol.asyncDispose]();
  assert.deepEqual(watch.ids(), ["a"]);
});

test("by the wall clock too", async () => {
  await using folder = await testFolder();
  await using inventory = await openInventory({ file: folder.file, env: {}, pollMs: 20 });
  const heard = Promise.withResolvers<InventoryChange>();
  inventory.on(heard.resolve);
  await folder.write("printers.yaml", `printers:\n${entry("a")}`);
  assert.equal((await heard.promise).inventory.printers.length, 1);
});
