// Answers of the vendor's cloud → the product's words. Only the fields named here ever leave: what else
// is in an answer (access codes, signed addresses) is not taken. Facts: the family's README.

import { fields, list, number, text } from "../report-fields.ts";

export interface Profile {
  /** The broker's user is `u_` and this; null where the answer has none. */
  readonly uid: string | null;
  readonly name: string | null;
  readonly handle: string | null;
}

export interface BoundPrinter {
  readonly serial: string;
  readonly name: string | null;
  readonly model: string | null;
  readonly online: boolean | null;
  readonly status: string | null;
}

export interface CloudJob {
  readonly file: string | null;
  readonly status: string | null;
  readonly progressRatio: number | null;
  readonly startedAt: string | null;
  readonly estimatedSeconds: number | null;
}

export interface PrinterStatus {
  readonly serial: string;
  readonly online: boolean | null;
  readonly job: CloudJob | null;
}

export interface PastJob extends CloudJob {
  readonly id: string;
  readonly endedAt: string | null;
  readonly filamentGrams: number | null;
}

/** The answer has another form than the one that is known. */
export class UnknownForm extends Error {
  override readonly message = "an answer of an unknown form";
}

/** @throws UnknownForm */
export function readProfile(answer: unknown): Profile {
  const body = fields(answer);
  const uid = idOf(body["uid"]);
  const [name, handle] = [words(body["name"]), words(body["handle"])];
  if (uid === null && name === null && handle === null) throw new UnknownForm();
  return { uid, name, handle };
}

/** @throws UnknownForm */
export function readPrinters(answer: unknown): readonly BoundPrinter[] {
  return devices(answer).map((device) => ({
    serial: words(device["dev_id"]) ?? "",
    name: words(device["name"]) ?? words(device["dev_name"]),
    model: words(device["dev_product_name"]) ?? words(device["dev_model_name"]),
    online: flag(device["online"]) ?? flag(device["dev_online"]),
    status: words(device["print_status"]) ?? words(device["task_status"]),
  }));
}

/** @throws UnknownForm */
export function readStatuses(answer: unknown): readonly PrinterStatus[] {
  return devices(answer).map((device) => readStatus(device));
}

/** Of the endpoint that tells one printer; its fields stand at the top or in `device`. @throws UnknownForm */
export function readOneStatus(answer: unknown): PrinterStatus {
  const body = fields(answer);
  const device = "dev_id" in body ? body : fields(body["device"]);
  if (words(device["dev_id"]) === null) throw new UnknownForm();
  return readStatus(device);
}

/** The newest first, as the cloud sorts them. @throws UnknownForm */
export function readJobs(answer: unknown): readonly PastJob[] {
  const { hits } = fields(answer) as { hits?: unknown };
  if (hits === null) return [];
  if (!Array.isArray(hits)) throw new UnknownForm();
  return hits.map((hit) => readJob(fields(hit))).filter(({ id }) => id !== "");
}

/** The cloud's numbers; others are told as they are. */
const taskWords: Readonly<Record<string, string>> = { 1: "running", 2: "finished", 3: "failed or cancelled" };
/** The end of a job that runs is told as its beginning. */
const stillRunningMs = 60_000;

function readJob(hit: Readonly<Record<string, unknown>>): PastJob {
  const code = idOf(hit["status"]);
  const startedMs = instantMs(hit["startTime"]);
  const endedMs = instantMs(hit["endTime"]);
  const isOver = code === "2" || code === "3" || (startedMs !== null && (endedMs ?? 0) - startedMs >= stillRunningMs);
  return {
    id: idOf(hit["id"]) ?? "",
    file: words(hit["title"]),
    status: code === null ? null : (taskWords[code] ?? `other (${code})`),
    progressRatio: null,
    startedAt: iso(startedMs),
    endedAt: isOver ? iso(endedMs) : null,
    estimatedSeconds: amount(hit["costTime"]),
    filamentGrams: amount(hit["weight"]),
  };
}

function readStatus(device: Readonly<Record<string, unknown>>): PrinterStatus {
  const file = words(device["task_name"]);
  const status = words(device["task_status"]);
  const progress = amount(device["progress"]);
  const job = {
    file,
    status,
    progressRatio: progress === null ? null : Math.min(1, progress / 100),
    startedAt: iso(instantMs(device["start_time"])),
    estimatedSeconds: amount(device["prediction"]),
  };
  const hasJob = file !== null || idOf(device["task_id"]) !== null;
  return {
    serial: words(device["dev_id"]) ?? "",
    online: flag(device["dev_online"]) ?? flag(device["online"]),
    job: hasJob ? job : null,
  };
}

function devices(answer: unknown): readonly Readonly<Record<string, unknown>>[] {
  const { devices: found } = fields(answer) as { devices?: unknown };
  if (found === null) return []; // an account without printers
  if (!Array.isArray(found)) throw new UnknownForm();
  return list(found)
    .map((device) => fields(device))
    .filter((device) => words(device["dev_id"]) !== null);
}

const longest = 255;

/** Text on one line, without addresses of people or of files; null for what is none. */
export function words(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const line = value
    .replaceAll(/\p{Cc}+/gu, " ")
    .replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/\S+/giu, "***")
    .replaceAll(/[^\s@<>]+@[^\s@<>]+/gu, "***")
    .trim()
    .slice(0, longest);
  return line === "" ? null : line.toWellFormed();
}

/** A number or text that names something; null for none, and for the 0 that stands for it. */
function idOf(value: unknown): string | null {
  const id = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : words(value);
  return id === "0" ? null : id;
}

function flag(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

function amount(value: unknown): number | null {
  const read = number(value);
  return read === null || !Number.isFinite(read) || read < 0 ? null : read;
}

/** Unix ms of a written instant, or of a count of seconds. */
function instantMs(value: unknown): number | null {
  const seconds = number(value);
  const ms = seconds === null ? Date.parse(text(value)) : seconds * 1000;
  return Number.isFinite(ms) && ms > 0 && ms < 8.64e15 ? ms : null;
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
