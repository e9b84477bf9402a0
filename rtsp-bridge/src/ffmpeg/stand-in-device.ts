// For tests: an ffmpeg whose nvenc is x264 in disguise, and which can be told to fail as devices do.

import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * works: as x264 does. refuses: ends at once with a complaint. stalls: takes everything and gives
 * nothing. dies: ends shortly after its start.
 */
export type DeviceMood = "works" | "refuses" | "stalls" | "dies";

/** Writes it into `folder`; x264 itself always works. Each start adds a line to the file `starts` there. */
export async function standInDevice(folder: string, mood: DeviceMood): Promise<string> {
  const file = join(folder, "ffmpeg");
  await writeFile(file, source(folder, mood));
  await chmod(file, 0o755);
  return file;
}

function source(folder: string, mood: DeviceMood): string {
  return `#!${process.execPath}
const { spawn } = require("node:child_process");
const { appendFileSync } = require("node:fs");
const given = process.argv.slice(2);
const isDevice = given.includes("h264_nvenc");
appendFileSync(${JSON.stringify(join(folder, "starts"))}, isDevice ? "device\\n" : "x264\\n");
const mood = isDevice ? ${JSON.stringify(mood)} : "works";
const gone = new Set(["-preset", "-tune", "-rc", "-cq", "-b:v", "-zerolatency", "-delay"]);
const args = [];
for (let at = 0; at < given.length; at += 1) {
  if (isDevice && gone.has(given[at])) at += 1;
  else if (given[at] === "h264_nvenc") args.push("libx264", "-preset", "ultrafast", "-tune", "zerolatency");
  else args.push(given[at]);
}
if (mood === "refuses") {
  process.stderr.write("[error] No capable devices found\\n");
  process.exitCode = 1;
} else if (mood === "stalls") {
  process.stdin.resume();
} else {
  const stdio = [0, 1, 2, ...(args.includes("pipe:3") ? [3] : [])];
  const child = spawn("ffmpeg", args, { stdio });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code) => process.exit(code ?? 1));
  if (mood === "dies") setTimeout(() => child.kill("SIGKILL"), 1500);
}
`;
}
