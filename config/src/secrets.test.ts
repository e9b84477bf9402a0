import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createSecrets } from "./secrets.ts";

test("masks a value as it stands, in JSON and in URLs", () => {
  const secrets = createSecrets();
  secrets.add('p"a/s\\s +ö');
  const value = 'p"a/s\\s +ö';
  for (const text of [
    value,
    JSON.stringify({ value }),
    JSON.stringify({ inner: JSON.stringify({ value }) }),
    `http://user:${encodeURIComponent(value)}@host/`,
    `http://host/?${new URLSearchParams({ value }).toString()}`,
    encodeURIComponent(value).replaceAll("%C3", "%c3").replaceAll("%B6", "%b6").toLowerCase(),
  ]) {
    const masked = secrets.redact(text);
    assert.match(masked, /\[secret\]/u, text);
    assert.doesNotMatch(masked, /p.{1,6}a/iu, masked);
  }
});

test("masks the longest secret where one holds another", () => {
  const secrets = createSecrets();
  secrets.add("abcd");
  secrets.add("abcdefgh");
  assert.equal(secrets.redact("x abcdefgh y abcd"), "x [secret] y [secret]");
});

test("leaves values shorter than 4 characters, and text without secrets", () => {
  const secrets = createSecrets();
  assert.equal(secrets.redact("nothing known"), "nothing known");
  secrets.add("abc");
  secrets.add("");
  assert.equal(secrets.redact("abc"), "abc");
});

test("takes values that mean something in a pattern", () => {
  const secrets = createSecrets();
  secrets.add("a.*b");
  secrets.add("[x-z]{2}");
  secrets.add("(?:|$^");
  assert.equal(secrets.redact("axxb a.*b [x-z]{2} (?:|$^"), "axxb [secret] [secret] [secret]");
});

test("no secret of any text is left readable", () => {
  const value = fc.string({ unit: "binary", minLength: 4, maxLength: 20 }).filter((text) => !/\d/u.test(text));
  const around = fc.stringMatching(/^[0-9 ]*$/u);
  fc.assert(
    fc.property(value, around, (secret, text) => {
      const secrets = createSecrets();
      secrets.add(secret);
      assert.equal(secrets.redact(`${text}.${secret}.${text}`), `${text}.[secret].${text}`);
      assert.deepEqual(JSON.parse(secrets.redact(JSON.stringify([`${text}${secret}`]))), [`${text}[secret]`]);
    }),
  );
});
