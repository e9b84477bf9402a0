// The two things that are kept about streams: how large a camera's pictures are, and what parameter
// sets an encoder makes for given words. Both let a stream be announced before anything has run.

import type { Log } from "@gantry/platform/log";
import * as z from "zod";
import type { ParameterSets } from "../ffmpeg/flv.ts";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import { Kept } from "./kept.ts";

const side = z.int().min(2).max(8192);
const sizeSchema = z.object({ width: side, height: side });
const bytes = z.base64().min(8).max(2000);
const setsSchema = z.object({ sps: bytes, pps: bytes });

export interface Knowledge {
  /** By stream id: the size of its camera's last picture. */
  readonly sizes: Kept<PictureSize>;
  readonly sets: KnownSets;
  /** Resolves when all is written. */
  flushed(): Promise<void>;
}

/** Reads what earlier runs have left. Never rejects. */
export async function openKnowledge(dataDir: string, log: Log): Promise<Knowledge> {
  const [sizes, sets] = await Promise.all([
    Kept.open({ dataDir, fileName: "streams.json", value: sizeSchema, log }),
    Kept.open({ dataDir, fileName: "parameter-sets.json", value: setsSchema, log }),
  ]);
  return {
    sizes,
    sets: new KnownSets(sets),
    flushed: async () => {
      await Promise.all([sizes.flushed(), sets.flushed()]);
    },
  };
}

export class KnownSets {
  readonly #kept: Kept<z.infer<typeof setsSchema>>;

  constructor(kept: Kept<z.infer<typeof setsSchema>>) {
    this.#kept = kept;
  }

  /** `key` from ../ffmpeg/args.ts. */
  get(key: string): ParameterSets | undefined {
    const known = this.#kept.get(key);
    if (known === undefined) return undefined;
    return { sps: Buffer.from(known.sps, "base64"), pps: Buffer.from(known.pps, "base64") };
  }

  set(key: string, { sps, pps }: ParameterSets): void {
    this.#kept.set(key, { sps: base64(sps), pps: base64(pps) });
  }
}

function base64(data: Uint8Array): string {
  return Buffer.from(data).toString("base64");
}
