// Finds ffmpeg and ffprobe on PATH, else installs them with the host's package manager. Root is
// never used unasked on a terminal, and never at all by a user's process without one.

import { createInterface } from "node:readline/promises";
import { findOnPath, run } from "./command.ts";

/** Debian 12's, the oldest that the bridge is tested with. */
const oldest = { major: 5, minor: 1 };

interface PackageManager {
  readonly name: string;
  /** Run in this order; each is one argument list. */
  readonly commands: readonly (readonly string[])[];
  readonly asRoot: boolean;
}

const packageManagers: readonly PackageManager[] = [
  {
    name: "apt-get",
    commands: [
      ["apt-get", "update", "-qq"],
      ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "ffmpeg"],
    ],
    asRoot: true,
  },
  { name: "dnf", commands: [["dnf", "install", "-y", "ffmpeg-free"]], asRoot: true },
  { name: "apk", commands: [["apk", "add", "--no-cache", "ffmpeg"]], asRoot: true },
  { name: "pacman", commands: [["pacman", "-S", "--noconfirm", "--needed", "ffmpeg"]], asRoot: true },
  { name: "brew", commands: [["brew", "install", "ffmpeg"]], asRoot: false },
];

/**
 * Makes sure that ffmpeg and ffprobe of at least 5.1 are on PATH.
 * @throws Error with the command to run when they are not and may not or cannot be installed
 */
export async function ensureFfmpeg(say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const problem = await problemOf();
  if (problem === undefined) return;
  const manager = packageManagers.find(({ name }) => findOnPath(name) !== undefined);
  if (manager === undefined) throw new Error(`${problem}. Install ffmpeg ${oldest.major}.${oldest.minor} or newer.`);
  const commands = manager.commands.map((command) => withRoot(command, manager.asRoot));
  const shown = commands.map((command) => command.join(" ")).join(" && ");
  if (!(await mayInstall(`${problem}. Install it with: ${shown}`))) throw new Error(`${problem}. Run: ${shown}`);
  say(`${problem}: ${shown}`);
  for (const [command = "", ...args] of commands) {
    const result = await run(command, args, { timeoutMs: 900_000, output: "show", signal });
    if (!result.ok) throw new Error(`${problem}, and "${shown}" failed: ${result.reason}`);
  }
  const still = await problemOf();
  if (still !== undefined) throw new Error(`${still}, even after: ${shown}`);
}

async function problemOf(): Promise<string | undefined> {
  for (const name of ["ffmpeg", "ffprobe"]) {
    const answer = await run(name, ["-version"], { timeoutMs: 20_000 });
    if (!answer.ok) return `${name} is missing (${answer.reason})`;
    if (isTooOld(answer.text)) return `${name} is too old: ${answer.text.split("\n")[0]}`;
  }
  return undefined;
}

/** Reads the first line of `-version`. A build from git (`N-109542-g…`) carries no number and is taken. */
export function isTooOld(text: string): boolean {
  const [, major, minor = "0"] = /^ff\w+ version n?(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  if (major === undefined) return false;
  return Number(major) * 1000 + Number(minor) < oldest.major * 1000 + oldest.minor;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function isContinuousIntegration(): boolean {
  return (process.env["CI"] ?? "") !== "";
}

/** Without root the command goes through sudo; in CI sudo must not ask for a password. */
function withRoot(command: readonly string[], needed: boolean): readonly string[] {
  if (!needed || isRoot()) return command;
  return isContinuousIntegration() ? ["sudo", "-n", ...command] : ["sudo", ...command];
}

async function mayInstall(question: string): Promise<boolean> {
  if (isRoot() || isContinuousIntegration()) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
