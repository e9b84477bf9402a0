// Reads the command-line options about signatures into an Authorization.

import { readFileSync } from "node:fs";
import { wordOf } from "../settings.ts";
import { UsageError } from "../simulator.ts";
import { Authorization } from "./authorization.ts";

type Settings = Readonly<Record<string, string>>;

/** @throws UsageError for a word, file or key that it cannot take */
export function readAuthorization(settings: Settings): Authorization {
  const authorization = new Authorization();
  authorization.locked = wordOf("authorization", settings, ["developer", "locked"]) === "locked";
  const file = settings["public-key"] ?? "";
  if (file === "") return authorization;
  try {
    authorization.trust(readFileSync(file, "utf8"), settings["cert-id"] ?? "");
  } catch (error) {
    throw new UsageError(`--public-key: ${error instanceof Error ? error.message : String(error)}`);
  }
  return authorization;
}
