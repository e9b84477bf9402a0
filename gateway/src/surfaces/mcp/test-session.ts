// An MCP client joined to a server over the SDK's in-memory pair, for the tests of tools.

import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import {
  ElicitRequestSchema,
  type CallToolResult,
  type ElicitRequest,
  type ElicitResult,
} from "@modelcontextprotocol/sdk/types.js";
import type { FakeFleet } from "../fake-fleet.ts";
import { CameraAccess, openToAll } from "../camera-access.ts";
import { Catalogue } from "./catalogue.ts";
import { buildServer } from "./server.ts";

export interface TestSession extends AsyncDisposable {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly call: (name: string, args?: Record<string, unknown>) => Promise<CallToolResult>;
}

/** `answer` makes the client one that can ask its user. */
export async function openTestSession(
  fleet: FakeFleet,
  answer?: (request: ElicitRequest) => ElicitResult,
): Promise<TestSession> {
  const clock = new FakeClock();
  const options = { clock, log: silentLog, version: "1.2.3" };
  const catalogue = new Catalogue(fleet, options);
  const cameraAccess = new CameraAccess({ ...options, source: openToAll });
  const server = buildServer(fleet, catalogue, { ...options, cameraAccess });
  const capabilities = answer === undefined ? {} : { elicitation: {} };
  const client = new Client({ name: "test", version: "1" }, { capabilities });
  if (answer !== undefined) client.setRequestHandler(ElicitRequestSchema, (request) => answer(request));
  const [near, far] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(far), client.connect(near)]);
  return {
    client,
    clock,
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args })) as CallToolResult,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      catalogue[Symbol.dispose]();
    },
  };
}
