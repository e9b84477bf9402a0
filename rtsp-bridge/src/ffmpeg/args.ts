// The words of the one ffmpeg command: MJPEG in Matroska on stdin, H.264 in FLV on stdout, and in
// another size on a second pipe where that is wanted too. Pure: it composes them with fluent-ffmpeg,
// which here starts nothing (it probes the formats, waits and kills in ways a live stream cannot
// use: ./process.ts runs the child).

import { createHash } from "node:crypto";
import fluent from "fluent-ffmpeg";
import { coderWords, x264Words, type Coder } from "./coders.ts";
import type { PictureSize } from "./jpeg.ts";
import { keyExpression, takeExpression } from "./steering.ts";

/** One output of an encoder. */
export interface CodedPicture {
  /** Size of the coded picture; frames of another size are fitted into it. */
  readonly size: PictureSize;
  /** The most frames per second it will be fed: what rate control counts with. */
  readonly framesPerSecond: number;
}

export interface EncoderPlan {
  /** One or two; all are made of one decoded picture. */
  readonly outputs: readonly CodedPicture[];
  readonly coder: Coder;
  /** Of the encoder. More spread the work of one picture, and add to it. */
  readonly threads: number;
}

/** File descriptor of each output; ./process.ts opens them. */
export const outputPipes = [1, 3] as const;

/**
 * The arguments after the program's name. Equal plans give equal words and, on one ffmpeg, equal
 * parameter sets whatever the first picture is. Stamps steer it: ./steering.ts.
 */
export function encoderArguments(plan: EncoderPlan): string[] {
  const { outputs } = plan;
  const command = fluent().input("pipe:0").inputOptions(beforeInput(plan.coder));
  if (outputs.length > 1) command.complexFilter(splitGraph(plan));
  for (const [index, output] of outputs.entries()) {
    command
      .output(`pipe:${outputPipes[index]}`)
      .outputOptions([...picture(plan, index), ...coding(plan, output, index), ...framing]);
  }
  return [...quiet, ...words(command)];
}

/** Equal for plans whose encoders make streams with equal parameter sets on one ffmpeg: all but the threads. */
export function encoderKey(plan: EncoderPlan): string {
  const words = encoderArguments({ ...plan, threads: 1 }).join(" ");
  return createHash("sha256").update(words).digest("base64url");
}

/** Equal for outputs with equal parameter sets on one ffmpeg, alone or beside another. */
export function pictureKey(output: CodedPicture, coder: Coder): string {
  return encoderKey({ outputs: [output], coder, threads: 1 });
}

/** What a film of single pictures is made of. */
export interface FilmPlan {
  readonly framesPerSecond: number;
  /** Of the film; pictures of another size are fitted into it. */
  readonly size: PictureSize;
  readonly outputFile: string;
}

/** JPEGs one after the other on stdin, an MP4 of H.264 that every player takes. One thread: nobody waits for it. */
export function filmArguments({ framesPerSecond, size, outputFile }: FilmPlan): string[] {
  const { width, height } = codedSize(size);
  const fitted = `scale=${width}:${height}:force_original_aspect_ratio=decrease:out_range=tv`;
  const command = fluent()
    .input("pipe:0")
    .inputOptions(["-threads", "1", "-f", "image2pipe", "-c:v", "mjpeg", "-framerate", String(framesPerSecond)])
    .output(outputFile)
    .outputOptions(["-an", "-vf", `${fitted},pad=${width}:${height}:-1:-1,setsar=1,format=yuv420p`])
    .outputOptions(["-c:v", "libx264", "-threads", "1", "-preset", "medium", "-crf", "21", "-color_range", "tv"])
    .outputOptions(["-movflags", "+faststart", "-f", "mp4"]);
  return [...quiet, ...words(command)];
}

/** 4:2:0 needs even sides: an odd one loses a line. */
export function codedSize(size: PictureSize): PictureSize {
  return { width: Math.max(2, size.width - (size.width % 2)), height: Math.max(2, size.height - (size.height % 2)) };
}

/** Most bits per second for a plan: 2 Mbit/s at 1280×720 and 15 fps, less than linear in pixels, √ in rate. */
export function bitsPerSecond({ size, framesPerSecond }: CodedPicture): number {
  const wanted = 2_000_000 * ((size.width * size.height) / (1280 * 720)) ** 0.75 * Math.sqrt(framesPerSecond / 15);
  return Math.round(Math.min(12_000_000, Math.max(150_000, wanted)) / 10_000) * 10_000;
}

const quiet = ["-hide_banner", "-loglevel", "level+warning", "-nostats"];

/**
 * Nothing is probed: the container's header says all, and each probed frame would be waited for.
 * One decoder thread, because frame threads hold pictures back; one filter thread, because starting
 * more costs longer than they save.
 */
function beforeInput({ kind, device }: Coder): string[] {
  return [
    kind === "x264" ? [] : coderWords[kind].device(device),
    ["-filter_threads", "1", "-filter_complex_threads", "1"],
    ["-probesize", "32", "-analyzeduration", "0", "-fpsprobesize", "0"],
    ["-threads", "1", "-f", "matroska"],
  ].flat();
}

/** One decode for all outputs, each of which takes the pictures that are meant for it. */
function splitGraph(plan: EncoderPlan): string[] {
  const labels = plan.outputs.map((_, index) => `[in${index}]`);
  return [
    `[0:v:0]split=${labels.length}${labels.join("")}`,
    ...plan.outputs.map(({ size }, index) =>
      [`[in${index}]select='${takeExpression(index)}'`, ...filters(size, plan.coder)].join(",").concat(`[out${index}]`),
    ),
  ];
}

function picture({ outputs, coder }: EncoderPlan, index: number): string[] {
  const [alone] = outputs;
  const source =
    outputs.length > 1 || alone === undefined
      ? ["-map", `[out${index}]`]
      : ["-map", "0:v:0", "-vf", filters(alone.size, coder).join(",")];
  return [...source, "-an", "-sn", "-dn"];
}

/**
 * A picture of any size, shape, range or pixel aspect becomes one of fixed size, so that the
 * parameter sets never depend on what is fed. For x264 a true-sized 4:2:0 one passes untouched but for
 * its range, which a table narrows to what players expect: ffmpeg's scaler takes a fifth of all the
 * work for that. The others must be told the range by the pixel format, which only the scaler sets.
 */
function filters({ width, height }: PictureSize, { kind }: Coder): string[] {
  const even = "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0";
  const fitted = `scale=${width}:${height}:force_original_aspect_ratio=decrease:force_divisible_by=2`;
  const padded = `pad=${width}:${height}:-1:-1`;
  if (kind !== "x264") {
    return [even, `${fitted}:out_range=tv`, "format=yuv420p", padded, "setsar=1", ...coderWords[kind].filters];
  }
  const narrowed = "lutyuv=y=16.5+val*219/255:u=128.5+(val-128)*224/255:v=128.5+(val-128)*224/255";
  return [even, fitted, "format=yuvj420p", padded, narrowed, "setsar=1"];
}

/** Stamps pass through as they are. `-g` is the bound for a feeder that steers no key pictures. */
function coding({ coder, threads }: EncoderPlan, output: CodedPicture, index: number): string[] {
  const { framesPerSecond } = output;
  const rate = { framesPerSecond, threads, bitsPerSecond: bitsPerSecond(output) };
  return [
    ["-fps_mode", "passthrough", "-enc_time_base", "1:32000", "-bf", "0", "-colorspace", "bt470bg"],
    ["-g", String(Math.ceil(framesPerSecond * 2)), "-force_key_frames", keyExpression(index)],
    coder.kind === "x264" ? x264Words(rate) : [...coderWords[coder.kind].coding(rate), ...described],
  ].flat();
}

/** Devices may tell their parameter sets only in the pictures, and their range not at all. */
const described = ["-color_range", "tv", "-bsf:v", "extract_extradata"];

/** Each access unit leaves at once, with its length; the parameter sets come first. */
const framing = ["-f", "flv", "-flvflags", "no_duration_filesize+no_sequence_end", "-flush_packets", "1"];

/** fluent-ffmpeg hands out its words only through this member, which its types leave out. */
function words(command: fluent.FfmpegCommand): string[] {
  const composer = command as fluent.FfmpegCommand & { _getArguments(): string[] };
  return composer._getArguments();
}
