// What is special to each H.264 encoder of ffmpeg: its words. One table; what all have in common is
// in ./args.ts. None makes B-frames, all make an IDR picture of each key picture that is asked for,
// and each gives a picture back before it is fed the next. Options: ffmpeg -h encoder=NAME, 5.1 to 8.

export const coderKinds = ["x264", "vaapi", "qsv", "nvenc", "v4l2m2m"] as const;
export type CoderKind = (typeof coderKinds)[number];

/** An encoder of ffmpeg, and the device node it works on where it needs to be told one. */
export interface Coder {
  readonly kind: CoderKind;
  readonly device: string;
}

export const software: Coder = { kind: "x264", device: "" };

export interface Rate {
  readonly framesPerSecond: number;
  readonly bitsPerSecond: number;
  readonly threads: number;
}

interface Words {
  /** Before the inputs: the device. */
  readonly device: (device: string) => readonly string[];
  /** Filters that end in what the encoder takes. */
  readonly filters: readonly string[];
  readonly coding: (rate: Rate) => readonly string[];
}

/**
 * A device counts with the rate that the container tells, which is the first output's: where bits are
 * counted per second, quality is what is kept constant, and the rate only caps where it can.
 */
export const coderWords: Readonly<Record<Exclude<CoderKind, "x264">, Words>> = {
  vaapi: {
    device: (device) => ["-vaapi_device", device],
    filters: ["format=nv12", "hwupload"],
    coding: () => words("-c:v h264_vaapi -profile:v main -rc_mode CQP -qp 26 -idr_interval 0 -async_depth 1 -sei 0"),
  },
  qsv: {
    device: (device) => ["-init_hw_device", `qsv=gpu,child_device=${device}`, "-filter_hw_device", "gpu"],
    filters: ["format=nv12", "hwupload=extra_hw_frames=8"],
    coding: () =>
      words("-c:v h264_qsv -preset veryfast -profile:v main -global_quality 26 -forced_idr 1 -async_depth 1"),
  },
  nvenc: {
    device: () => [],
    filters: ["format=yuv420p"],
    coding: ({ bitsPerSecond }) =>
      words(
        "-c:v h264_nvenc -preset p2 -tune ull -profile:v main -rc vbr -cq 26 -b:v 0",
        `-maxrate ${bitsPerSecond} -bufsize ${bitsPerSecond}`,
        "-forced-idr 1 -zerolatency 1 -delay 0",
      ),
  },
  v4l2m2m: {
    device: () => [],
    filters: ["format=yuv420p"],
    // It knows no constant quality.
    coding: ({ bitsPerSecond }) => words(`-c:v h264_v4l2m2m -b:v ${bitsPerSecond} -num_capture_buffers 16`),
  },
};

/**
 * Quality is constant and the rate only capped: a picture that stands still costs next to nothing.
 * x264 cannot learn the rate from stamps, hence `fps`. The range is told here, as the pixel format
 * goes on to say full.
 */
export function x264Words({ framesPerSecond, bitsPerSecond, threads }: Rate): readonly string[] {
  return words(
    "-c:v libx264 -preset ultrafast -tune zerolatency -profile:v main -forced-idr 1 -crf 23",
    `-threads ${threads} -maxrate ${bitsPerSecond} -bufsize ${bitsPerSecond}`,
    `-x264-params cabac=1:aq-mode=1:scenecut=0:fullrange=off:fps=${framesPerSecond}/1`,
  );
}

function words(...lines: readonly string[]): string[] {
  return lines.join(" ").split(" ");
}
