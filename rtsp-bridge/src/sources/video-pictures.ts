// What the stream that encodes reads of a camera that sends video: the reason why there is none, and,
// while the second stream is watched, pictures decoded of it.

import type { Clock } from "@gantry/platform/clock";
import { jpegSize } from "../ffmpeg/jpeg.ts";
import type { SourceOptions } from "../streams/source.ts";
import type { PictureFeed } from "../streams/streams.ts";

interface Reader {
  readonly options: SourceOptions;
  view: Disposable | undefined;
}

export class VideoPictures {
  readonly #frames: PictureFeed;
  readonly #clock: Clock;
  readonly #readers = new Set<Reader>();
  #isWanted = false;

  constructor(frames: PictureFeed, clock: Clock) {
    this.#frames = frames;
    this.#clock = clock;
  }

  /** Whether pictures are wanted, and not only reasons. */
  want(isWanted: boolean): void {
    this.#isWanted = isWanted;
    for (const reader of this.#readers) this.#arrange(reader);
  }

  /** Tells all who read. */
  trouble(reason: string): void {
    for (const { options } of this.#readers) options.onTrouble(reason);
  }

  /** Until the signal aborts; never rejects. */
  async read(options: SourceOptions): Promise<void> {
    const { signal } = options;
    const reader: Reader = { options, view: undefined };
    this.#readers.add(reader);
    this.#arrange(reader);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#readers.delete(reader);
    reader.view?.[Symbol.dispose]();
  }

  #arrange(reader: Reader): void {
    if (this.#isWanted) {
      reader.view ??= this.#frames.view({
        picture: (jpeg) => this.#take(reader.options, jpeg),
        trouble: (reason) => reader.options.onTrouble(reason),
      });
      return;
    }
    reader.view?.[Symbol.dispose]();
    reader.view = undefined;
  }

  #take({ onPicture, onDropped }: SourceOptions, jpeg: Uint8Array): void {
    const size = jpegSize(jpeg);
    if (size === undefined) onDropped();
    else onPicture({ jpeg, size, arrivedMs: this.#clock.monotonic() });
  }
}
