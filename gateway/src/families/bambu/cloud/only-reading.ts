// What a link through the cloud carries: the printer's reports, and never a command to it.

import { commandNames, commandRow, type CommandName, type Unavailable } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import type { Authorization } from "../printer-link.ts";

const onlyReads = "the cloud link only reads; commands, files and the camera need the printer's own network";
/** What works without sending the printer more than a wish for its report. */
const reading: ReadonlySet<CommandName> = new Set(["refresh", "getReport", "signMessage"]);

/** Every command that is not reading, with the reason. */
export function onlyReading(): ReadonlyMap<CommandName, Unavailable> {
  const refused = commandNames.filter((name) => !reading.has(name) && commandRow(name).needs !== "cloud");
  return new Map(refused.map((name) => [name, { retry: "later", reason: onlyReads }]));
}

/** The same authorization on a link that carries no commands. */
export function withoutCommands(inner: Authorization): Authorization {
  return {
    get access() {
      return inner.access;
    },
    envelope: (type, body) => {
      const isReading = type === "pushing" || (type === "info" && body["command"] === "get_version");
      if (!isReading) throw new PrinterError("forbidden", onlyReads);
      return inner.envelope(type, body);
    },
    sawReport: (report) => inner.sawReport(report),
    sawReply: (...reply) => inner.sawReply(...reply),
    sawNoEffect: (...command) => inner.sawNoEffect(...command),
  };
}
