// Puts a real Moonraker into a Python environment of its own under .cache/, once for each version.
// Nothing of it is part of Gantry: it is there to test against.

import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../tools/command.ts";
import { root } from "../tools/paths.ts";

type Installation =
  | { readonly program: string; readonly missing?: never }
  /** Why it cannot be had here, in words. */
  | { readonly missing: string; readonly program?: never };

const installMs = 600_000;

/** The program `moonraker` of that version, installed now where it is not yet there. */
export async function installMoonraker(version: string): Promise<Installation> {
  const folder = join(root, ".cache/moonraker", version);
  const program = join(folder, "bin/moonraker");
  // Written last: what an interrupted run left behind does not count.
  const complete = join(folder, ".complete");
  if (existsSync(complete)) return { program };
  await rm(folder, { recursive: true, force: true });
  const venv = await run("python3", ["-m", "venv", folder], { timeoutMs: 120_000 });
  if (!venv.ok) return { missing: `python3 with its module venv is needed (${venv.reason})` };
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `moonraker==${version}`];
  const installed = await run(join(folder, "bin/python"), pip, { timeoutMs: installMs });
  if (!installed.ok) {
    await rm(folder, { recursive: true, force: true });
    return { missing: `pip could not install Moonraker ${version} (${installed.reason})` };
  }
  await writeFile(complete, "");
  return { program };
}
