// Files by address: rows that name a command each, and no logic but that of carrying a file in.

import type { Request, Response } from "express";
import type { CommandRequest, Fleet } from "../../fleet/fleet.ts";
import { commandRow, type CommandName } from "../../model/commands.ts";
import { kebabCase } from "../../model/naming.ts";
import { parameter, requestSignal, type Route } from "../route.ts";
import { askAndAnswer } from "./answer.ts";
import { dryRunOf } from "./commands.ts";
import { receiveUpload } from "./upload.ts";

export interface FileOptions {
  readonly spoolFolder: string;
  readonly maxUploadBytes?: number;
  /** Aborts when the surface ends. */
  readonly surface: AbortSignal;
}

const defaultMaxUploadBytes = 2 * 1024 ** 3;

const files = "/api/v1/printers/{id}/files";

/** A picture goes before the file whose name ends like it; `x%2Fthumbnail` is that file. */
const aliases: readonly (Pick<Route, "method" | "path" | "operationId"> & { readonly command: CommandName })[] = [
  { method: "get", path: files, operationId: "getFiles", command: "listFiles" },
  { method: "get", path: `${files}/{name*}/thumbnail`, operationId: "getFileThumbnail", command: "getThumbnail" },
  { method: "get", path: `${files}/{name*}`, operationId: "getFile", command: "downloadFile" },
  { method: "put", path: `${files}/{name*}`, operationId: "putFile", command: "uploadFile" },
  { method: "delete", path: `${files}/{name*}`, operationId: "removeFile", command: "deleteFile" },
];

export function fileRoutes(fleet: Fleet, { spoolFolder, maxUploadBytes, surface }: FileOptions): Route[] {
  const spooling = { folder: spoolFolder, maxBytes: maxUploadBytes ?? defaultMaxUploadBytes };
  return aliases.map((alias) => {
    const { takesFile = false, summary } = commandRow(alias.command);
    const handle = async (request: Request, response: Response): Promise<void> => {
      const asked = asks(request, alias.command);
      const signal = requestSignal(response, surface);
      if (request.method === "HEAD") return answerHead(fleet, asked, response);
      if (!takesFile || asked.dryRun) return askAndAnswer(fleet, { ...asked, signal }, response);
      await receiveUpload(fleet, { ...asked, signal }, { request, response, ...spooling });
    };
    return {
      ...alias,
      summary: `${summary} The same as the command \`${kebabCase(alias.command)}\`.`,
      answers: {},
      handle,
    };
  });
}

/** HEAD asks whether it could be had, and has nothing brought here. */
async function answerHead(fleet: Fleet, asked: CommandRequest, response: Response): Promise<void> {
  await fleet.dispatch({ ...asked, dryRun: true });
  response.end();
}

function asks(request: Request, command: CommandName) {
  const file = parameter(request, "name");
  return {
    printer: parameter(request, "id"),
    command,
    input: file === "" ? {} : { file },
    surface: "rest",
    dryRun: commandRow(command).effect !== "observes" && dryRunOf(request),
  } as const;
}
