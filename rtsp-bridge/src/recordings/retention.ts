// Pure: which recordings have to go. The oldest first, whichever camera they are of, and never one that
// is being written.

export interface Kept {
  readonly startedAtMs: number;
  /** null while it is written. */
  readonly endedAtMs: number | null;
  readonly sizeBytes: number;
}

export interface Limits {
  readonly maxAgeMs: number;
  /** All of them together. */
  readonly maxBytes: number;
}

/** In the order in which they should go. `nowMs` is Unix time. */
export function outlived<Item extends Kept>(
  items: readonly Item[],
  { maxAgeMs, maxBytes }: Limits,
  nowMs: number,
): Item[] {
  let bytes = items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return items
    .toSorted((one, other) => one.startedAtMs - other.startedAtMs)
    .filter(({ endedAtMs, sizeBytes }) => {
      if (endedAtMs === null || (bytes <= maxBytes && nowMs - endedAtMs <= maxAgeMs)) return false;
      bytes -= sizeBytes;
      return true;
    });
}
