// Durations as they are written in the inventory: `10s`, `1m30s`, `7d`, `200ms`.

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** Days, hours, minutes, seconds, milliseconds, each at most once and in this order. */
export const durationPattern = /^(?=.)(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/u;

/** Milliseconds of a written duration; undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  const parts = durationPattern.exec(text);
  if (parts === null) return undefined;
  return units.reduce((sum, [, factor], index) => sum + Number(parts[index + 1] ?? 0) * factor, 0);
}

/** The shortest way to write a whole number of milliseconds. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = "";
  for (const [unit, factor] of units) {
    const count = Math.floor(rest / factor);
    rest -= count * factor;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === "" ? "0s" : text;
}
