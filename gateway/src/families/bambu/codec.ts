// Payloads of the printer's two topics: JSON with one object per type, in and out.
//
//   { "<type>": { "sequence_id": "20001", "command": "…", … }, "header": {…}, "user_id": "…" }
//
// Total: whatever came gives messages or throws `protocol`. What the fields mean is not known here.
// Facts: the family's README.

import { PrinterError } from "../../model/errors.ts";
import { fields, number, text } from "./report-fields.ts";
import type { Body, Reply } from "./printer-link.ts";

export interface Message {
  readonly type: string;
  readonly command: string;
  /** The number of the request that is answered; printers count their own reports with it too. */
  readonly sequence: string;
  readonly body: Body;
}

export interface Topics {
  readonly report: string;
  readonly request: string;
}

export function topicsOf(serial: string): Topics {
  return { report: `device/${serial}/report`, request: `device/${serial}/request` };
}

const decoder = new TextDecoder();
/** Beside the types; they carry no command. */
const siblings = new Set(["header", "user_id"]);

/**
 * The messages of one payload. Bytes that are no UTF-8 are replaced: some firmware puts raw names in.
 * @throws PrinterError `protocol` for what is no JSON object
 */
export function decodePayload(payload: Uint8Array): readonly Message[] {
  const written = decoder.decode(payload).replace(/[\0\s]+$/u, "");
  const value = parsed(written);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PrinterError("protocol", `a payload of ${payload.length} bytes that is no object`);
  }
  return Object.entries(value)
    .filter(([type, inner]) => !siblings.has(type) && typeof inner === "object" && inner !== null)
    .map(([type, inner]) => message(type, fields(inner)));
}

function message(type: string, body: Body): Message {
  const { sequence_id: sequence } = body;
  const known = typeof sequence === "string" || typeof sequence === "number";
  return { type, command: text(body["command"]), sequence: known ? String(sequence) : "", body };
}

/** Without the parser's own words: they quote the payload, and with it names and codes. */
function parsed(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    throw new PrinterError("protocol", `a payload of ${written.length} characters that is no JSON`);
  }
}

export function encodePayload(message: Body): string {
  return JSON.stringify(message);
}

/** What an answer says, whatever the spelling of its result. */
export function readReply(body: Body): Reply {
  const said = text(body["result"]).toLowerCase();
  const result = said === "success" ? "success" : said.startsWith("fail") ? "fail" : null;
  const reason = text(body["reason"]);
  const errorCode = number(body["err_code"]) ?? number(body["errno"]);
  return { result, reason: reason === "" ? null : reason, errorCode: errorCode === 0 ? null : errorCode, body };
}
