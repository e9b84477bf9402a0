// A camera's answer to DESCRIBE: which of its tracks is H.264, where it is set up, and the parameter sets
// that stand there. Pure. Layout: RFC 8866 (SDP), RFC 6184 §8 (H.264), RFC 2326 §C.1.1 (control).

import type { ParameterSets } from "../ffmpeg/flv.ts";
import { VideoFault } from "./fault.ts";

export interface VideoTrack {
  /** Absolute address for SETUP. */
  readonly control: string;
  readonly payloadType: number;
  /** Not all cameras say: then they come with the first key picture. */
  readonly parameterSets: ParameterSets | undefined;
}

const sps = 7;
const pps = 8;

/**
 * @param base address that relative ones start from: Content-Base, or the one that was asked
 * @throws VideoFault `format` where there is no H.264 among the tracks
 */
export function describeVideo(sdp: string, base: string): VideoTrack {
  const [session = [], ...media] = sections(sdp);
  const videos = media.filter((lines) => lines[0]?.startsWith("m=video ") === true);
  for (const lines of videos) {
    const payloadType = Number(/^m=video \S+ \S+ (\d{1,3})/u.exec(lines[0] ?? "")?.[1] ?? NaN);
    const codec = attribute(lines, `rtpmap:${payloadType} `)?.split("/")[0];
    if (codec?.toUpperCase() !== "H264") continue;
    const format = attribute(lines, `fmtp:${payloadType} `) ?? "";
    if (/packetization-mode=2/u.test(format)) continue;
    const control = attribute(lines, "control:") ?? "";
    const parent = absolute(attribute(session, "control:") ?? "*", base);
    return { control: absolute(control, parent), payloadType, parameterSets: setsWithin(format) };
  }
  const codecs = videos.flatMap((lines) => /^a=rtpmap:\d+ ([\w-]+)/mu.exec(lines.join("\n"))?.[1] ?? []);
  const what = codecs.length === 0 ? "no video" : codecs.join(" and ");
  throw new VideoFault("format", `the camera sends ${what}, and only H.264 can be handed through`);
}

/** The lines of the session, then those of each medium. */
function sections(sdp: string): string[][] {
  const found: string[][] = [[]];
  for (const line of sdp.split(/\r?\n/u)) {
    if (line.startsWith("m=")) found.push([]);
    found.at(-1)?.push(line.trim());
  }
  return found;
}

function attribute(lines: readonly string[], name: string): string | undefined {
  return lines
    .find((line) => line.startsWith(`a=${name}`))
    ?.slice(`a=${name}`.length)
    .trim();
}

/** Relative ones are appended, as cameras mean it, and not resolved as those of a web page are. */
function absolute(control: string, base: string): string {
  if (/^rtsps?:\/\//iu.test(control)) return control;
  if (control === "*" || control === "") return base;
  return `${base}${base.endsWith("/") || control.startsWith("/") ? "" : "/"}${control}`;
}

function setsWithin(format: string): ParameterSets | undefined {
  const texts = /sprop-parameter-sets=([^;\s]+)/u.exec(format)?.[1]?.split(",") ?? [];
  const units = texts.map((text) => Buffer.from(text, "base64"));
  const [sequence, picture] = [sps, pps].map((type) => units.find((unit) => ((unit[0] ?? 0) & 31) === type));
  return sequence === undefined || picture === undefined ? undefined : { sps: sequence, pps: picture };
}
