// The slates of one stream: drawn when first wanted, shown when drawn, kept while likely to be
// wanted again. Asking never waits.

import type { Log } from "@gantry/platform/log";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import type { DrawSlate, SlateText } from "./placeholder.ts";

const maxKept = 4;

export class Slates {
  readonly #draw: DrawSlate;
  readonly #log: Log;
  /** By size and text; undefined while it is drawn. Oldest first. */
  readonly #slates = new Map<string, Uint8Array | undefined>();

  constructor(draw: DrawSlate, log: Log) {
    this.#draw = draw;
    this.#log = log;
  }

  /**
   * The slate, or undefined while it is not drawn yet; then `onDrawn` is called once it is.
   * One that cannot be drawn is told of and never comes.
   */
  get(size: PictureSize, text: SlateText, onDrawn: () => void): Uint8Array | undefined {
    const key = JSON.stringify([size.width, size.height, text.title, text.message, text.detail]);
    if (this.#slates.has(key)) return this.#slates.get(key);
    this.#slates.set(key, undefined);
    const [oldest] = this.#slates.keys();
    if (this.#slates.size > maxKept && oldest !== undefined) this.#slates.delete(oldest);
    void this.#fill(key, size, text, onDrawn);
    return undefined;
  }

  async #fill(key: string, size: PictureSize, text: SlateText, onDrawn: () => void): Promise<void> {
    try {
      const slate = await this.#draw(size, text);
      if (this.#slates.has(key)) this.#slates.set(key, slate);
      onDrawn();
    } catch (error) {
      this.#log.error("the placeholder picture cannot be drawn", { error });
    }
  }
}
