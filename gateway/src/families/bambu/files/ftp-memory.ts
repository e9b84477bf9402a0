// What is known of a printer's file server longer than one session lasts, and the one lane that all
// transfers to it share. In memory only, one per inventory entry.

import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../../model/errors.ts";
import { ProjectCache } from "./project-cache.ts";

/** So long a short request waits for another; a transfer is not waited for. */
const patienceMs = 60_000;

export interface Errand {
  /** "a.3mf is being uploaded" */
  readonly words: string;
  /** It takes minutes, as may turn out on the way: others are told so instead of waiting. */
  long: boolean;
}

/** One at a time: printers serve one transfer badly and two not at all. */
export class Lane {
  #held: { readonly errand: Errand; readonly free: Promise<void> } | undefined;

  /**
   * Waits for the lane; disposing what it gives frees it.
   * @throws PrinterError `wrong_phase` while a long errand holds it, or after a minute; the signal's reason
   */
  async enter(errand: Errand, clock: Clock, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    const over = new AbortController();
    const late = clock.wait(patienceMs, AbortSignal.any([signal, over.signal])).then(() => "late" as const);
    late.catch(() => undefined);
    try {
      while (this.#held !== undefined) {
        const { errand: other, free } = this.#held;
        if (other.long) throw busy(other);
        if ((await Promise.race([free, late])) === "late") throw busy(other);
      }
    } finally {
      over.abort();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = { errand, free: promise };
    this.#held = held;
    return {
      [Symbol.dispose]: () => {
        if (this.#held === held) this.#held = undefined;
        resolve();
      },
    };
  }
}

function busy({ words }: Errand): PrinterError {
  return new PrinterError("wrong_phase", `${words}, and the printer does one at a time; try again when it is done`);
}

export class FtpMemory {
  readonly lane = new Lane();
  readonly projects = new ProjectCache();
  /** Its encrypted data connections hang (some A1 firmware): the data goes in clear, the control channel never. */
  clearData = false;
  /** It renames; otherwise files are written under their own name and removed when they are not whole. */
  renames = true;
  /** Monotonic time until which no log-in is tried, ms. */
  refusedUntilMs = 0;
}

const memories = new WeakMap<object, FtpMemory>();

/** The same one for the same connection object. */
export function ftpMemoryOf(connection: object): FtpMemory {
  const known = memories.get(connection);
  if (known !== undefined) return known;
  const memory = new FtpMemory();
  memories.set(connection, memory);
  return memory;
}
