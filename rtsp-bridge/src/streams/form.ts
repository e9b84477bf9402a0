// Which outputs an encoder makes for a camera, and of what size and rate. Pure.

import { codedSize, encoderArguments, encoderKey, pictureKey } from "../ffmpeg/args.ts";
import type { CodedPicture } from "../ffmpeg/args.ts";
import type { Coder } from "../ffmpeg/coders.ts";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import type { SubPlan } from "../plan.ts";
import type { LaneName } from "./lane.ts";

export interface FormOptions {
  /** Of the camera's pictures. */
  readonly size: PictureSize;
  readonly maxFramesPerSecond: number;
  readonly sub: SubPlan | null;
  readonly coder: Coder;
  readonly threads: (size: PictureSize) => number;
}

export interface Form {
  readonly names: readonly LaneName[];
  /** In the order of `names`, which is that of the encoder's outputs. */
  readonly pictures: readonly CodedPicture[];
  /** Under which the parameter sets of each are known. */
  readonly pictureKeys: readonly string[];
  /** Equal for encoders that can take each other's place. */
  readonly key: string;
  readonly coder: Coder;
  /** How its process is started. */
  readonly child: {
    readonly args: readonly string[];
    readonly outputs: number;
    readonly size: PictureSize;
    readonly framesPerSecond: number | undefined;
  };
}

/** The encoder that makes these outputs. */
export function formOf(names: readonly LaneName[], options: FormOptions): Form {
  const { coder, threads } = options;
  const pictures = names.map((name) => codedPicture(name, options));
  const [first] = pictures;
  const size = first?.size ?? codedSize(options.size);
  const plan = { outputs: pictures, coder, threads: threads(size) };
  return {
    names,
    pictures,
    pictureKeys: pictures.map((picture) => pictureKey(picture, coder)),
    key: [...names, encoderKey(plan)].join(" "),
    coder,
    child: {
      args: encoderArguments(plan),
      outputs: pictures.length,
      size,
      framesPerSecond: coder.kind === "x264" ? undefined : first?.framesPerSecond,
    },
  };
}

/** What one output shows of a camera. */
export function codedPicture(name: LaneName, { size, maxFramesPerSecond, sub }: FormOptions): CodedPicture {
  if (name === "main" || sub === null) return { size: codedSize(size), framesPerSecond: maxFramesPerSecond };
  const framesPerSecond = Math.min(maxFramesPerSecond, sub.maxFramesPerSecond);
  return { size: fitted(codedSize(size), sub.maxWidth), framesPerSecond };
}

/** Even sides of the same shape, no wider than `maxWidth` and never larger. */
function fitted({ width, height }: PictureSize, maxWidth: number): PictureSize {
  const narrow = Math.min(width, codedSize({ width: maxWidth, height }).width);
  return { width: narrow, height: Math.max(2, 2 * Math.round((height * narrow) / width / 2)) };
}
