// How each picture tells ffmpeg what to do with it: the stamp carries it. Stamps are counted in 32nds
// of a millisecond; what is above the whole milliseconds says, for each output, whether it takes the
// picture and whether as a key picture. Below a half, so that it is gone when stamps are rounded to
// milliseconds again. Pure: ./matroska.ts writes the stamps, ./args.ts has ffmpeg read them.

/** What one output does with a picture. */
export type Take = "none" | "plain" | "key";

export const ticksPerMs = 32;
/** One digit of base 4 for each of at most two outputs: fifteen at most is less than half a millisecond. */
const digits = { none: 0, plain: 1, key: 2 } as const satisfies Record<Take, number>;

/**
 * The stamp in ticks of a picture at `stampMs`, a whole number ≥ 0, with one take for each output.
 * The first picture of an encoder, at 0, goes to every output and is a key picture: ffmpeg counts
 * from its stamp, which would swallow what it says.
 */
export function steeredStamp(stampMs: number, takes: readonly Take[]): number {
  if (stampMs === 0) return 0;
  return stampMs * ticksPerMs + takes.reduce((sum, take, index) => sum + digits[take] * 4 ** index, 0);
}

/** For `-force_key_frames`: whether the picture is to be a key picture of this output. */
export function keyExpression(output: number): string {
  return `expr:eq(${digit(output)},${digits.key})`;
}

/** For the `select` filter: whether this output takes the picture. */
export function takeExpression(output: number): string {
  return `eq(n,0)+gt(${digit(output)},${digits.none})`;
}

function digit(output: number): string {
  return `mod(floor(mod(round(t*${1000 * ticksPerMs}),${ticksPerMs})/${4 ** output}),4)`;
}
