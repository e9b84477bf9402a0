// Reads the codes of pictures that were recorded as H.264, after the fact: decoding while measuring
// would cost what is measured.

import { spawn } from "node:child_process";
import { readPictureCode, type PictureCode } from "../../simulators/picture/code.ts";
import type { Arrival } from "./reader.ts";

export interface Shown {
  readonly arrival: Arrival;
  /** undefined: no picture of the camera, such as a slate. */
  readonly code: PictureCode | undefined;
}

const width = 640;
const height = 360;

/** What each picture shows, from the first key picture on. @throws Error when they do not decode one to one */
export async function decode(arrivals: readonly Arrival[]): Promise<Shown[]> {
  const begin = arrivals.findIndex(({ key }) => key);
  const wanted = begin === -1 ? [] : arrivals.slice(begin);
  const input = ["-hide_banner", "-loglevel", "error", "-f", "h264", "-i", "pipe:0", "-fps_mode", "passthrough"];
  const output = ["-vf", `scale=${width}:${height}`, "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"];
  const child = spawn("ffmpeg", [...input, ...output], { stdio: ["pipe", "pipe", "inherit"] });
  for (const { units } of wanted) for (const unit of units) child.stdin.write(startCode(unit));
  child.stdin.end();
  const codes: (PictureCode | undefined)[] = [];
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= width * height) {
      codes.push(readPictureCode(pending.subarray(0, width * height), width, height));
      pending = pending.subarray(width * height);
    }
  }
  if (codes.length !== wanted.length) throw new Error(`${wanted.length} pictures decode to ${codes.length}`);
  return wanted.map((arrival, index) => ({ arrival, code: codes[index] }));
}

function startCode(unit: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 1]), unit]);
}
