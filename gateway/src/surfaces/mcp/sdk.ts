// The one door to the MCP SDK, so that moving to another line of it is work in one file.

import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";

interface Callbacks {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
}

/** Sets callbacks of a server or transport; those it has otherwise stay. */
export function setCallbacks(target: Callbacks, callbacks: Callbacks): void {
  Object.assign(target, callbacks);
}

export { Server } from "@modelcontextprotocol/sdk/server/index.js";
export { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
export { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
export { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
export {
  CallToolRequestSchema,
  ErrorCode as RpcErrorCode,
  isInitializeRequest,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
export type {
  CallToolResult,
  JSONRPCMessage,
  ReadResourceResult,
  Resource,
  ServerNotification,
  ServerRequest,
  Tool as ToolListing,
} from "@modelcontextprotocol/sdk/types.js";
export type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
