import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { listen } from "./http-server.ts";

const loopback = { host: "127.0.0.1", port: 0 };

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
});
