// OctoPrint's JSON, from REST and from the push socket ↔ messages. No clock, no socket, no meaning.
// Facts: OctoPrint's REST and push manuals, and what 1.11.8 and 2.0.0rc3 were seen to send.
//
// REST    GET /api/job      {"state","error"?,"job":{"file":{"path","origin",…}},"progress":{"completion" %,…}}
//         GET /api/printer  {"state":{"text","error","flags":{…}},"temperature":{"tool0":{"actual","target"}}}
// Socket  one object a frame with one key: connected, history, current, event, reauthRequired, …
//         current   {"state":{"text","flags","error"},"job","progress","currentZ","temps":[{…}]}
//         event     {"type","payload"}
//         history   as current, once; it was seen to come late and to tell what was true before: passed over
//
// Unknown keys and messages are passed over: both documents are declared open-ended.

import { PrinterError } from "../../model/errors.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** The temperatures of one heated part, °C. */
export interface Temperature {
  readonly actual: number | null;
  readonly target: number | null;
}

/** What one answer or one push says of the machine; an absent part says nothing of it. */
export interface Report {
  /** OctoPrint's own words, such as `Printing from SD`. */
  readonly text: string;
  /** The names of the flags that are set; null while OctoPrint has no machine. */
  readonly flags: ReadonlySet<string> | null;
  /** The error that ended the connection. */
  readonly error: string | null;
  /** The selected file as `start` takes it. */
  readonly file: string | null;
  /** Percent. */
  readonly completion: number | null;
  readonly printTimeSeconds: number | null;
  readonly printTimeLeftSeconds: number | null;
  /** By OctoPrint's name of the part: tool0, bed, chamber. */
  readonly temperatures?: Readonly<Record<string, Temperature>>;
  /** mm */
  readonly z?: number | null;
}

export type PushMessage =
  | { readonly kind: "connected" }
  | { readonly kind: "report"; readonly report: Report }
  | { readonly kind: "event"; readonly type: string; readonly payload: Fields }
  | { readonly kind: "reauth" }
  | { readonly kind: "other" };

/** Files on the machine's own card are written with this in front. */
export const sdPrefix = "sdcard:";

/**
 * The message of one frame of the raw WebSocket.
 * @throws PrinterError `protocol` when it is no JSON object
 */
export function decodePush(frame: string): PushMessage {
  const message = parseObject(frame);
  const status = message["current"];
  if (isFields(status)) return { kind: "report", report: readCurrent(status) };
  if ("connected" in message) return { kind: "connected" };
  if ("reauthRequired" in message) return { kind: "reauth" };
  const event = fields(message["event"]);
  const type = text(event["type"]);
  return type === null ? { kind: "other" } : { kind: "event", type, payload: fields(event["payload"]) };
}

/** @throws PrinterError `protocol` */
export function parseObject(json: string): Fields {
  try {
    const value: unknown = JSON.parse(json);
    if (isFields(value)) return value;
  } catch {
    // Falls through: what is no JSON and what is no object are told alike.
  }
  const start = JSON.stringify(json.slice(0, 40));
  throw new PrinterError("protocol", `the address answers, but not as OctoPrint does: ${start}`);
}

/** The machine by the two REST answers; `printer` is null when OctoPrint has no machine (409). */
export function readStatus(job: Fields, printer: Fields | null): Report {
  const state = fields(printer?.["state"]);
  const about = printer === null ? {} : { temperatures: temperatures(fields(printer["temperature"])) };
  return {
    text: text(state["text"]) ?? text(job["state"]) ?? "",
    flags: printer === null ? null : flags(state["flags"]),
    error: text(job["error"]) ?? text(state["error"]),
    ...readJob(job),
    ...about,
  };
}

function readCurrent(status: Fields): Report {
  const state = fields(status["state"]);
  const points = Array.isArray(status["temps"]) ? status["temps"] : [];
  const last: unknown = points.at(-1);
  return {
    text: text(state["text"]) ?? "",
    flags: flags(state["flags"]),
    error: text(state["error"]),
    ...readJob(status),
    z: number(status["currentZ"]),
    ...(isFields(last) ? { temperatures: temperatures(last) } : {}),
  };
}

function readJob(document: Fields): Pick<Report, "file" | "completion" | "printTimeSeconds" | "printTimeLeftSeconds"> {
  const file = fields(fields(document["job"])["file"]);
  const progress = fields(document["progress"]);
  const path = text(file["path"]) ?? text(file["name"]);
  return {
    file: path === null ? null : fileName(text(file["origin"]), path),
    completion: number(progress["completion"]),
    printTimeSeconds: number(progress["printTime"]),
    printTimeLeftSeconds: number(progress["printTimeLeft"]),
  };
}

/** A closed connection has its own flag, or none at all. */
function flags(value: unknown): ReadonlySet<string> | null {
  const set = new Set(Object.entries(fields(value)).flatMap(([name, on]) => (on === true ? [name] : [])));
  return set.size === 0 || set.has("closedOrError") || set.has("error") ? null : set;
}

/** Parts that the machine lacks come with both values null. */
function temperatures(points: Fields): Record<string, Temperature> {
  const parts = Object.entries(points).flatMap(([name, value]) => {
    if (!/^(?:tool\d+|bed|chamber)$/u.test(name)) return [];
    const { actual, target } = fields(value);
    const temperature = { actual: number(actual), target: number(target) };
    return temperature.actual === null && temperature.target === null ? [] : [[name, temperature] as const];
  });
  return Object.fromEntries(parts);
}

/** `cube.gcode`, `folder/cube.gcode` or `sdcard:CUBE.GCO`. */
export function fileName(origin: string | null, path: string): string {
  return origin === "sdcard" ? `${sdPrefix}${path}` : path;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object; an empty one when it is none. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** The objects of a list. */
export function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter((item) => isFields(item)) : [];
}

/** A finite number, else null. */
export function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A text that is not empty, else null. */
export function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
