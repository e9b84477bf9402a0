// A process of its own that draws slates: one request a line on stdin, for each on stdout a length
// of four bytes and the JPEG, 0 for one that could not be drawn. It ends with its input. Apart,
// because the picture library keeps more memory than the whole bridge needs, for good.

import { createInterface } from "node:readline";
import { drawSlate, type SlateRequest } from "./placeholder.ts";

for await (const line of createInterface({ input: process.stdin })) {
  const { size, text } = JSON.parse(line) as SlateRequest;
  let jpeg: Uint8Array = new Uint8Array();
  try {
    jpeg = await drawSlate(size, text);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  const head = Buffer.alloc(4);
  head.writeUInt32BE(jpeg.length);
  process.stdout.write(head);
  process.stdout.write(jpeg);
}
