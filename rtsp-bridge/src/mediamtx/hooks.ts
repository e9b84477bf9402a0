// Where MediaMTX's hooks arrive: a loopback port that knows one secret path. It says what was
// reported, not what follows from it (./demand.ts). Reports may be lost or change places.

import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { listen } from "@gantry/platform/http-server";

const hookNames = ["demand", "undemand", "read", "unread"] as const;
type HookName = (typeof hookNames)[number];

export interface Hook {
  readonly name: HookName;
  /** Path as MediaMTX names it. */
  readonly path: string;
}

export interface HookServer extends AsyncDisposable {
  /** What MediaMTX must have in its environment for `hookCommand` to work. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The command of one hook, as MediaMTX takes it: words without a shell, each `$NAME` replaced
 * from its environment, so that neither token nor folder stands in a command line. `timeout` is
 * there because MediaMTX waits for its hooks for ever.
 */
export function hookCommand(name: HookName): string {
  return `timeout -s KILL 2 bash $GANTRY_HOOK_SCRIPT ${name}`;
}

/** Programs that `hookCommand` needs. */
export const hookPrograms = ["bash", "timeout"] as const;

/** Listens on a free loopback port. */
export async function startHookServer(onHook: (hook: Hook) => void): Promise<HookServer> {
  const token = randomBytes(24).toString("hex");
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const hook = request.method === "POST" ? parseHook(request.url ?? "", token) : undefined;
    request.resume();
    response.writeHead(hook === undefined ? 404 : 204, { Connection: "close" }).end();
    if (hook !== undefined) onHook(hook);
  };
  const server = await listen(answer, { host: "127.0.0.1", port: 0, graceMs: 100 });
  return {
    environment: {
      GANTRY_HOOK_SCRIPT: fileURLToPath(new URL("notify.sh", import.meta.url)),
      GANTRY_HOOK_PORT: String(server.port),
      GANTRY_HOOK_TOKEN: token,
    },
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}

/** `/TOKEN/EVENT/PATH`, or undefined for anything else. */
export function parseHook(url: string, token: string): Hook | undefined {
  const match = /^\/([0-9a-f]+)\/([a-z]+)\/([a-z0-9][a-z0-9_-]{0,63})$/.exec(url);
  const name = hookNames.find((known) => known === match?.[2]);
  const path = match?.[3];
  return match?.[1] === token && name !== undefined && path !== undefined ? { name, path } : undefined;
}
