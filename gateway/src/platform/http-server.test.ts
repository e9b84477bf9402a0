import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { listen } from "./http-server.ts";

const loopback = { host: "127.0.0.1", port: 0 };

async function answerLate(request: IncomingMessage, response: ServerResponse): Promise<void> {
  await text(request);
  await wait(500);
  response.end("late");
}

function echoOrRefuse(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === "/no") response.writeHead(403).end();
  else void text(request).then((body) => response.end(body));
}

describe("listen", { timeout: 60_000 }, () => {
  it("takes any free port and says which, as an address that can be reached", async () => {
    for (const host of ["127.0.0.1", "0.0.0.0", "localhost"]) {
      await using server = await listen((_, response) => response.end("here"), { host, port: 0 });
      assert.notEqual(server.port, 0);
      assert.equal(await (await fetch(server.url)).text(), "here");
    }
  });

  it("writes an IPv6 address in brackets", async (context) => {
    const server = await listen(() => undefined, { host: "::1", port: 0 }).catch(() => undefined);
    if (server === undefined) return context.skip("no IPv6 here");
    await using _ = server;
    assert.equal(server.url, `http://[::1]:${server.port}`);
  });

  it("throws when the port is taken", async () => {
    await using server = await listen(() => undefined, loopback);
    await assert.rejects(
      listen(() => undefined, { ...loopback, port: server.port }),
      { code: "EADDRINUSE" },
    );
  });

  it("frees its port on dispose, which may be asked for twice", async () => {
    const server = await listen((_, response) => response.end(), loopback);
    await Promise.all([server[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
    await server[Symbol.asyncDispose]();
    await using again = await listen(() => undefined, { ...loopback, port: server.port });
    assert.equal(again.port, server.port);
  });

  it("closes idle connections at once", async () => {
    const server = await listen((_, response) => response.end("x"), { ...loopback, graceMs: 3_600_000 });
    const agent = new Agent({ keepAlive: true });
    const [response] = (await once(get(server.url, { agent }), "response")) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, "end");
    await server[Symbol.asyncDispose]();
    agent.destroy();
  });

  it("closes a connection that never asked anything", async () => {
    const server = await listen(() => undefined, { ...loopback, graceMs: 100 });
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    await server[Symbol.asyncDispose]();
    socket.destroy();
  });

  it("lets a request in flight finish", async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const server = await listen((_, response) => asked.resolve(response), { ...loopback, graceMs: 3_600_000 });
    const answer = fetch(server.url);
    const response = await asked.promise;
    const disposed = server[Symbol.asyncDispose]();
    response.end("late");
    assert.equal(await (await answer).text(), "late");
    await disposed;
  });

  it("cuts a request that outlasts the grace", async () => {
    const server = await listen((_, response) => void response.write("endless"), { ...loopback, graceMs: 50 });
    const response = await fetch(server.url);
    await server[Symbol.asyncDispose]();
    await assert.rejects(response.text());
  });

  it("cuts a body that stands still, and lets one that moves take its time", async () => {
    const bodies: Promise<string>[] = [];
    const handler = (request: IncomingMessage, response: ServerResponse): void => {
      const body = text(request);
      bodies.push(body);
      body.then(
        () => response.end("whole"),
        () => undefined, // told by the connection
      );
    };
    await using server = await listen(handler, { ...loopback, bodyStallMs: 400 });
    const slow = connect(server.port, "127.0.0.1");
    slow.write("PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 12\r\n\r\n");
    for (let sent = 0; sent < 12; sent += 1) {
      await wait(60);
      slow.write("x");
    }
    assert.match(await text(slow), /whole/u);
    const still = connect(server.port, "127.0.0.1");
    still.write("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\nx");
    assert.equal(await text(still), "");
    await assert.rejects(bodies[1] ?? Promise.resolve(), { code: "ECONNRESET" });
  });

  it("does not count the time in which the answer is made", async () => {
    await using server = await listen((...args) => void answerLate(...args), { ...loopback, bodyStallMs: 100 });
    assert.equal(await (await fetch(server.url, { method: "POST", body: "x" })).text(), "late");
  });

  it("asks for a body that waits only when somebody reads it", async () => {
    await using server = await listen(echoOrRefuse, loopback);
    const ask = async (path: string): Promise<{ status: number | undefined; asked: boolean; body: string }> => {
      const headers = { Expect: "100-continue", "Content-Length": "4" };
      const waiting = request(`${server.url}${path}`, { method: "PUT", headers });
      let asked = false;
      waiting.on("continue", () => {
        asked = true;
        waiting.end("body");
      });
      waiting.flushHeaders();
      const [response] = (await once(waiting, "response")) as [IncomingMessage];
      const body = await text(response);
      waiting.destroy();
      return { status: response.statusCode, asked, body };
    };
    assert.deepEqual(await ask("/yes"), { status: 200, asked: true, body: "body" });
    assert.deepEqual(await ask("/no"), { status: 403, asked: false, body: "" });
  });
});
