// The words of the one ffmpeg command: MJPEG in Matroska on stdin, H.264 in FLV on stdout.
// Pure: it composes them with fluent-ffmpeg, which here starts nothing (it probes the formats,
// waits and kills in ways a live stream cannot use: ./process.ts runs the child).

import { createHash } from "node:crypto";
import fluent from "fluent-ffmpeg";
import type { PictureSize } from "./jpeg.ts";

export interface EncoderPlan {
  /** Size of the coded picture; frames of another size are fitted into it. */
  readonly size: PictureSize;
  /** The most frames per second it will be fed: what rate control counts with. */
  readonly framesPerSecond: number;
  /** Of the encoder. More spread the work of one picture, and add to it. */
  readonly threads: number;
}

/**
 * The arguments after the program's name. Equal plans give equal words and, on one ffmpeg, equal
 * parameter sets whatever the first picture is.
 *
 * Stamps steer it: an odd number of milliseconds asks for a key picture.
 */
export function encoderArguments(plan: EncoderPlan): string[] {
  const command = fluent()
    .input("pipe:0")
    .inputOptions([...beforeInput])
    .output("pipe:1")
    .outputOptions([...picture(codedSize(plan.size)), ...coding(plan), ...framing]);
  return [...quiet, ...words(command)];
}

/** Equal for plans whose encoders make streams with equal parameter sets on one ffmpeg: all but the threads. */
export function encoderKey(plan: EncoderPlan): string {
  const words = encoderArguments({ ...plan, threads: 1 }).join(" ");
  return createHash("sha256").update(words).digest("base64url");
}

/** 4:2:0 needs even sides: an odd one loses a line. */
export function codedSize(size: PictureSize): PictureSize {
  return { width: Math.max(2, size.width - (size.width % 2)), height: Math.max(2, size.height - (size.height % 2)) };
}

/** Most bits per second for a plan: 2 Mbit/s at 1280×720 and 15 fps, less than linear in pixels, √ in rate. */
export function bitsPerSecond(plan: Pick<EncoderPlan, "size" | "framesPerSecond">): number {
  const pixels = plan.size.width * plan.size.height;
  const wanted = 2_000_000 * (pixels / (1280 * 720)) ** 0.75 * Math.sqrt(plan.framesPerSecond / 15);
  return Math.round(Math.min(12_000_000, Math.max(150_000, wanted)) / 10_000) * 10_000;
}

const quiet = ["-hide_banner", "-loglevel", "level+warning", "-nostats"];

/**
 * Nothing is probed: the container's header says all, and each probed frame would be waited for.
 * One decoder thread, because frame threads hold pictures back; one filter thread, because starting
 * more costs longer than they save.
 */
const beforeInput = [
  ["-filter_threads", "1"],
  ["-probesize", "32", "-analyzeduration", "0", "-fpsprobesize", "0"],
  ["-threads", "1", "-f", "matroska"],
].flat();

/**
 * A picture of any size, shape, range or pixel aspect becomes one of fixed size, so that the
 * parameter sets never depend on what is fed. A true-sized 4:2:0 one passes untouched but for its
 * range, which a table narrows to what players expect: ffmpeg's scaler takes a fifth of all the work
 * for that. x264 is told below, as the pixel format goes on to say full.
 */
function picture({ width, height }: PictureSize): string[] {
  const filters = [
    "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0",
    `scale=${width}:${height}:force_original_aspect_ratio=decrease:force_divisible_by=2`,
    "format=yuvj420p",
    `pad=${width}:${height}:-1:-1`,
    "lutyuv=y=16.5+val*219/255:u=128.5+(val-128)*224/255:v=128.5+(val-128)*224/255",
    "setsar=1",
  ];
  return ["-map", "0:v:0", "-an", "-sn", "-dn", "-vf", filters.join(",")];
}

/**
 * Stamps pass through in milliseconds. `-g` is the bound for a feeder that steers no key pictures;
 * x264 cannot learn the rate from millisecond stamps, hence `fps`. Quality is constant and the rate
 * only capped: a picture that stands still costs next to nothing.
 */
function coding(plan: EncoderPlan): string[] {
  const rate = String(bitsPerSecond(plan));
  return [
    ["-fps_mode", "passthrough", "-enc_time_base", "1:1000"],
    ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "main", "-bf", "0"],
    ["-threads", String(plan.threads), "-colorspace", "bt470bg"],
    ["-g", String(Math.ceil(plan.framesPerSecond * 2)), "-forced-idr", "1"],
    ["-force_key_frames", "expr:eq(mod(round(t*1000),2),1)"],
    ["-crf", "23", "-maxrate", rate, "-bufsize", rate],
    ["-x264-params", `cabac=1:aq-mode=1:scenecut=0:fullrange=off:fps=${plan.framesPerSecond}/1`],
  ].flat();
}

/** Each access unit leaves at once, with its length; the parameter sets come first. */
const framing = ["-f", "flv", "-flvflags", "no_duration_filesize+no_sequence_end", "-flush_packets", "1"];

/** fluent-ffmpeg hands out its words only through this member, which its types leave out. */
function words(command: fluent.FfmpegCommand): string[] {
  const composer = command as fluent.FfmpegCommand & { _getArguments(): string[] };
  return composer._getArguments();
}
