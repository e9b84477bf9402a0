// What each SDCP command does and answers. Payloads have been checked by payloads.ts before; the
// numbers of `Ack` are those the vendor's web UI names.

import { canvasStatus } from "./canvas.ts";
import { changeParameters } from "./control.ts";
import { fullPath, type StoredFile } from "./files.ts";
import { historyDetail, thumbnailPath } from "./history.ts";
import type { Axis } from "./machine.ts";
import type { Printer } from "./printer.ts";
import type { Uploads } from "./uploads.ts";

type JsonObject = Readonly<Record<string, unknown>>;

export interface CommandContext {
  readonly printer: Printer;
  readonly uploads: Uploads;
  /** Whether every slot of the camera is held. */
  readonly cameraTaken: () => boolean;
}

/** Gives `Data.Data` of the answer. */
type Command = (context: CommandContext, data: JsonObject) => JsonObject;

const ok = { Ack: 0 } as const;
const refused = { Ack: 1 } as const;
const accepted = (done: boolean): JsonObject => (done ? ok : refused);

/** Only firmware with the later web UI knows these. */
const laterCommands: ReadonlySet<number> = new Set([134, 135, 257, 322, 323]);
/** Only firmware with Canvas knows this. */
const canvasCommand = 324;

export const commands: Readonly<Record<number, Command>> = {
  0: () => ok,
  1: () => ok,
  128: startPrint,
  129: ({ printer }) => accepted(printer.machine.pause()),
  130: ({ printer }) => accepted(printer.machine.stop()),
  131: ({ printer }) => ({ Ack: { resumed: 0, "not-paused": 1, "no-filament": 2 }[printer.machine.resume()] }),
  134: ({ printer }) => accepted(printer.machine.interrupted === undefined),
  135: ({ printer }, { action }) => accepted(printer.machine.decideInterrupted(isSet(action))),
  192: ({ printer }, { Name }) => {
    printer.name = String(Name);
    return ok;
  },
  255: ({ uploads }, { Uuid }) => ({ Ack: uploads.abort(String(Uuid)) }),
  257: renameFile,
  258: listFiles,
  259: deleteFiles,
  260: fileDetail,
  320: ({ printer }) => ({ ...ok, HistoryData: printer.history.tasks.map(({ id }) => id) }),
  321: ({ printer }, { Id }) => ({
    ...ok,
    HistoryDetailList: printer.history.tasks.filter(({ id }) => strings(Id).includes(id)).map(historyDetail),
  }),
  322: ({ printer }, { Id }) => ({ ...ok, ErrData: strings(Id).filter((id) => !printer.history.delete(id)) }),
  323: ({ printer }, { Url }) => ({ ...ok, Data: strings(Url).filter((url) => hasTimeLapse(printer, url)) }),
  [canvasCommand]: () => ({ ...ok, ...canvasStatus }),
  386: switchCamera,
  401: ({ printer }, { Axis, Step }) => ({
    Ack: { moved: 0, busy: 1, "out-of-range": 2, "not-homed": 3 }[printer.machine.jog(Axis as Axis, Number(Step))],
  }),
  402: ({ printer }, { Axis }) => accepted(printer.machine.home(axesOf(String(Axis)))),
  403: ({ printer }, data) => ({ Ack: changeParameters(printer, data) }),
  512: () => ok,
};

/** @returns whether this printer's firmware knows the command. */
export function knows(printer: Printer, command: number): boolean {
  if (command === canvasCommand) return printer.profile.canvas;
  if (laterCommands.has(command)) return printer.profile.laterCommands;
  return Object.hasOwn(commands, command);
}

function startPrint({ printer }: CommandContext, data: JsonObject): JsonObject {
  if (!printer.machine.idle) return refused;
  const file = printer.files.get(fullPath(String(data["Filename"])));
  if (file === undefined) return { Ack: 2 };
  const started = printer.machine.start(file, {
    levelling: isSet(data["Calibration_switch"]),
    timeLapse: isSet(data["Tlp_Switch"]),
    smoothPlate: isSet(data["PrintPlatformType"]),
  });
  return accepted(started);
}

function renameFile({ printer }: CommandContext, { SrcPath, TargetPath }: JsonObject): JsonObject {
  if (!printer.machine.idle || printer.files.get(String(TargetPath)) !== undefined) return refused;
  return accepted(printer.files.rename(String(SrcPath), String(TargetPath)));
}

function listFiles({ printer }: CommandContext, { Url }: JsonObject): JsonObject {
  return { ...ok, FileList: printer.files.list(String(Url)).map(fileItem) };
}

function fileItem(file: StoredFile): JsonObject {
  return {
    name: file.path,
    type: 1,
    FileSize: file.content.length,
    CreateTime: file.createdAt,
    TotalLayers: file.totalLayers,
    LayerHeight: file.layerHeightMillimeters,
    EstFilamentLength: 0,
  };
}

function deleteFiles({ printer }: CommandContext, { FileList = [] }: JsonObject): JsonObject {
  const running = printer.machine.job?.file.path;
  const failed = strings(FileList).filter((name) => {
    const path = fullPath(name);
    return path === running || !printer.files.delete(path);
  });
  return { ...ok, ErrData: failed };
}

function fileDetail({ printer }: CommandContext, { Url }: JsonObject): JsonObject {
  const path = String(Url);
  if (!path.startsWith("/") || path.endsWith("/")) return refused;
  const file = printer.files.get(path);
  if (file === undefined) return { Ack: 2 };
  const basics = { Thumbnail: thumbnailPath(file.md5), EstTime: file.printSeconds, EstWeight: file.grams };
  const more = {
    FileName: file.path,
    FileSize: file.content.length,
    TotalLayers: file.totalLayers,
    LayerHeight: file.layerHeightMillimeters,
    MD5: file.md5,
  };
  return { ...ok, FileInfo: printer.profile.fullFileInfo ? { ...basics, ...more } : basics };
}

function switchCamera({ printer, cameraTaken }: CommandContext, { Enable }: JsonObject): JsonObject {
  if (!printer.knobs.cameraPlugged) return { Ack: 2 };
  const wasEnabled = printer.knobs.cameraEnabled;
  printer.knobs.cameraEnabled = isSet(Enable);
  if (!printer.knobs.cameraEnabled) return ok;
  // A viewer that was left without frames does not count: it may be the one that asks.
  if (wasEnabled && cameraTaken()) return refused;
  return { ...ok, VideoUrl: `${printer.host}:${printer.cameraPort}/video` };
}

function hasTimeLapse({ history }: Printer, url: string): boolean {
  return history.tasks.some((task) => historyDetail(task)["TimeLapseVideoUrl"] === url);
}

function axesOf(text: string): readonly Axis[] {
  return text === "XYZ" ? ["X", "Y", "Z"] : [text as Axis];
}

function isSet(value: unknown): boolean {
  return value === 1 || value === true;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
