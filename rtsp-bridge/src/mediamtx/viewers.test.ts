import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessSettings } from "@gantry/config";
import { isRevoked, viewerUsers } from "./viewers.ts";

const bridge = { user: "gantry-bridge", password: "def456" };
const cameras = { username: "home", password: "secretword" };
const all = { name: "frigate", token: "frigate-token", printers: undefined };
const one = { name: "hallway", token: "hallway-token", printers: ["cc1"] };
const access: AccessSettings = { cameras, tokens: [all, one] };

const session = (user: string, path = "cc2") => ({ user, path });

void test("without access everybody watches, and only the bridge publishes", () => {
  const [publisher, anybody] = viewerUsers(null, bridge);
  assert.deepEqual(publisher?.permissions, [{ action: "publish" }, { action: "read" }]);
  assert.deepEqual(publisher?.ips, ["127.0.0.1", "::1"]);
  assert.deepEqual(anybody, { user: "any", permissions: [{ action: "read" }] });
});

void test("with access nobody is anybody, and a token for one printer watches its two streams", () => {
  const users = viewerUsers(access, bridge);
  assert.deepEqual(
    users.map(({ user, pass }) => [user, pass]),
    [
      ["gantry-bridge", "def456"],
      ["home", "secretword"],
      ["frigate", "frigate-token"],
      ["hallway", "hallway-token"],
    ],
  );
  assert.deepEqual(users[2]?.permissions, [{ action: "read" }]);
  assert.deepEqual(users[3]?.permissions, [
    { action: "read", path: "cc1" },
    { action: "read", path: "cc1_sub" },
  ]);
});

void test("access with nobody in it lets nobody watch", () => {
  assert.equal(viewerUsers({ cameras: undefined, tokens: [] }, bridge).length, 1);
});

void test("sessions are ended by what is gone, changed or narrowed, and by nothing else", () => {
  const without = { cameras, tokens: [one] };
  assert.equal(isRevoked(session("frigate"), access, without), true);
  assert.equal(isRevoked(session("home"), access, without), false);
  assert.equal(isRevoked(session("hallway", "cc1_sub"), access, without), false);
  assert.equal(isRevoked(session("gantry-bridge"), access, without), false);
  assert.equal(isRevoked(session(""), null, access), true);
  assert.equal(isRevoked(session("home"), null, access), true);
  assert.equal(isRevoked(session("home"), access, null), false);
  const other = { cameras: { ...cameras, password: "another-one" }, tokens: [{ ...all, printers: ["cc1"] }] };
  assert.equal(isRevoked(session("home"), access, other), true);
  assert.equal(isRevoked(session("frigate"), access, other), true);
  assert.equal(isRevoked(session("frigate", "cc1"), access, other), false);
});
