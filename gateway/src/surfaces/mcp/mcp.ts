// MCP over Streamable HTTP at /mcp.

import { Router, type Request, type Response } from "express";
import type { Fleet } from "../../fleet/fleet.ts";
import { mount, type Route } from "../route.ts";
import type { HttpSurface } from "../surface.ts";
import { Catalogue } from "./catalogue.ts";
import { buildServer, type McpOptions } from "./server.ts";
import { Sessions } from "./sessions.ts";

export interface McpSurface extends HttpSurface {
  /** Open sessions. */
  readonly sessions: number;
}

export function startMcp(fleet: Fleet, options: McpOptions): McpSurface {
  const catalogue = new Catalogue(fleet, options);
  const sessions = new Sessions(() => buildServer(fleet, catalogue, options), options.clock);
  const router = Router();
  const handle = async (request: Request, response: Response): Promise<void> => sessions.handle(request, response);
  const methods = ["post", "get", "delete"] as const satisfies readonly Route["method"][];
  mount(
    router,
    methods.map((method) => ({ method, path: "/mcp", operationId: method, summary: "MCP", answers: {}, handle })),
  );
  return {
    router,
    get sessions() {
      return sessions.size;
    },
    [Symbol.asyncDispose]: async () => {
      catalogue[Symbol.dispose]();
      await sessions[Symbol.asyncDispose]();
    },
  };
}
