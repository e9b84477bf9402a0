// Puts a real OctoPrint into a Python environment of its own under .cache/, once for each version.
// Nothing of it is part of Gantry: it is there to test against.

import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../tools/command.ts";
import { root } from "../tools/paths.ts";

export type Installation =
  | { readonly program: string; readonly missing?: never }
  /** Why it cannot be had here, in words. */
  | { readonly missing: string; readonly program?: never };

/** About 90 packages, some of them compiled. */
const installMs = 900_000;

/** The program `octoprint` of that version, installed now where it is not yet there. */
export async function installOctoPrint(version: string): Promise<Installation> {
  const folder = join(root, ".cache/octoprint", version);
  const program = join(folder, "bin/octoprint");
  // Written last: what an interrupted run left behind does not count.
  const complete = join(folder, ".complete");
  if (existsSync(complete)) return { program };
  await rm(folder, { recursive: true, force: true });
  const venv = await run("python3", ["-m", "venv", folder], { timeoutMs: 120_000 });
  if (!venv.ok) return { missing: `python3 with its module venv is needed (${venv.reason})` };
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `OctoPrint==${version}`];
  const installed = await run(join(folder, "bin/python"), pip, { timeoutMs: installMs });
  if (!installed.ok) {
    await rm(folder, { recursive: true, force: true });
    return { missing: `pip could not install OctoPrint ${version} (${installed.reason})` };
  }
  await writeFile(complete, "");
  return { program };
}
