// JSON-RPC 2.0 as Moonraker speaks it over its WebSocket: one JSON object a text frame.
//
//   request       {"jsonrpc":"2.0","method":"printer.info","params":{…},"id":7}
//   answer        {"jsonrpc":"2.0","result":…,"id":7}
//   refusal       {"jsonrpc":"2.0","error":{"code":400,"message":"…"},"id":7}
//   notification  {"jsonrpc":"2.0","method":"notify_…","params":[…]}      params may be missing
//
// No meaning of any method here. Source: Moonraker docs/external_api/introduction.md.

import { PrinterError } from "../../model/errors.ts";

export type Fields = Readonly<Record<string, unknown>>;

export interface Refusal {
  /** JSON-RPC's own (-32601 …) or an HTTP status. */
  readonly code: number;
  readonly message: string;
}

export type Message =
  | { readonly kind: "answer"; readonly id: number; readonly result: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly refusal: Refusal }
  | { readonly kind: "notification"; readonly method: string; readonly params: readonly unknown[] }
  /** Whole, and nothing that concerns a client: a request of the server's own, a refusal without an id. */
  | { readonly kind: "other" };

/** @throws PrinterError `protocol` when the text is not one JSON object */
export function decodeFrame(frameText: string): Message {
  const frame = object(frameText);
  const { id, method } = frame;
  if (typeof method === "string") {
    const params = frame["params"];
    if (id !== undefined) return { kind: "other" };
    return { kind: "notification", method, params: Array.isArray(params) ? (params as readonly unknown[]) : [] };
  }
  if (typeof id !== "number") return { kind: "other" };
  if (!("error" in frame)) return { kind: "answer", id, result: frame["result"] };
  const error = fields(frame["error"]);
  const refusal = { code: number(error["code"]) ?? 0, message: text(error["message"]) ?? "no reason was given" };
  return { kind: "refusal", id, refusal };
}

/** One request. `id` is repeated by the answer. */
export function encodeRequest(method: string, params: Fields, id: number): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params, id });
}

function object(frameText: string): Fields {
  try {
    const value: unknown = JSON.parse(frameText);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  } catch {
    // Falls through to the one error for everything that is no object.
  }
  throw new PrinterError("protocol", "Moonraker sent a frame that is not one JSON object");
}

/** The value as an object; an empty one when it is none. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The objects of a list; an empty one when it is none. */
export function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map((element) => fields(element)) : [];
}

export function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A text that says something; null for anything else. */
export function text(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}
