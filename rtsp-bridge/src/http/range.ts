// Pure: which part of a file a request wants. RFC 9110, 14; of several ranges none is taken, which the
// RFC allows, and the whole is sent.

/** Bytes from `start` to `end`, both included. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Undefined for the whole file; `none` where there is no such part of it. */
export function rangeOf(header: string | undefined, sizeBytes: number): Range | "none" | undefined {
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/u.exec(header?.replaceAll(" ", "") ?? "") ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) return undefined;
  if (from === "") {
    const length = Math.min(Number(to), sizeBytes);
    return length === 0 ? "none" : { start: sizeBytes - length, end: sizeBytes - 1 };
  }
  const start = Number(from);
  if (to !== "" && Number(to) < start) return undefined;
  return start >= sizeBytes ? "none" : { start, end: to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1) };
}
