// A tool as data and a plain function, and how its results and errors look on the wire.

import * as z from "zod";
import type { Effect } from "../../model/command-row.ts";
import type { JsonObject } from "../../model/document.ts";
import { errorCodes, type PrinterError } from "../../model/errors.ts";
import type { Admission } from "../camera-access.ts";
import { publicMessage } from "../problem.ts";
import type { CallToolResult, ToolListing } from "./sdk.ts";

/** What a running tool may ask of its call. */
export interface ToolCall {
  /** Aborts when the client cancels the call or goes away. */
  readonly signal: AbortSignal;
  /** Tells how far a long call is; does nothing where the client did not ask for it. */
  readonly progress: (done: number, total: number, message: string) => Promise<void>;
  /** Asks the user; undefined where the client cannot. @throws PrinterError when no answer came */
  readonly ask: (question: string) => Promise<boolean | undefined>;
  readonly tokens: Tokens;
  /** The caller's right to look through this printer's camera. @throws PrinterError as CameraAccess.admit does */
  readonly admit: (printer: string) => Admission;
}

/** Single-use proofs that something was offered before it is done. */
export interface Tokens {
  readonly issue: (purpose: string) => string;
  /** True once for a token that was issued for this purpose and has not run out. */
  readonly redeem: (token: string, purpose: string) => boolean;
}

/** What a tool gives: an object that follows its output schema, or a picture. */
export type ToolResult = JsonObject | Picture;

interface Picture {
  readonly picture: Uint8Array;
  readonly mediaType: string;
}

function isPicture(result: ToolResult): result is Picture {
  return result["picture"] instanceof Uint8Array;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  /** Left out by tools that give a picture. */
  readonly output?: z.ZodObject;
  readonly effect: Effect;
  readonly idempotent: boolean;
  /** `input` has passed the schema. @throws PrinterError */
  run(input: Readonly<Record<string, unknown>>, call: ToolCall): Promise<ToolResult>;
}

/** An argument that names one of these printers. */
export function printerArgument(ids: readonly string[]) {
  return z.enum(ids).meta({ description: "Id of the printer, as list_printers gives it." });
}

/** The tool as `tools/list` shows it. */
export function listing(tool: Tool): ToolListing {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: jsonSchema(tool.input, "input"),
    ...(tool.output === undefined ? {} : { outputSchema: orFailure(jsonSchema(tool.output, "output")) }),
    annotations: {
      title: tool.title,
      readOnlyHint: tool.effect === "observes",
      destructiveHint: tool.effect === "destroys",
      idempotentHint: tool.idempotent,
      // The printers of the inventory are all a tool can reach.
      openWorldHint: false,
    },
  };
}

/** The schema of an input, as data. */
export function inputSchema(schema: z.ZodObject): JsonObject {
  return jsonSchema(schema, "input") as JsonObject;
}

/** Draft 7 without a `$schema`, which every client's validator takes. */
function jsonSchema(schema: z.ZodObject, io: "input" | "output"): ToolListing["inputSchema"] {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: "draft-7" });
  return { ...rest, type: "object" } as ToolListing["inputSchema"];
}

const failureSchema = z.object({
  code: z.enum(Object.keys(errorCodes)).meta({ description: "What went wrong, of a closed list." }),
  message: z.string().meta({ description: "What happened and what to do next." }),
  retryable: z.boolean().meta({ description: "Whether the same call can succeed later." }),
  printer: z.string().nullable(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
});

/**
 * A result that follows the schema, or an error. Clients made with the SDK's 1.x line hold errors
 * against the output schema too, and would show their own complaint in place of ours.
 */
function orFailure({ properties, required = [], ...rest }: ToolListing["inputSchema"]): ToolListing["inputSchema"] {
  const failed = jsonSchema(failureSchema, "output");
  return {
    ...rest,
    properties: { ...failed.properties, ...properties },
    anyOf: [{ required }, { required: failed.required }],
  };
}

/** The structured result, and the same as text for clients that read no structure. */
export function success(result: ToolResult): CallToolResult {
  if (isPicture(result)) {
    const data = Buffer.from(result.picture).toString("base64");
    return { content: [{ type: "image", data, mimeType: result.mediaType }] };
  }
  return { structuredContent: { ...result }, content: [{ type: "text", text: JSON.stringify(result) }] };
}

/** An error the model can act on: what happened, what to do next, whether to try again. */
export function failure(error: PrinterError): CallToolResult {
  const message = publicMessage(error);
  const { code, printer = null, retry, problems } = error;
  const structuredContent = {
    code,
    message,
    retryable: retry !== "never",
    printer,
    ...(problems.length === 0 ? {} : { errors: problems }),
  };
  return { isError: true, structuredContent, content: [{ type: "text", text: message }] };
}
