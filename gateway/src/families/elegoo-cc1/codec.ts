// SDCP v3 as the Elegoo Centauri Carbon speaks it: text frames ↔ messages. No clock, no socket,
// no meaning. Source: the vendor's web UI, SDK captures and firmware, as named in ./README.md.
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

import * as z from "zod";
import { PrinterError } from "../../model/errors.ts";

const nothing = z.strictObject({});
const flag = z.union([z.literal(0), z.literal(1)]);

/**
 * Every request that may ever be sent, with its one legal payload. An unknown Cmd, or a known one
 * with another payload, crashes the daemon and with it the running print (seen on V1.1.46).
 */
const requests = {
  /** Read: a `Status` push follows. */
  refreshStatus: { cmd: 0, payload: nothing },
  /** Read: an `Attributes` push follows. */
  refreshAttributes: { cmd: 1, payload: nothing },
  startPrint: {
    cmd: 128,
    payload: z.strictObject({
      Filename: z.string().min(1),
      StartLayer: z.literal(0),
      Calibration_switch: flag,
      PrintPlatformType: flag,
      Tlp_Switch: flag,
      slot_map: z.array(z.never()),
    }),
  },
  pausePrint: { cmd: 129, payload: nothing },
  stopPrint: { cmd: 130, payload: nothing },
  resumePrint: { cmd: 131, payload: nothing },
  /** Only ever 1: 0 would take the picture from everybody else. */
  enableCamera: { cmd: 386, payload: z.strictObject({ Enable: z.literal(1) }) },
  /** Ask for a status every TimePeriod ms. */
  subscribe: { cmd: 512, payload: z.strictObject({ TimePeriod: z.int().min(1000).max(60_000) }) },
} as const;

export type RequestName = keyof typeof requests;
export type RequestPayload<Name extends RequestName> = z.input<(typeof requests)[Name]["payload"]>;

export const keepAlive = "ping";

export interface RequestEnvelope {
  /** 32 hex digits; the answer repeats it. */
  readonly requestId: string;
  /** Empty while it is not known: the daemon does not check it. */
  readonly mainboardId: string;
  /** Unix ms; the daemon ignores it. */
  readonly timestampMs: number;
}

/**
 * The text frame of a request. The one place where a request is made.
 * @throws PrinterError `internal` when the payload has another shape than the command's own
 */
export function encodeRequest<Name extends RequestName>(
  name: Name,
  payload: RequestPayload<Name>,
  envelope: RequestEnvelope,
): string {
  const { cmd, payload: schema } = requests[name];
  const checked = schema.safeParse(payload);
  if (!checked.success) {
    throw new PrinterError("internal", `refused to send ${name} with an unknown payload`, { cause: checked.error });
  }
  const { requestId, mainboardId, timestampMs } = envelope;
  return JSON.stringify({
    Id: mainboardId,
    Topic: mainboardId === "" ? "" : `sdcp/request/${mainboardId}`,
    Data: {
      Cmd: cmd,
      Data: checked.data,
      RequestID: requestId,
      MainboardID: mainboardId,
      TimeStamp: timestampMs,
      From: 1,
    },
  });
}

/** The numbers of every request this family can send; a test holds them against the allowed list. */
export const sendableCommands: readonly number[] = Object.values(requests).map(({ cmd }) => cmd);

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
 * The messages of one text frame, in order.
 * @throws PrinterError `protocol` when the frame is not SDCP text
 */
export function decodeFrame(text: string): Message[] {
  const trimmed = text.trim();
  if (trimmed === "pong") return [{ kind: "pong" }];
  const parts = splitObjects(trimmed.replace(/^\d+(?=\s*\{)/u, ""));
  if (parts.length === 0) throw undecodable(text);
  return parts.map((part) => classify(parseObject(part, text)));
}

function undecodable(text: string, cause?: unknown): PrinterError {
  const start = JSON.stringify(text.slice(0, 40));
  return new PrinterError("protocol", `a frame of ${text.length} characters is not SDCP: ${start}`, { cause });
}

function parseObject(part: string, frame: string): Fields {
  try {
    const value: unknown = JSON.parse(part);
    if (isFields(value)) return value;
  } catch (error) {
    throw undecodable(frame, error);
  }
  throw undecodable(frame);
}

/** Cuts `{…}{…}` into its top-level objects; braces inside strings do not count. */
function splitObjects(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gsu)) {
    if (token === "{") {
      if (depth === 0) start = index;
      depth += 1;
    } else if (token === "}") {
      depth -= 1;
      if (depth === 0) parts.push(text.slice(start, index + 1));
      if (depth < 0) return [];
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
