import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { listen } from "@gantry/platform/http-server";
import { silentLog } from "@gantry/platform/log";
import { connect } from "./connect.ts";

/** Tries to connect to a server that answers /api/version like this. */
async function tried(status: number, document: unknown): Promise<void> {
  await using server = await listen(
    (request, response) => {
      if (request.url === "/api/version") response.writeHead(status).end(JSON.stringify(document));
      else response.writeHead(404).end();
    },
    { host: "127.0.0.1", port: 0 },
  );
  const { signal } = new AbortController();
  const connection = { url: `http://127.0.0.1:${server.port}`, api_key: "KEY" };
  const session = await connect({
    connection,
    signal,
    clock: systemClock,
    log: silentLog,
    dataFolder: "unused",
    report: () => undefined,
    identify: () => undefined,
  });
  await session[Symbol.asyncDispose]();
}

describe("a server that is something else is named", () => {
  for (const text of ["OctoPrint (Moonraker v0.9.3)", "PrusaLink 0.7.2", "PrusaLink MK4"]) {
    test(text, async () => {
      await assert.rejects(tried(200, { api: "0.1", server: "1", text }), (error: Error) =>
        error.message.includes(text),
      );
    });
  }

  test("one without that address", async () => {
    await assert.rejects(tried(404, {}), { code: "printer_refused", message: /not as OctoPrint/u });
  });
});

test("a key that OctoPrint does not know is told as such", async () => {
  await assert.rejects(tried(403, { error: "no" }), { code: "printer_auth", message: /API key/u });
});
