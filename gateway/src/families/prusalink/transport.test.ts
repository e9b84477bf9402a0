import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";
import { connection } from "./connection.ts";
import { Transport } from "./transport.ts";

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

function oneLine(): Readable {
  return Readable.from([Buffer.from("G28\n")]);
}

async function serve(handler: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function challenge(nonce: string, more = ""): Record<string, string> {
  return { "WWW-Authenticate": `Digest realm="r",qop="auth",algorithm="MD5-sess",nonce="${nonce}"${more}` };
}

const nonceOf = ({ headers }: IncomingMessage): string | undefined =>
  /nonce="(\w+)"/u.exec(headers.authorization ?? "")?.[1];
const countOf = ({ headers }: IncomingMessage): string | undefined =>
  /nc=(\w+)/u.exec(headers.authorization ?? "")?.[1];

test("a key goes with each request; a wrong one is told at once and held back", async () => {
  await using server = await serve((request, response) => {
    const good = request.headers["x-api-key"] === "good";
    response.writeHead(good ? 200 : 403).end(good ? '{"ok":true}' : "Bad X-Api-Key.");
  });
  const good = new Transport(connection.parse({ url: server.url, api_key: "good" }));
  assert.deepEqual(await good.json("/api/version", signal()), { ok: true });
  const bad = new Transport(connection.parse({ url: server.url, api_key: "bad" }));
  await assert.rejects(bad.json("/api/version", signal()), { code: "printer_auth", retryAfterMs: 60_000 });
});

test("a nonce is asked for once, counted up, and renewed when it is stale", async () => {
  const seen: string[] = [];
  let nonce = "one";
  await using server = await serve((request, response) => {
    seen.push(`${nonceOf(request) ?? "none"} ${countOf(request) ?? ""}`);
    if (nonceOf(request) === nonce) response.end("{}");
    else response.writeHead(401, challenge(nonce, nonceOf(request) === undefined ? "" : ",stale=true")).end();
  });
  const transport = new Transport(connection.parse({ url: server.url, password: "p" }));
  for (let round = 0; round < 2; round += 1) await transport.json("/x", signal());
  nonce = "two";
  await transport.json("/x", signal());
  assert.deepEqual(seen, ["none ", "one 00000001", "one 00000002", "one 00000003", "two 00000001"]);
});

test("a wrong password is tried once, not on and on", async () => {
  let requests = 0;
  await using server = await serve((_request, response) => {
    requests += 1;
    response.writeHead(401, challenge(`n${requests}`)).end();
  });
  const transport = new Transport(connection.parse({ url: server.url, password: "wrong" }));
  await assert.rejects(transport.json("/x", signal()), { code: "printer_auth" });
  assert.equal(requests, 2);
});

test("one request after the other, on connections that are closed", async () => {
  let now = 0;
  let peak = 0;
  const sockets = new Set<unknown>();
  await using server = await serve((request, response) => {
    now += 1;
    peak = Math.max(peak, now);
    sockets.add(request.socket);
    setTimeout(() => {
      now -= 1;
      response.end("{}");
    }, 5);
  });
  const transport = new Transport(connection.parse({ url: server.url, api_key: "k" }));
  await Promise.all(Array.from({ length: 5 }, async () => transport.json("/x", signal())));
  assert.deepEqual([peak, sockets.size], [1, 5]);
});

test("a request that fails or is given up does not hold up the next", async () => {
  await using server = await serve((request, response) => {
    if (request.url === "/silent") return;
    response.writeHead(request.url === "/bad" ? 404 : 200).end("{}");
  });
  const transport = new Transport(connection.parse({ url: server.url, api_key: "k" }));
  await assert.rejects(transport.json("/bad", signal()), { code: "not_found" });
  const abort = new AbortController();
  const silent = assert.rejects(transport.json("/silent", abort.signal), { name: "AbortError" });
  const next = transport.json("/good", signal());
  abort.abort();
  await silent;
  assert.deepEqual(await next, {});
});

test("silence is a time-out", async () => {
  await using server = await serve(() => undefined);
  const transport = new Transport(connection.parse({ url: server.url, api_key: "k" }));
  const request = { method: "GET", path: "/x", signal: signal(), deadlineMs: 50 } as const;
  await assert.rejects(transport.open(request), { code: "timeout" });
});

test("a body is sent once, with a nonce that was fetched before it", async () => {
  const bodies: string[] = [];
  await using server = await serve((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      if (request.method === "PUT") bodies.push(body);
      if (nonceOf(request) === undefined) response.writeHead(401, challenge("n")).end();
      else response.writeHead(request.method === "PUT" ? 201 : 200).end("{}");
    });
  });
  const transport = new Transport(connection.parse({ url: server.url, password: "p" }));
  const headers = { "Content-Length": "4" };
  await transport.upload({ method: "PUT", path: "/file", signal: signal(), headers, body: oneLine });
  assert.deepEqual(bodies, ["G28\n"]);
});

test("an answer in the midst of a body is the answer, and the rest of the body is let go", async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(507, { Connection: "close" }).end('{"title":"Full"}');
  });
  const transport = new Transport(connection.parse({ url: server.url, api_key: "k" }));
  const chunks = Array.from({ length: 400 }, () => Buffer.alloc(64 * 1024));
  const body = Readable.from(chunks);
  const headers = { "Content-Length": String(chunks.length * 64 * 1024) };
  const request = { method: "PUT", path: "/file", signal: signal(), headers, body: (): Readable => body } as const;
  await assert.rejects(transport.upload(request), { code: "storage_full" });
  assert.ok(body.destroyed);
});

test("refusals are told in PrusaLink's words and the product's codes", async () => {
  const answers: Record<string, [number, string]> = {
    "/conflict": [409, '{"title":"Not in state to print","message":"Printer is not in state to print."}'],
    "/full": [507, '{"title":"Full","text":"No space"}'],
    "/starting": [503, "<html>…</html>"],
    "/page": [500, "<html>Internal</html>"],
    "/text": [200, "hello"],
  };
  await using server = await serve((request, response) => {
    const [status, body] = answers[request.url ?? ""] ?? [404, ""];
    response.writeHead(status).end(body);
  });
  const transport = new Transport(connection.parse({ url: server.url, api_key: "k" }));
  const expected = {
    "/conflict": { code: "wrong_phase", message: /Not in state to print: Printer is not/u },
    "/full": { code: "storage_full", message: /No space/u },
    "/starting": { code: "unreachable", message: /not ready yet/u },
    "/page": { code: "printer_refused", message: /no reason was given/u },
    "/text": { code: "protocol" },
    "/none": { code: "not_found" },
  };
  for (const [path, error] of Object.entries(expected)) await assert.rejects(transport.json(path, signal()), error);
});

test("the connection needs one credential", () => {
  assert.ok(!connection.safeParse({ url: "http://x" }).success);
  assert.ok(!connection.safeParse({ url: "ftp://x", api_key: "k" }).success);
  assert.equal(connection.parse({ url: "http://x", password: "p" }).username, "maker");
});
