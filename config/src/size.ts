// Sizes as they are written in the inventory: `500MB`, `20GB`, `2TB`, each a thousand of the one before.

const units = [
  ["TB", 1e12],
  ["GB", 1e9],
  ["MB", 1e6],
] as const;

/** One whole number and its unit. */
export const sizePattern = /^(\d{1,6})(MB|GB|TB)$/u;

/** Bytes of a written size; undefined when it is not one. */
export function parseSize(text: string): number | undefined {
  const [, count, name] = sizePattern.exec(text) ?? [];
  const factor = units.find(([unit]) => unit === name)?.[1];
  return factor === undefined ? undefined : Number(count) * factor;
}

/** The shortest way to write a whole number of megabytes. */
export function formatSize(bytes: number): string {
  const [unit, factor] = units.find(([, one]) => bytes >= one && bytes % one === 0) ?? ["MB", 1e6];
  return `${Math.round(bytes / factor)}${unit}`;
}
