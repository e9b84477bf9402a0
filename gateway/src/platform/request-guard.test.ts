import { strict as assert } from "node:assert";
import { test } from "node:test";
import { refusedHost, refusedOrigin } from "./request-guard.ts";

const none: ReadonlySet<string> = new Set();

test("addresses, names without a dot and local names are answered", () => {
  for (const host of [
    "10.0.0.5:8787",
    "[fe80::1]:8787",
    "localhost",
    "rtsp-bridge:8788",
    "Printers.LAN",
    "lab.local.",
  ]) {
    assert.equal(refusedHost(host, none), undefined, host);
  }
});

test("any other name is refused until it is allowed", () => {
  for (const host of ["evil.example", "local.evil.example", "10.0.0.5.evil.example", "a b", "", undefined]) {
    assert.match(refusedHost(host, none) ?? "", /gateway\.allowed_hosts/u, host);
  }
  assert.equal(refusedHost("Gantry.example.com:443", new Set(["gantry.example.com"])), undefined);
});

test("a page may ask its own host, and an allowed page any", () => {
  const allowed = new Set(["gantry.example.com"]);
  assert.equal(refusedOrigin(undefined, "lab:1", none), undefined);
  for (const origin of ["http://lab:1", "https://lab:1"]) assert.equal(refusedOrigin(origin, "lab:1", none), undefined);
  for (const origin of ["http://lab:2", "http://lab", "null", "file://", "http://evil.example"]) {
    assert.match(refusedOrigin(origin, "lab:1", allowed) ?? "", /may not do this here/u, origin);
  }
  assert.equal(refusedOrigin("https://gantry.example.com", "lab:1", allowed), undefined);
});
