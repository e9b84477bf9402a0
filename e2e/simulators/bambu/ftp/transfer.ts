// Moves bytes between the card and a data channel by streams, at the rate that is asked for. It
// knows no replies; whoever calls it makes them from what it tells.

import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { type Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";

export interface Flow {
  /** Asked for every piece, so that it can be changed while a transfer runs. */
  readonly bytesPerSecond: () => number | undefined;
  readonly moved: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** How an upload ended: whole as far as can be told, cut off, at its limit, or at the card's end. */
export type Received = "end" | "cut" | "limit" | "no-room";

const pieceBytes = 64 * 1024;

/** Writes what comes until its end, `limitBytes` or `roomBytes`. What has come stays written. */
export async function receive(
  data: Duplex,
  file: FileHandle,
  { limitBytes, roomBytes }: { readonly limitBytes: number; readonly roomBytes: number },
  flow: Flow,
): Promise<Received> {
  const pace = pacer(flow);
  const most = Math.min(limitBytes, roomBytes);
  let written = 0;
  try {
    for await (const piece of data.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const fits = piece.subarray(0, most - written);
      // `write` moves the file's own position on, `writeFile` on a handle does so too.
      await file.writeFile(fits);
      written += fits.length;
      await pace(fits.length);
      if (fits.length < piece.length || written === limitBytes) return limitBytes <= roomBytes ? "limit" : "no-room";
    }
    return "end";
  } catch {
    return "cut";
  }
}

/** Sends a file. @throws Error when the client goes away */
export async function sendFile(data: Duplex, path: string, flow: Flow): Promise<void> {
  await send(data, createReadStream(path, { highWaterMark: pieceBytes }), flow);
}

/** Sends a text. @throws Error when the client goes away */
export async function sendText(data: Duplex, text: string, flow: Flow): Promise<void> {
  await send(data, Readable.from(text === "" ? [] : [Buffer.from(text)]), flow);
}

async function send(data: Duplex, source: Readable, flow: Flow): Promise<void> {
  const pace = pacer(flow);
  // Nothing comes this way but the end, which is only seen when it is read.
  data.resume();
  await pipeline(
    source,
    async function* paced(pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        await pace(piece.length);
        yield piece;
      }
    },
    data,
    { signal: flow.signal },
  );
}

/** Counts pieces and waits after each for as long as its rate asks. */
function pacer({ bytesPerSecond, moved, signal }: Flow): (bytes: number) => Promise<void> {
  let dueAt = performance.now();
  return async (bytes) => {
    moved(bytes);
    const rate = bytesPerSecond();
    if (rate === undefined) return;
    const now = performance.now();
    dueAt = Math.max(dueAt, now - 1000) + (bytes / rate) * 1000;
    if (dueAt > now) await wait(dueAt - now, undefined, { signal });
  };
}
