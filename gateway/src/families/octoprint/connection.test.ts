import assert from "node:assert/strict";
import { test } from "node:test";
import { connection } from "./connection.ts";

test("an address is http or https, and holds no password", () => {
  for (const url of ["http://octopi.local", "https://[::1]:5000/octo/"]) {
    assert.ok(connection.safeParse({ url, api_key: "k" }).success, url);
  }
  for (const url of ["octopi.local", "ftp://host", "http://me:secret@host", ""]) {
    assert.ok(!connection.safeParse({ url, api_key: "k" }).success, url);
  }
  assert.ok(!connection.safeParse({ url: "http://host" }).success);
});
