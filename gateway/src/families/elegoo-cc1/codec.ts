// SDCP v3 as the Elegoo Centauri Carbon speaks it: text frames → messages (out: ./request-table.ts).
// No clock, no socket, no meaning. Source: the vendor's web UI, SDK captures and firmware, as named in ./README.md.
//
// Request   {"Id","Topic":"sdcp/request/<mid>","Data":{"Cmd":int,"Data":{…},"RequestID":32 hex,
//            "MainboardID","TimeStamp":ms,"From":1}}            mid may be empty when unknown
// Answer    {"Topic":"sdcp/response/<mid>","Data":{"Cmd","Data":{"Ack":int,…},"RequestID",…}}
// Push      {"Status":{…},"MainboardID","TimeStamp":s,"Topic"}   also under Data and Data.Data
//           {"Attributes":{…},…}                                 the same
// Error     {"Topic":"sdcp/error/<mid>","Data":{"Data":{"ErrorCode":int}}}
// Notice    {"Topic":"sdcp/notice/<mid>","Data":{"Data":{"Message","Type":int}}}
// Alive     the bare words "ping" (to the printer) and "pong" (from it)
//
// On receive a frame may carry a decimal length in front, or two objects back to back.

import { PrinterError } from "../../model/errors.ts";

export type Fields = Readonly<Record<string, unknown>>;

export type Message =
  | { readonly kind: "pong" }
  /** `ack` 0 is accepted; null where the answer carries none. */
  | { readonly kind: "answer"; readonly requestId: string; readonly ack: number | null; readonly data: Fields }
  | { readonly kind: "status"; readonly status: Fields; readonly mainboardId: string | null }
  | { readonly kind: "attributes"; readonly attributes: Fields; readonly mainboardId: string | null }
  | { readonly kind: "error"; readonly code: number | null }
  /** A frame of no known kind: newer firmware may send one; it is passed over. */
  | { readonly kind: "other"; readonly topic: string | null };

/**
 * The messages of one text frame, in order. Time grows with its length, whatever is in it.
 * @throws PrinterError `protocol` when the frame is not SDCP text
 */
export function decodeFrame(text: string): Message[] {
  const trimmed = text.trim();
  if (trimmed === "pong") return [{ kind: "pong" }];
  const body = trimmed.replace(/^\d{1,10}(?=\s*\{)/u, "");
  const whole = parseObject(body);
  if (whole !== null) return [classify(whole)];
  const parts = splitObjects(body).map((part) => parseObject(part));
  const objects = parts.filter((part) => part !== null);
  if (objects.length === 0 || objects.length < parts.length) throw undecodable(text);
  return objects.map((part) => classify(part));
}

function undecodable(text: string): PrinterError {
  const start = JSON.stringify(text.slice(0, 40));
  return new PrinterError("protocol", `a frame of ${text.length} characters is not SDCP: ${start}`);
}

function parseObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null; // no JSON, or nested beyond all reason
  }
}

/** Cuts `{…}{…}` into its top-level objects; braces inside strings do not count. Empty when they do not match. */
function splitObjects(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted) {
      if (character === "\\") index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{") {
      if (depth === 0) start = index;
      depth += 1;
    } else if (character === "}") {
      depth -= 1;
      if (depth < 0) return [];
      if (depth === 0) parts.push(text.slice(start, index + 1));
    }
  }
  return depth === 0 ? parts : [];
}

function classify(frame: Fields): Message {
  const outer = fields(frame["Data"]);
  const inner = fields(outer["Data"]);
  const places = [frame, outer, inner];
  const mainboardId = text(frame["MainboardID"]) ?? text(outer["MainboardID"]);
  const status = places.map((place) => place["Status"]).find((value) => isFields(value));
  if (status !== undefined) return { kind: "status", status, mainboardId };
  const attributes = places.map((place) => place["Attributes"]).find((value) => isFields(value));
  if (attributes !== undefined) return { kind: "attributes", attributes, mainboardId };
  const topic = text(frame["Topic"]);
  if (topic?.startsWith("sdcp/error/") === true) return { kind: "error", code: number(inner["ErrorCode"]) };
  const requestId = text(outer["RequestID"]);
  if (requestId !== null) return { kind: "answer", requestId, ack: number(inner["Ack"]), data: inner };
  return { kind: "other", topic };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object; an empty one when it is none. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** A finite number, else null. */
export function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A text that is not empty, else null. */
export function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
