// The Centauri Carbon 2's JSON over MQTT: payloads ↔ messages. No clock, no socket, no meaning.
// Sources: the vendor's SDK and recorded traffic, as named in ./README.md.
//
// Topics      elegoo/<sn>/api_register                    → {"client_id":<cid>,"request_id":<rid>}
//             elegoo/<sn>/<rid>/register_response         ← {"client_id":<cid>,"error":"ok"|"fail"|"too many clients"}
//             elegoo/<sn>/<cid>/api_request               → request, or {"type":"PING"}
//             elegoo/<sn>/<cid>/api_response              ← answer, {"type":"PONG"}, and pushes
//             elegoo/<sn>/api_status                      ← pushes
// Request     {"id":int > 0,"method":int,"params":{…}}
// Answer      {"id":int,"method":int,"result":{"error_code":0,…}}   or "error":{"code":int} for "result"
// Push        {"id":int,"method":6000|6008,"result":{…}}            status changes, attributes
//
// Push ids count up by one, or start again at 0; some builds carry `sequence` or `status_id` instead.

import { PrinterError } from "../../model/errors.ts";
import { methods, type MethodName, type Params } from "./method-table.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** What a topic carries: answers to this client, pushes to all, or the answer to the registration. */
export type Channel = "response" | "status" | "register";

export type Message =
  | { readonly kind: "pong" }
  | { readonly kind: "registration"; readonly clientId: string | null; readonly error: string }
  /** `errorCode` 0 is done. */
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly method: number | null;
      readonly errorCode: number;
      readonly result: Fields;
    }
  /** `sequence` is null where the build counts nothing. */
  | {
      readonly kind: "push";
      readonly about: "status" | "attributes";
      readonly sequence: number | null;
      readonly result: Fields;
    }
  | { readonly kind: "other" };

export interface Topics {
  readonly register: string;
  readonly request: string;
  /** The three that are listened to. */
  readonly inbound: ReadonlyMap<string, Channel>;
}

export const ping = '{"type":"PING"}';

const push = { status: 6000, attributes: 6008 } as const;

/** The topics of one client of one printer. */
export function topicsOf(serial: string, clientId: string): Topics {
  return {
    register: `elegoo/${serial}/api_register`,
    request: `elegoo/${serial}/${clientId}/api_request`,
    inbound: new Map([
      [`elegoo/${serial}/${clientId}/api_response`, "response"],
      [`elegoo/${serial}/api_status`, "status"],
      [`elegoo/${serial}/${requestIdOf(clientId)}/register_response`, "register"],
    ]),
  };
}

export function encodeRegistration(clientId: string): string {
  return JSON.stringify({ client_id: clientId, request_id: requestIdOf(clientId) });
}

function requestIdOf(clientId: string): string {
  return `${clientId}_req`;
}

/**
 * The payload of a request. The one place where a request is made.
 * @throws PrinterError `internal` when the parameters have another shape than the method's own
 */
export function encodeRequest<Name extends MethodName>(name: Name, params: Params<Name>, id: number): string {
  const { method, params: schema } = methods[name];
  const checked = schema.safeParse(params);
  if (checked.success) return JSON.stringify({ id, method, params: checked.data });
  throw new PrinterError("internal", `refused to send ${name} with unknown parameters`, { cause: checked.error });
}

/**
 * One payload as a message.
 * @throws PrinterError `protocol` when it is no UTF-8, no JSON object, or lacks what its topic promises
 */
export function decodePayload(channel: Channel, payload: Uint8Array): Message {
  const body = parse(payload);
  if (channel === "register") {
    return { kind: "registration", clientId: text(body["client_id"]), error: text(body["error"]) ?? "no reason" };
  }
  if (body["type"] === "PONG") return { kind: "pong" };
  const method = number(body["method"]);
  if (method === push.status || method === push.attributes) return decodePush(method, body);
  // Only this client's own topic answers it: elsewhere the same id is somebody else's.
  if (channel === "status") return { kind: "other" };
  return decodeAnswer(method, body);
}

function decodePush(method: number, body: Fields): Message {
  const result = body["result"] ?? body["params"];
  if (!isFields(result)) throw new PrinterError("protocol", "a push without an object");
  const sequence = number(body["sequence"]) ?? number(body["status_id"]) ?? number(body["id"]);
  return { kind: "push", about: method === push.status ? "status" : "attributes", sequence, result };
}

function decodeAnswer(method: number | null, body: Fields): Message {
  const id = number(body["id"]);
  if (id === null) throw new PrinterError("protocol", "an answer without an id");
  const { error, result } = body;
  if (error !== undefined && error !== null) {
    return { kind: "answer", id, method, errorCode: number(fields(error)["code"]) ?? unknownError, result: {} };
  }
  if (!isFields(result)) throw new PrinterError("protocol", "an answer without an object");
  return { kind: "answer", id, method, errorCode: number(result["error_code"]) ?? 0, result };
}

/** The printer's own code for a fault it cannot name. */
const unknownError = 9999;

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parse(payload: Uint8Array): Fields {
  try {
    const body: unknown = JSON.parse(utf8.decode(payload));
    if (isFields(body)) return body;
  } catch (error) {
    throw new PrinterError("protocol", "a payload that is no JSON", { cause: error });
  }
  throw new PrinterError("protocol", "a payload that is no JSON object");
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object, or an empty one where there is none. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A finite number, also one written as text; null otherwise. */
export function number(value: unknown): number | null {
  const parsed = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof parsed === "number" && Number.isFinite(parsed) ? parsed : null;
}

/** A text that is not empty; null otherwise. */
export function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Firmware writes yes and no as true and false, as 1 and 0, or as a level. */
export function flag(value: unknown): boolean | null {
  if (typeof value === "boolean") return value;
  const level = number(value);
  return level === null ? null : level !== 0;
}
