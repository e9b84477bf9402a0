// The JSON frames of SDCP v3: reading a request, writing answers, pushes and notices.
//
//   request   {Id, Topic, Data: {Cmd, Data, RequestID, MainboardID, TimeStamp, From}}
//   answer    {Id, Data: {Cmd, Data: {Ack, ...}, RequestID, MainboardID, TimeStamp}, Topic: sdcp/response/ID}
//   push      {Status | Attributes, MainboardID, TimeStamp, Topic: sdcp/status/ID | sdcp/attributes/ID}
// Topic, Id and MainboardID of a request are not looked at; key names in any letter case.

import { attributesObject, statusObject } from "./status.ts";
import type { Printer } from "./printer.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Seen on several printers; a brand's id, not the machine's. */
const brandId = "979d4C788A4a78bC777A870F1A02867A";

export interface Request {
  readonly command: number;
  readonly data: JsonObject;
  readonly requestId: string;
}

/** Reads a request. @returns the reason in words when it is none. */
export function readRequest(text: string): Request | string {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  const envelope = member(root, "Data");
  if (!isObject(envelope)) return "no Data object";
  const command = member(envelope, "Cmd");
  if (!Number.isInteger(command)) return "Cmd is not a whole number";
  const data = member(envelope, "Data");
  if (!isObject(data)) return "no Data.Data object";
  const requestId = member(envelope, "RequestID");
  if (typeof requestId !== "string") return "RequestID is not a string";
  return { command: command as number, data, requestId };
}

export function answerFrame(printer: Printer, request: Request, data: JsonObject): JsonObject {
  return {
    Id: brandId,
    Data: { Cmd: request.command, Data: data, RequestID: request.requestId, ...stamp(printer) },
    Topic: `sdcp/response/${printer.mainboardId}`,
  };
}

export function statusFrame(printer: Printer): JsonObject {
  return { Status: statusObject(printer), ...stamp(printer), Topic: `sdcp/status/${printer.mainboardId}` };
}

export function attributesFrame(printer: Printer): JsonObject {
  const Topic = `sdcp/attributes/${printer.mainboardId}`;
  return { Attributes: attributesObject(printer), ...stamp(printer), Topic };
}

/** 1: the MD5 of an upload did not match; 2: the file is of a wrong format. */
export function errorFrame(printer: Printer, errorCode: 1 | 2): JsonObject {
  return {
    Id: brandId,
    Data: { Data: { ErrorCode: errorCode }, ...stamp(printer) },
    Topic: `sdcp/error/${printer.mainboardId}`,
  };
}

/** The answer to a discovery probe. */
export function discoveryReply(printer: Printer): JsonObject {
  return {
    Id: brandId,
    Data: {
      Name: printer.name,
      MachineName: "Centauri Carbon",
      BrandName: "Centauri",
      MainboardIP: printer.host,
      MainboardID: printer.mainboardId,
      ProtocolVersion: "V3.0.0",
      FirmwareVersion: printer.profile.firmware,
    },
  };
}

/** The text of a frame, with the oddities that are switched on. */
export function frameText(printer: Printer, frame: JsonObject): string {
  const { knobs } = printer;
  const second = knobs.twoObjects ? ("Status" in frame ? attributesFrame(printer) : statusFrame(printer)) : undefined;
  const text = `${JSON.stringify(frame)}${second === undefined ? "" : JSON.stringify(second)}`;
  return knobs.lengthPrefix ? `${Buffer.byteLength(text)}${text}` : text;
}

function stamp(printer: Printer): JsonObject {
  return { MainboardID: printer.mainboardId, TimeStamp: Math.floor(Date.now() / 1000) };
}

function member(object: unknown, key: string): unknown {
  if (!isObject(object)) return undefined;
  const found = Object.keys(object).find((name) => name.toLowerCase() === key.toLowerCase());
  return found === undefined ? undefined : object[found];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
