// The players that people use, each a minute long and all at once, with credentials.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findPlayers } from "../players/install.ts";
import type { Watched } from "../players/programs.ts";
import { Stack } from "./harness/stack.ts";

const seconds = 60;

describe("a stream over TCP with credentials, for a minute", { timeout: 1_200_000 }, async () => {
  const found = await findPlayers();
  const login = { username: "viewer", password: "a-long-password" };
  let stack: Stack | undefined;
  const watched = new Map<string, Promise<Watched>>();

  before(async () => {
    stack = await Stack.start({ bridge: true, inventory: { access: { cameras: login } } });
    const url = new URL(`${stack.rtspUrl}/cc1`);
    Object.assign(url, login);
    for (const { player } of found) {
      if (player !== undefined) watched.set(player.name, player.watch(url.href, seconds));
    }
  });
  after(async () => stack?.[Symbol.asyncDispose]());

  for (const { player, ...rest } of found) {
    const skip = rest.missing ?? false;
    test(`${player?.name ?? ("name" in rest ? rest.name : "")} plays it without a fault`, { skip }, async () => {
      const { frames, keyFrames, longestKeyGapSeconds, backwards, errors } =
        (await watched.get(player?.name ?? "")) ?? assert.fail("it was not started");
      assert.deepEqual(errors, []);
      assert.equal(backwards, 0, "timestamps strictly increase");
      assert.ok(frames >= seconds * 1.5, `${frames} pictures`);
      if (keyFrames !== null) assert.ok(keyFrames >= seconds * 0.8, `${keyFrames} key frames`);
      if (longestKeyGapSeconds !== null) assert.ok(longestKeyGapSeconds < 1.6, `${longestKeyGapSeconds} s without one`);
    });
  }
});
