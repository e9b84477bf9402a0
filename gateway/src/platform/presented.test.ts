import { strict as assert } from "node:assert";
import { test } from "node:test";
import { isSame, presentedBy } from "./presented.ts";

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;
const shown = (authorization: string | undefined, url = "/") =>
  presentedBy({ headers: authorization === undefined ? {} : { authorization }, url });

test("reads Basic, Bearer and the query", () => {
  assert.deepEqual(shown(basic("home:a:b")), { user: "home", secret: "a:b" });
  assert.deepEqual(shown(basic("büro:ü")), { user: "büro", secret: "ü" });
  assert.deepEqual(shown("bearer  abc"), { user: undefined, secret: "abc" });
  assert.deepEqual(shown(undefined, "/x.jpg?a=1&token=a%2Fb"), { user: undefined, secret: "a/b" });
});

test("the header goes before the query", () => {
  assert.deepEqual(shown("Bearer abc", "/?token=def"), { user: undefined, secret: "abc" });
});

test("anything else shows nothing", () => {
  const odd = ["Digest x", "Basic", "Bearer", "", basic("no colon"), `Bearer ${"x".repeat(2000)}`];
  for (const header of odd) assert.equal(shown(header), undefined, header.slice(0, 40));
  for (const url of ["/", "/?token=", `/?token=${"x".repeat(2000)}`, "/?tokens=a"])
    assert.equal(shown(undefined, url), undefined);
});

test("texts are compared whole, whatever their length", () => {
  assert.equal(isSame("abc", "abc"), true);
  for (const other of ["abd", "ab", "abcd", ""]) assert.equal(isSame("abc", other), false);
});
