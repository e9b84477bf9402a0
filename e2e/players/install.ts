// Finds the players on this machine, and installs under .cache/ those that are libraries. Nothing of
// it is part of Gantry: it is there to test against.

import { existsSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findOnPath, run } from "../tools/command.ts";
import { root } from "../tools/paths.ts";
import { ffmpeg, gstreamer, mpv, wrapped, type Player } from "./programs.ts";

export type Found =
  | { readonly player: Player; readonly missing?: never }
  /** Why it cannot be had here, in words. */
  | { readonly name: string; readonly missing: string; readonly player?: never };

const installMs = 900_000;
const pyavVersion = "18.1.0";
const folder = join(root, ".cache/players");

/** All of them, those that are not here with the reason. */
export async function findPlayers(): Promise<readonly Found[]> {
  return [
    program("FFmpeg", "ffprobe", ffmpeg()),
    program("GStreamer", "gst-launch-1.0", gstreamer()),
    program("mpv", "mpv", mpv()),
    await pyav(),
    await retina(),
  ];
}

function program(name: string, command: string, player: Player): Found {
  if (findOnPath(command) !== undefined) return { player };
  return { name, missing: `${command} is not installed` };
}

/** What Home Assistant's streams are read with. */
async function pyav(): Promise<Found> {
  const name = "PyAV";
  const venv = join(folder, `pyav-${pyavVersion}`);
  const python = join(venv, "bin/python");
  const script = join(root, "e2e/players/pyav.py");
  const found: Found = { player: wrapped(name, python, [script]) };
  const isThere = existsSync(python) && (await run(python, ["-c", "import av"], { timeoutMs: 60_000 })).ok;
  if (isThere) return found;
  const made = await run("python3", ["-m", "venv", venv], { timeoutMs: 120_000 });
  if (!made.ok) return { name, missing: `python3 with its module venv is needed (${made.reason})` };
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `av==${pyavVersion}`];
  const installed = await run(python, pip, { timeoutMs: installMs });
  return installed.ok ? found : { name, missing: `pip could not install av ${pyavVersion} (${installed.reason})` };
}

/** A strict client in Rust, which many recorders are built on. */
async function retina(): Promise<Found> {
  const name = "retina";
  const crate = join(folder, "retina");
  const binary = join(crate, "target/release/retina-player");
  await mkdir(folder, { recursive: true });
  await cp(join(root, "e2e/players/retina"), crate, { recursive: true });
  const built = await run("cargo", ["build", "--release", "--quiet"], { cwd: crate, timeoutMs: installMs });
  return built.ok
    ? { player: wrapped(name, binary, []) }
    : { name, missing: `cargo could not build it (${built.reason})` };
}
