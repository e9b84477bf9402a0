import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { authorization, parseChallenge, type Challenge } from "./digest.ts";

const nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
const opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";
const asked = { method: "GET", uri: "/dir/index.html", count: 1, cnonce };
const credentials = { username: "Mufasa", password: "Circle of Life" };

function challenge(algorithm: string): string {
  return `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${nonce}", opaque="${opaque}"`;
}

function parsed(header: string): Challenge {
  const found = parseChallenge(header);
  assert.ok(found !== undefined, header);
  return found;
}

function responseOf(header: string): string | undefined {
  return /response="([0-9a-f]+)"/u.exec(header)?.[1];
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

test("the examples of RFC 7616 section 3.9.1 come out", () => {
  const answers = {
    MD5: "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
  };
  for (const [algorithm, response] of Object.entries(answers)) {
    const header = authorization(parsed(challenge(algorithm)), credentials, asked);
    assert.equal(responseOf(header), response);
    for (const part of [
      `algorithm=${algorithm}`,
      `opaque="${opaque}"`,
      "qop=auth",
      "nc=00000001",
      `cnonce="${cnonce}"`,
    ]) {
      assert.ok(header.includes(part), part);
    }
  }
});

test("a session hash binds the password to the nonces", () => {
  const secret = md5(`${md5("Mufasa:http-auth@example.org:Circle of Life")}:${nonce}:${cnonce}`);
  const response = md5(`${secret}:${nonce}:0000000a:${cnonce}:auth:${md5("GET:/dir/index.html")}`);
  const header = authorization(parsed(challenge('"MD5-sess"')), credentials, { ...asked, count: 10 });
  assert.equal(responseOf(header), response);
});

test("an old challenge without qop is answered the old way", () => {
  // The example of RFC 2069, as its errata have it.
  const old = `Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`;
  const who = { username: "Mufasa", password: "CircleOfLife" };
  const header = authorization(parsed(old), who, asked);
  assert.equal(responseOf(header), "1949323746fe6a43ef61f9606e7febea");
  assert.ok(!/qop|nc=|cnonce|algorithm/u.test(header));
});

test("of several challenges the strongest that is known is taken", () => {
  const both = `${challenge("MD5")}, ${challenge("SHA-256")}`;
  assert.equal(parsed(both).algorithm, "SHA-256");
  assert.equal(parsed(`Basic realm="x", ${challenge("MD5")}`).algorithm, "MD5");
  assert.equal(parsed(`${challenge("SHA-1")}, ${challenge("MD5")}`).algorithm, "MD5");
});

test("what cannot be answered is no challenge", () => {
  for (const header of [
    "",
    "Basic realm=x",
    "Digest realm=x",
    challenge("TIGER"),
    'Digest realm="a", nonce="b", qop="auth-int"',
  ]) {
    assert.equal(parseChallenge(header), undefined, header);
  }
});

test("a stale nonce is told, and quotes survive", () => {
  assert.equal(parsed(`${challenge("MD5")}, stale=TRUE`).stale, true);
  const odd = parsed(String.raw`Digest realm="say \"hi\"", nonce="n"`);
  assert.equal(odd.realm, 'say "hi"');
  const header = authorization(odd, { username: String.raw`a"b\c`, password: "p" }, asked);
  assert.ok(header.includes(String.raw`username="a\"b\\c"`) && header.includes(String.raw`realm="say \"hi\""`));
});
