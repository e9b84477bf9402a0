import assert from "node:assert/strict";
import { test } from "node:test";
import { XcamHold } from "./xcam-hold.ts";

const accepted = { result: "success", reason: null, errorCode: null, body: {} } as const;

test("an echo of the old value is passed over for three seconds, and no other", () => {
  const hold = new XcamHold();
  hold.accepted("xcam", { module_name: "spaghetti_detector", control: true }, accepted, 0);
  const echo = { wifi_signal: "-50dBm", xcam: { spaghetti_detector: false, printing_monitor: false } };
  assert.deepEqual(hold.without(echo, 2999), { wifi_signal: "-50dBm", xcam: { printing_monitor: false } });
  const shown = { xcam: { spaghetti_detector: true } };
  assert.deepEqual(hold.without(shown, 2999), shown);
  assert.equal(hold.without(echo, 3000), echo);
});

test("what was refused or not answered holds nothing", () => {
  const hold = new XcamHold();
  const body = { module_name: "spaghetti_detector", control: true };
  hold.accepted("xcam", body, { ...accepted, result: "fail" }, 0);
  hold.accepted("xcam", body, undefined, 0);
  const echo = { xcam: { spaghetti_detector: false } };
  assert.equal(hold.without(echo, 1), echo);
});
