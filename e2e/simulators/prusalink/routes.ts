// PrusaLink's calls: v1, and on the Pi the legacy ones for heat and motion. Each gives a status and
// a body; what is not there is 404, what is not possible now 409, in PrusaLink's words.

import type { IncomingMessage } from "node:http";
import { Conflict, type Axis, type PrintFile, type Printer } from "./printer.ts";
import type { Profile } from "./profiles.ts";
import type { Storage } from "./storage.ts";

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly bytes?: Buffer;
  readonly type?: string;
}

export interface Parts {
  readonly profile: Profile;
  readonly printer: Printer;
  readonly storage: Storage;
  readonly knobs: Knobs;
  readonly picture: () => Promise<Buffer>;
  readonly thumbnail: () => Promise<Buffer>;
}

/** What the faults turn. */
export interface Knobs {
  /** Requests are taken and not answered. */
  silent: boolean;
  /** Every answer is 503, as while it starts. */
  starting: boolean;
  /** Every upload gets this status; 0: they are taken. */
  uploadStatus: number;
}

export interface Asked {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly body: Buffer;
}

const missing = failure(404, "File Not Found", "File you want was not found.");

function failure(status: number, title: string, message: string): Answer {
  return { status, body: { title, message } };
}

const done: Answer = { status: 204 };

export async function answer(parts: Parts, asked: Asked): Promise<Answer> {
  try {
    return (await route(parts, asked)) ?? failure(404, "Not Found", "There is no such address.");
  } catch (error) {
    if (error instanceof Conflict) return failure(409, "Conflict", error.message);
    throw error;
  }
}

async function route(parts: Parts, asked: Asked): Promise<Answer | undefined> {
  const { profile, storage } = parts;
  const call = `${asked.request.method} ${asked.path}`;
  const files = new RegExp(`^/api/v1/files/${profile.storage}(?:/(.*))?$`, "u").exec(asked.path);
  if (files !== null) return file(parts, asked, files[1] ?? "");
  if (asked.path.startsWith("/api/v1/job/")) return job(parts, asked);
  if (asked.path.startsWith(`/thumb/l/${profile.storage}/`) || asked.path.startsWith(`/${profile.storage}/`)) {
    return content(parts, asked.path);
  }
  switch (call) {
    case "GET /api/version":
      return { status: 200, body: profile.version };
    case "GET /api/v1/info":
      return { status: 200, body: profile.info };
    case "GET /api/v1/status":
      return { status: 200, body: status(parts) };
    case "GET /api/v1/job":
      return currentJob(parts);
    case "GET /api/v1/storage":
      return {
        status: 200,
        body: { storage_list: [storage.describe(), { type: "SDCARD", path: "/sdcard", available: false }] },
      };
    default:
      return profile.legacy ? legacy(parts, asked, call) : undefined;
  }
}

function status({ printer, profile, storage }: Parts): unknown {
  const { path, name, free_space, read_only } = storage.describe();
  const own = { path, name, free_space, read_only };
  const still = printer.isMoving ? {} : { axis_x: printer.position.x, axis_y: printer.position.y };
  const health = { ok: printer.message === undefined, message: printer.message ?? "OK" };
  const { job } = printer;
  return {
    storage: profile.storageList ? [own, { path: "/sdcard", read_only: true }] : own,
    printer: {
      state: printer.state,
      temp_nozzle: Math.round(printer.nozzle.actual * 10) / 10,
      target_nozzle: printer.nozzle.target,
      temp_bed: Math.round(printer.bed.actual * 10) / 10,
      target_bed: printer.bed.target,
      axis_z: printer.position.z,
      ...still,
      flow: 100,
      speed: printer.speedPercent,
      fan_hotend: 0,
      fan_print: 0,
      ...(profile.legacy && { status_printer: health }),
    },
    ...(job !== undefined && { job: { id: job.id, ...times(job) } }),
  };
}

function times({ file, printedSeconds }: NonNullable<Printer["job"]>): Readonly<Record<string, number>> {
  const left = Math.max(0, file.seconds - printedSeconds);
  const progress = Math.floor((printedSeconds / file.seconds) * 100);
  return { progress, time_remaining: Math.round(left), time_printing: Math.round(printedSeconds) };
}

function currentJob({ printer, profile, storage }: Parts): Answer {
  const { job } = printer;
  if (job === undefined) return done;
  const shown = storage.show(job.file);
  // The whole path under the name of its folder on the Pi; the folder alone on Buddy boards.
  const folder = job.file.path.split("/").slice(0, -1).join("/");
  const path = profile.legacy ? `/gcodes/${job.file.path}` : ["/usb", folder].filter((part) => part !== "").join("/");
  const about = { id: job.id, state: printer.state, ...times(job), inaccurate_estimates: false };
  return { status: 200, body: { ...about, file: { ...shown, path, display_path: path } } };
}

function job({ printer }: Parts, { request, path }: Asked): Answer | undefined {
  const [, id, verb] = /^\/api\/v1\/job\/(\d+)(\/pause|\/resume)?$/u.exec(path) ?? [];
  if (id === undefined) return undefined;
  if (printer.job === undefined) throw new Conflict("Operation you want can only be done when printer is printing.");
  if (Number(id) !== printer.job.id)
    return failure(404, "Not Current Job", "Given job id does not belong to current job");
  if (request.method === "DELETE" && verb === undefined) printer.stop();
  else if (request.method === "PUT" && verb === "/pause") printer.pause();
  else if (request.method === "PUT" && verb === "/resume") printer.resume();
  else return undefined;
  return done;
}

function file(parts: Parts, asked: Asked, path: string): Answer | undefined {
  const { storage, printer } = parts;
  const found = storage.find(path);
  switch (asked.request.method ?? "") {
    case "GET": {
      const body = found === undefined ? storage.folder(path) : storage.show(found);
      return body === undefined ? missing : { status: 200, body };
    }
    case "POST":
      if (found === undefined) return missing;
      printer.start(found);
      return done;
    case "DELETE":
      if (found === undefined) return missing;
      if (printer.job?.file === found) throw new Conflict("File is currently being printed.");
      storage.delete(found);
      return done;
    case "PUT":
      return store(parts, asked, path);
    default:
      return undefined;
  }
}

function store({ storage, printer, knobs }: Parts, { request, body }: Asked, path: string): Answer {
  const { headers } = request;
  const flag = (name: string): boolean => headers[name] === "?1";
  if (knobs.uploadStatus !== 0) return failure(knobs.uploadStatus, "Refused", "Refused by the simulator.");
  if (headers["content-length"] === undefined) return failure(411, "Length Required", "Content-Length is missing.");
  if (headers["content-type"] !== "text/x.gcode") return failure(500, "Internal Server Error", "");
  if (/[~?"&%]/u.test(path)) return failure(400, "Forbidden Characters", "The name has forbidden characters.");
  const before = storage.find(path);
  if (before !== undefined && !flag("overwrite")) return failure(409, "File Already Exists", "File already exists.");
  if (before !== undefined && printer.job?.file === before) throw new Conflict("File is currently being printed.");
  const stored: PrintFile = storage.put(path, body);
  if (flag("print-after-upload")) printer.start(stored);
  return { status: 201 };
}

async function content({ profile, storage, thumbnail }: Parts, path: string): Promise<Answer> {
  const picture = path.startsWith("/thumb/l/");
  const own = path.slice(`${picture ? "/thumb/l" : ""}/${profile.storage}/`.length);
  const found = storage.find(own);
  if (found === undefined) return missing;
  if (picture) return { status: 200, bytes: await thumbnail(), type: "image/png" };
  return { status: 200, bytes: found.content, type: "application/octet-stream" };
}

async function legacy(parts: Parts, { body, request }: Asked, call: string): Promise<Answer | undefined> {
  const { printer } = parts;
  switch (call) {
    case "GET /api/v1/cameras":
      return { status: 200, body: { camera_list: [{ camera_id: "shed", connected: true, registered: false }] } };
    case "GET /api/v1/cameras/snap": {
      if (request.headers["if-modified-since"] !== undefined) return { status: 304 };
      return { status: 200, bytes: await parts.picture(), type: "image/jpeg" };
    }
    case "POST /api/printer/printhead":
      return printhead(printer, object(body));
    case "POST /api/printer/tool": {
      const targets = object(body)["targets"];
      return heat(printer, "nozzle", Number((targets as Record<string, unknown> | undefined)?.["tool0"]), 305);
    }
    case "POST /api/printer/bed":
      return heat(printer, "bed", Number(object(body)["target"]), 125);
    default:
      return undefined;
  }
}

function printhead(printer: Printer, input: Readonly<Record<string, unknown>>): Answer {
  const { command, axes, factor, feedrate } = input;
  if (command === "home") printer.home(Array.isArray(axes) ? (axes as Axis[]) : ["x", "y", "z"]);
  if (command === "speed") printer.speedPercent = Number(factor);
  if (command === "jog") {
    if (!(Number(feedrate) <= 2700)) return failure(400, "Value too high", "Given value is too high");
    for (const axis of ["x", "y", "z"] as const) if (typeof input[axis] === "number") printer.jog(axis, input[axis]);
  }
  return done;
}

function heat(printer: Printer, part: "nozzle" | "bed", target: number, most: number): Answer {
  if (!(target <= most)) return failure(400, "Temperature too high", "Desired temperature is too high");
  printer[part].target = target;
  return done;
}

function object(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // no JSON: then nothing was asked for
  }
}
