import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { describe, test } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { FakeClock } from "@gantry/platform/fake-clock";
import { listen } from "@gantry/platform/http-server";
import { baseOf, Rest } from "./rest.ts";

const { signal } = new AbortController();

async function asked(handle: RequestListener, path = "/api/job"): Promise<unknown> {
  await using server = await listen(handle, { host: "127.0.0.1", port: 0 });
  const rest = new Rest({ url: `http://127.0.0.1:${server.port}/octo/`, api_key: "KEY" }, systemClock);
  return await rest.get(path, { signal });
}

describe("refusals", () => {
  const table: [number, string, string, RegExp][] = [
    [401, "", "printer_auth", /proxy/u],
    [403, '{"error":"no"}', "printer_auth", /API key/u],
    [404, "<html>", "not_found", /no such file/u],
    [409, '{"error":"Printer is not operational"}', "wrong_phase", /Printer is not operational/u],
    [409, "plain  words", "wrong_phase", /plain words/u],
    [400, '{"error":"port is invalid"}', "printer_refused", /port is invalid/u],
    [413, "<h1>Too large</h1>", "file_too_large", /Too large/u],
    [415, "", "file_type", /HTTP 415/u],
    [429, '{"error":"too many"}', "rate_limited", /too many/u],
    [500, '{"error":"broken"}', "printer_refused", /broken/u],
    [502, "<h1>Bad Gateway</h1>", "unreachable", /proxy answers HTTP 502/u],
    [507, '{"error":"full"}', "storage_full", /full/u],
    [302, "", "printer_refused", /redirects to http:\/\/elsewhere/u],
  ];
  for (const [status, body, code, message] of table) {
    test(`${status} ${body}`, async () => {
      const answer = asked((_request, response) => {
        response.writeHead(status, status === 302 ? { location: "http://elsewhere/" } : {}).end(body);
      });
      await assert.rejects(answer, { code, message });
    });
  }

  test("an answer that is no JSON", async () => {
    await assert.rejects(
      asked((_request, response) => void response.end("<html>")),
      { code: "protocol" },
    );
  });
});

test("the key goes as a header, below the path of the address, and an empty answer is an empty document", async () => {
  let seen: unknown;
  const answer = await asked((request, response) => {
    seen = [request.url, request.headers["x-api-key"]];
    response.writeHead(204).end();
  });
  assert.deepEqual([seen, answer], [["/octo/api/job", "KEY"], {}]);
});

test("a server that is silent is a timeout", async () => {
  const clock = new FakeClock();
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  await using server = await listen(() => resolve(), { host: "127.0.0.1", port: 0 });
  const rest = new Rest({ url: `http://127.0.0.1:${server.port}`, api_key: "KEY" }, clock);
  const answer = rest.get("/api/job", { signal });
  await begun;
  await Promise.all([assert.rejects(answer, { code: "timeout" }), clock.advance(10_000)]);
});

test("the address loses its query and its last slash", () => {
  assert.equal(baseOf("http://host:5000/octo/?x#y"), "http://host:5000/octo");
  assert.equal(baseOf("https://host"), "https://host");
});
