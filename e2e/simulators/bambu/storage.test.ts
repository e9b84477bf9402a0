// The simulated printer's card.

import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { describe, test } from "node:test";
import { Card } from "./storage.ts";

describe("the simulated card", { timeout: 60_000 }, () => {
  test("has the firmware's folders and goes away with its files", async () => {
    const card = await Card.create();
    const root = card.locate("/");
    assert.ok(root !== undefined);
    const names = (await card.list("/"))?.map(({ name }) => name);
    assert.deepEqual(names, ["cache", "logs", "model", "timelapse"]);
    assert.equal((await card.entry("/timelapse/thumbnail"))?.isFolder, true);
    await card[Symbol.asyncDispose]();
    await assert.rejects(access(root));
  });

  test("keeps every path inside itself", async () => {
    await using card = await Card.create();
    const root = card.locate("/");
    assert.equal(card.locate("../../etc/passwd"), `${root}/etc/passwd`);
    for (const path of ["/a:b", "/a\\b", "/a\nb", `/${"x".repeat(256)}`]) assert.equal(card.locate(path), undefined);
    await card.remove("/");
    assert.ok((await card.list("/"))?.length);
  });

  test("counts what is free, and has nothing free when full or removed", async () => {
    await using card = await Card.create();
    card.capacityBytes = 1000;
    await card.put("/cache/a.3mf", Buffer.alloc(400));
    assert.equal(await card.freeBytes(), 600);
    assert.equal(await card.md5("/cache/a.3mf"), "A75D7D422FD00BF31208B013E74D8394");
    card.state = "full";
    assert.equal(await card.freeBytes(), 0);
    assert.equal((await card.entry("/cache/a.3mf"))?.sizeBytes, 400);
    card.state = "removed";
    assert.equal(await card.list("/"), undefined);
    assert.equal(await card.entry("/cache/a.3mf"), undefined);
    card.state = "present";
    await card.format();
    assert.equal(await card.freeBytes(), 1000);
  });
});
