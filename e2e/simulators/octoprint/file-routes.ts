// /api/files and /downloads: lists, uploads, commands on a file, deleting.

import { done, json, notFound, refuse, type Answer } from "./answers.ts";
import { cardEntries, fileDocument, fileReference, filesDocument } from "./documents.ts";
import { cleanName, isPrintable } from "./files.ts";
import type { OctoPrint } from "./octoprint.ts";
import type { Body } from "./printer-routes.ts";

/** `location` "" is all of them. */
export function listFiles(octoprint: OctoPrint, location: string, query: URLSearchParams, host: string): Answer {
  const card = octoprint.machine.isOperational ? cardEntries(octoprint) : [];
  if (location === "sdcard") return octoprint.release.fileHashes ? json({ files: card }) : notFound;
  if (location !== "" && location !== "local") return notFound;
  const recursive = query.get("recursive") === "true";
  const document = filesDocument(octoprint, "", recursive, host);
  if (location === "local") return json(document);
  return json({ ...document, files: [...(document["files"] as unknown[]), ...card] });
}

export function showFile(octoprint: OctoPrint, path: string, host: string): Answer {
  const file = octoprint.files.get(path);
  return file === undefined ? notFound : json(fileDocument(octoprint, file, host));
}

export function download({ files }: OctoPrint, path: string): Answer {
  const file = files.get(path);
  if (file !== undefined) return { status: 200, bytes: file.content, type: "text/plain" };
  const page = "<html><title>404: Not Found</title><body>404: Not Found</body></html>";
  return { status: 404, bytes: Buffer.from(page), type: "text/html; charset=UTF-8" };
}

export async function upload(octoprint: OctoPrint, form: FormData, host: string): Promise<Answer> {
  const { files, machine } = octoprint;
  const text = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  };
  const folder = text("path").replace(/^\/+|\/+$/gu, "");
  const file = form.get("file");
  if (folder.split("/").includes("..")) return refuse(400, "Can not upload file, invalid file name");
  if (!(file instanceof File)) return makeFolder(octoprint, folder, text("foldername"), host);
  if (!isPrintable(file.name)) return refuse(415, "Could not upload file, invalid type");
  const path = folder === "" ? cleanName(file.name) : `${folder}/${cleanName(file.name)}`;
  if (machine.isBusy && machine.selected?.path === path) {
    return refuse(409, "Trying to overwrite file that is currently being printed");
  }
  if (text("noOverwrite") === "true" && files.get(path) !== undefined) {
    return refuse(409, "File already exists and noOverwrite was set");
  }
  if (files.full) return refuse(507, "Insufficient storage");
  files.put(folder, file.name, Buffer.from(await file.arrayBuffer()), Math.floor(Date.now() / 1000));
  octoprint.emit("UpdatedFiles", { type: "printables" });
  const effective = selectUploaded(octoprint, path, text("select") === "true", text("print") === "true");
  return json({ done: true, ...effective, files: { local: fileReference(path, host) } }, 201);
}

/** On a busy or disconnected printer neither happens, and the upload is as good as without. */
function selectUploaded(
  octoprint: OctoPrint,
  path: string,
  select: boolean,
  print: boolean,
): { effectiveSelect: boolean; effectivePrint: boolean } {
  const { machine } = octoprint;
  const selection = octoprint.selection("local", path);
  const possible = machine.state === "OPERATIONAL" && selection !== undefined && (select || print);
  if (possible) machine.select(selection);
  if (possible && print) machine.start();
  return { effectiveSelect: possible, effectivePrint: possible && print };
}

function makeFolder({ files }: OctoPrint, folder: string, name: string, host: string): Answer {
  if (name === "") return refuse(400, "No file to upload and no folder to create");
  const path = folder === "" ? cleanName(name) : `${folder}/${cleanName(name)}`;
  files.makeFolder(path);
  return json({ done: true, folder: fileReference(path, host) }, 201);
}

export function fileCommand(octoprint: OctoPrint, origin: string, path: string, { command, print }: Body): Answer {
  const { machine } = octoprint;
  const selection = octoprint.selection(origin, path);
  if (selection === undefined) return notFound;
  if (command !== "select") return refuse(400, "command is invalid");
  // The same words where no machine is connected.
  if (machine.state !== "OPERATIONAL") return refuse(409, "Printer is already printing, cannot select a new file");
  machine.select(selection);
  if (print === true) machine.start();
  return done;
}

export function deleteFile(octoprint: OctoPrint, path: string): Answer {
  const { files, machine } = octoprint;
  if (machine.isBusy && machine.selected?.path === path) {
    return refuse(409, "Trying to delete a file that is currently in use");
  }
  if (!files.delete(path)) return notFound;
  if (machine.selected?.path === path) machine.selected = undefined;
  octoprint.emit("UpdatedFiles", { type: "printables" });
  return done;
}
