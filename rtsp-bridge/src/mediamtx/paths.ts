// The one writer of MediaMTX's paths: which ones there are, and with what settings.
// They go through the control API at every start and at every change, and never into the file.
// A change of the file makes MediaMTX read all of it again: that would drop what the API has
// added, loses a second change within a second, and ends MediaMTX when the file is wrong,
// while the API checks first and touches only the path that it is about.

import type { PathConfig } from "./config.ts";
import type { ControlApi } from "./control-api.ts";

/** The part of the control API that is used here. */
export type PathApi = Pick<ControlApi, "replacePath" | "deletePath">;

export class PathWriter {
  #wanted: ReadonlyMap<string, PathConfig> = new Map();
  /** As the running MediaMTX has them, by their settings as text. */
  readonly #written = new Map<string, string>();
  #api: PathApi | undefined;
  #queue: Promise<void> = Promise.resolve();

  /** Another MediaMTX runs, with no path yet. Resolves when it has all of them. */
  async attach(api: PathApi): Promise<void> {
    this.#api = api;
    this.#written.clear();
    await this.write();
  }

  /** It is gone. */
  detach(): void {
    this.#api = undefined;
  }

  /** What there is to be from now on. Paths whose settings stay are not touched. */
  async set(wanted: ReadonlyMap<string, PathConfig>): Promise<void> {
    this.#wanted = wanted;
    await this.write();
  }

  /** Ends a path's publisher and viewers, and makes it anew as if nobody had ever asked for it. */
  async renew(name: string): Promise<void> {
    const api = this.#api;
    if (api !== undefined && this.#written.has(name)) {
      await this.#queued(async () => {
        await api.deletePath(name);
        this.#written.delete(name);
      });
    }
    await this.write();
  }

  /** Makes the running MediaMTX match; cheap when it does. @throws MediamtxError of the first request that fails */
  async write(): Promise<void> {
    await this.#queued(async () => this.#write());
  }

  /** One change at a time. */
  async #queued(change: () => Promise<void>): Promise<void> {
    const changed = this.#queue.then(change);
    this.#queue = changed.catch(() => undefined);
    await changed;
  }

  async #write(): Promise<void> {
    const api = this.#api;
    if (api === undefined) return;
    for (const name of [...this.#written.keys()].filter((known) => !this.#wanted.has(known))) {
      await api.deletePath(name);
      this.#written.delete(name);
    }
    for (const [name, config] of this.#wanted) {
      const text = JSON.stringify(config);
      if (this.#written.get(name) === text) continue;
      await api.replacePath(name, config);
      if (this.#api === api) this.#written.set(name, text);
    }
  }
}
