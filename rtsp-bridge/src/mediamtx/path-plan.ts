// Which paths there are to be and how each is recorded, set by two that do not know each other; the
// writing is ./paths.ts.

import { effectiveLingerMs, pathConfig, type PathRecording } from "./config.ts";
import type { PathWriter } from "./paths.ts";

export class PathPlan {
  readonly #paths: PathWriter;
  #ids: readonly string[] = [];
  #lingerMs = 0;
  #recordings: ReadonlyMap<string, PathRecording> = new Map();

  constructor(paths: PathWriter) {
    this.#paths = paths;
  }

  /** As it is in force. */
  get lingerMs(): number {
    return this.#lingerMs;
  }

  /** @throws MediamtxError; so does the other */
  async setPaths(ids: readonly string[], lingerMs: number): Promise<void> {
    this.#ids = ids;
    this.#lingerMs = effectiveLingerMs(lingerMs);
    await this.#write();
  }

  async setRecordings(recordings: ReadonlyMap<string, PathRecording>): Promise<void> {
    this.#recordings = recordings;
    await this.#write();
  }

  async #write(): Promise<void> {
    const [lingerMs, recordings] = [this.#lingerMs, this.#recordings];
    await this.#paths.set(
      new Map(this.#ids.map((id) => [id, pathConfig({ lingerMs, recording: recordings.get(id) })])),
    );
  }
}
