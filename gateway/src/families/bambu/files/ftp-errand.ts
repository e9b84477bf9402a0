// One errand on the printer's file server: a connection of its own, ended with QUIT whatever happens,
// and the second try in clear where the printer's encrypted data connections hang. Not the errands.

import type { Clock } from "@gantry/platform/clock";
import { FtpLink, type FtpOptions } from "./ftp-link.ts";
import { isTimeout } from "./ftp-words.ts";

/** Printers move 50 to 150 KB a second, and less while they print. */
const slowestBytesPerSecond = 25_000;
const shortestLimitMs = 600_000;

/**
 * Runs a transfer of so many bytes on the link, and closes that when it takes longer than any printer needs.
 * @throws TimeoutError then; the printer's reply, or the failure as basic-ftp words it
 */
export async function transfer<T>(
  link: FtpLink,
  { sizeBytes, clock }: { readonly sizeBytes: number; readonly clock: Clock },
  run: () => Promise<T>,
): Promise<T> {
  const limitMs = Math.max(shortestLimitMs, (sizeBytes / slowestBytesPerSecond) * 1000);
  const over = new AbortController();
  let late = false;
  clock.wait(limitMs, over.signal).then(
    () => {
      late = true;
      return link.close();
    },
    () => undefined, // it was done in time
  );
  try {
    return await link.transfer(run);
  } catch (error) {
    throw late ? new DOMException("the transfer took too long", "TimeoutError") : error;
  } finally {
    over.abort();
  }
}

/**
 * Opens a connection, works on it, closes it. An abort closes it at once.
 * @param repeats the work can be done again after a silence: it changes nothing
 * @throws the signal's reason, or the failure as basic-ftp words it
 */
export async function onLink<T>(
  options: FtpOptions,
  { signal, repeats }: { readonly signal: AbortSignal; readonly repeats: boolean },
  work: (link: FtpLink) => Promise<T>,
): Promise<T> {
  const { memory, log } = options;
  const wasClear = memory.clearData;
  for (;;) {
    const link = await FtpLink.open(options, signal);
    const stop = closing(link);
    signal.addEventListener("abort", stop);
    try {
      return await work(link);
    } catch (error) {
      signal.throwIfAborted();
      // Clear data that fares no better is not kept.
      if (link.clear && !wasClear) memory.clearData = false;
      if (link.clear || !(link.hung || (repeats && isTimeout(error)))) throw error;
      memory.clearData = true;
      log.warn("encrypted data connections to the printer's files hang; files go in clear from now on");
    } finally {
      signal.removeEventListener("abort", stop);
      await link.quit();
    }
  }
}

function closing(link: FtpLink): () => void {
  return () => link.close();
}
