// Which requests are taken for a stranger's web page.

import { strict as assert } from "node:assert";
import { request } from "node:http";
import { test } from "node:test";
import { FakeFleet, fakePrinter } from "./fake-fleet.ts";
import { startTestGateway } from "./test-gateway.ts";

const timeout = 30_000;

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The status and the body of a request with headers that fetch would not let through. */
async function ask(url: string, { method = "POST", path = "/api/v1/printers/a/commands/pause", headers }: Asked) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = request({ hostname, port, method, path, headers: { ...headers } }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += String(chunk)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("addresses and names that only a local network gives are answered", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const local = [
    "10.0.0.5:8787",
    "[fe80::1]:8787",
    "localhost",
    "gateway:8787",
    "Printers.LAN",
    "lab.local.",
    "x.home.arpa",
  ];
  for (const Host of local) assert.equal((await ask(gateway.url, { headers: { Host } })).status, 200, Host);
});

test(
  "a name from the internet is refused until the inventory allows it, and the words say how",
  { timeout },
  async () => {
    await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")), {
      allowedHosts: ["Gantry.example.com"],
    });
    for (const Host of ["evil.example", "local.evil.example", "10.0.0.5.evil.example", "xlocalhost.example", "a b"]) {
      const { status, text } = await ask(gateway.url, { headers: { Host } });
      assert.equal(status, 403, Host);
      assert.match(text, /gateway\.allowed_hosts/u);
      assert.match(text, /"code":"forbidden"/u);
    }
    assert.equal((await ask(gateway.url, { headers: { Host: "gantry.example.com:443" } })).status, 200);
  },
);

test("a page of another origin is refused, also of another port or of none", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")), {
    allowedHosts: ["gantry.example.com"],
  });
  const Host = "lab:8787";
  for (const Origin of ["http://evil.example", "http://lab:8123", "http://lab", "null", "file://"]) {
    assert.equal((await ask(gateway.url, { headers: { Host, Origin } })).status, 403, Origin);
  }
  for (const Origin of ["http://lab:8787", "https://lab:8787", "https://gantry.example.com"]) {
    assert.equal((await ask(gateway.url, { headers: { Host, Origin } })).status, 200, Origin);
  }
});

test("files are guarded where they change", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("a"));
  await using gateway = await startTestGateway(fleet);
  const path = "/api/v1/printers/a/files/x.gcode";
  for (const headers of [{ Host: "evil.example" }, { Host: "lab", Origin: "http://evil.example" }]) {
    for (const method of ["PUT", "DELETE"]) {
      assert.equal((await ask(gateway.url, { headers, method, path })).status, 403, method);
    }
    const read = await ask(gateway.url, { headers, method: "GET", path });
    assert.equal(read.status, headers.Host === "lab" ? 200 : 403);
  }
  assert.deepEqual(
    fleet.requests.map(({ command }) => command),
    ["downloadFile"],
  );
});

test(
  "the API is not read under a stranger's name; health and metrics are, all of MCP is guarded",
  { timeout },
  async () => {
    await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
    const headers = { Host: "evil.example" };
    for (const path of ["/api/v1/printers", "/API/v1/events", "/api/v1/printers/a/snapshot.jpg"]) {
      assert.equal((await ask(gateway.url, { headers, method: "GET", path })).status, 403, path);
      assert.equal((await ask(gateway.url, { headers, method: "HEAD", path })).status, 403, path);
    }
    for (const path of ["/healthz", "/readyz", "/metrics", "/openapi.json", "/"]) {
      assert.equal((await ask(gateway.url, { headers, method: "GET", path })).status, 200, path);
    }
    for (const Host of ["gateway:8787", "homeassistant.local:8787", "192.0.2.7"]) {
      assert.equal(
        (await ask(gateway.url, { headers: { Host }, method: "GET", path: "/api/v1/printers" })).status,
        200,
      );
    }
    for (const path of ["/mcp", "/MCP", "/mcp/"]) {
      for (const method of ["GET", "POST", "DELETE", "HEAD"]) {
        assert.equal((await ask(gateway.url, { headers, method, path })).status, 403, `${method} ${path}`);
      }
    }
  },
);

test("there are no CORS headers", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const response = await fetch(`${gateway.url}/api/v1/printers`, { headers: { Origin: "http://evil.example" } });
  assert.equal(response.headers.get("access-control-allow-origin"), null);
  assert.equal(response.headers.get("x-powered-by"), null);
  const preflight = await fetch(`${gateway.url}/api/v1/printers/a/commands/pause`, { method: "OPTIONS" });
  assert.equal(preflight.status, 405);
});

test("a gateway that is closing answers 503", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  await gateway.app[Symbol.asyncDispose]();
  const response = await fetch(`${gateway.url}/api/v1/printers`);
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "5"]);
});
