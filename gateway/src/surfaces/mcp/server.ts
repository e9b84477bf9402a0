// One MCP server, for one session: the protocol's manners around the catalogue of tools and the
// resources. It is told its transport by whoever builds it.

import type { Fleet } from "../../fleet/fleet.ts";
import { commandNames } from "../../model/commands.ts";
import { invalidInput } from "../../model/invalid-input.ts";
import { PrinterError } from "../../model/errors.ts";
import { snakeCase } from "../../model/naming.ts";
import type { Admission, CameraAccess } from "../camera-access.ts";
import type { SurfaceOptions } from "../surface.ts";
import type { Catalogue } from "./catalogue.ts";
import { withoutTool } from "./command-tools.ts";
import { listResources, readResource, resourceTemplates } from "./resources.ts";
import {
  CallToolRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  RpcErrorCode,
  Server,
  setCallbacks,
  type CallToolResult,
  type RequestHandlerExtra,
  type ServerNotification,
  type ServerRequest,
} from "./sdk.ts";
import { subscriptions } from "./subscriptions.ts";
import { createTokens } from "./tokens.ts";
import { failure, listing, success, type Tokens, type ToolCall } from "./tool.ts";

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

const instructions = [
  "Gantry looks after the 3D printers of this house.",
  "Ids of printers come from list_printers; no tool takes an address.",
  "A number carries its unit in its name, a ratio is 0 to 1, and null is unknown.",
  "Tools that change something are there only for printers whose owner allows it, and take effect on real, hot, moving machines.",
  "What cannot be undone (stop, G-code, deleting) is confirmed first, by the user or with a confirmation_token.",
  "A print lasts hours: start returns at once; follow it with wait_for_state or get_state.",
].join(" ");

/** How long a user may take to answer a question, ms; the client's own limit may be shorter. */
const answerMs = 5 * 60_000;

const listsChanged = ["notifications/tools/list_changed", "notifications/resources/list_changed"];

export interface McpOptions extends SurfaceOptions {
  readonly cameraAccess: CameraAccess;
}

/** Closing the server ends its part in the fleet. */
export function buildServer(fleet: Fleet, catalogue: Catalogue, options: McpOptions): Server {
  const { clock, version, cameraAccess } = options;
  const log = options.log.with({ layer: "mcp" });
  const server = new Server(
    { name: "gantry", title: "Gantry", version },
    {
      capabilities: { tools: { listChanged: true }, resources: { listChanged: true, subscribe: true } },
      instructions,
      debouncedNotificationMethods: listsChanged,
    },
  );
  const tokens = createTokens(clock);
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: catalogue.tools.map((tool) => listing(tool)) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const tool = catalogue.tools.find(({ name }) => name === params.name);
    if (tool === undefined) throw new McpError(RpcErrorCode.InvalidParams, unknownTool(params.name));
    const checked = tool.input.safeParse(params.arguments ?? {});
    if (!checked.success) return failure(invalidInput(checked.error));
    return tool
      .run(checked.data, callOf(server, extra, tokens, cameraAccess))
      .then(success, (thrown: unknown): CallToolResult => {
        const error = PrinterError.from(thrown);
        if (error.code === "internal") log.error("a tool failed", { tool: tool.name, error: thrown });
        return failure(error);
      });
  });
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: listResources(fleet) }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params }, extra) =>
    readResource(fleet, params.uri, extra.signal, admit(cameraAccess, extra)),
  );
  const subscribed = subscriptions(server, fleet, clock);
  const changes = catalogue.onChange(() => {
    // A client that listens to nothing just now reads the lists when it next wants them.
    server.sendToolListChanged().catch(() => undefined);
    server.sendResourceListChanged().catch(() => undefined);
  });
  setCallbacks(server, {
    onerror: (error) => log.debug("mcp", { error }),
    onclose: () => {
      changes[Symbol.dispose]();
      subscribed[Symbol.dispose]();
    },
  });
  return server;
}

function unknownTool(name: string): string {
  const command = commandNames.find((one) => snakeCase(one) === name);
  const reason = command === undefined ? undefined : withoutTool(command);
  if (reason !== undefined) return `there is no tool ${JSON.stringify(name)}: ${reason}`;
  return `there is no tool ${JSON.stringify(name)} now; tools that change something need a printer with control on`;
}

/** The credential is that of the HTTP request which carried the message. */
function admit(access: CameraAccess, { requestInfo }: Extra): (printer: string) => Admission {
  const authorization = requestInfo?.headers["authorization"];
  const headers = typeof authorization === "string" ? { authorization } : {};
  return (printer) => access.admit({ headers, url: "", address: "mcp" }, printer);
}

function callOf(server: Server, extra: Extra, tokens: Tokens, access: CameraAccess): ToolCall {
  const { signal, requestId, _meta: meta } = extra;
  const progressToken = meta?.progressToken;
  return {
    signal,
    tokens,
    admit: admit(access, extra),
    progress: async (progress, total, message) => {
      if (progressToken === undefined) return;
      await extra.sendNotification({
        method: "notifications/progress",
        params: { progressToken, progress, total, message },
      });
    },
    ask: async (message) => {
      if (server.getClientCapabilities()?.elicitation?.form === undefined) return undefined;
      const confirm = { type: "boolean", title: "Do it", default: false } as const;
      try {
        const answer = await server.elicitInput(
          {
            mode: "form",
            message,
            requestedSchema: { type: "object", properties: { confirm }, required: ["confirm"] },
          },
          // Without the id the question would go to a stream that many clients never open.
          { relatedRequestId: requestId, signal, timeout: answerMs },
        );
        return answer.action === "accept" && answer.content?.["confirm"] === true;
      } catch (error) {
        signal.throwIfAborted();
        throw new PrinterError("timeout", "the question was not answered; nothing was sent", { cause: error });
      }
    },
  };
}
