// The description of a one-track H.264 session that a publisher announces.
// Layout: RFC 8866 (SDP), RFC 6184 §8.2.1 (H.264 parameters).

import type { ParameterSets } from "../ffmpeg/flv.ts";
import { payloadType } from "./packetizer.ts";

/** The control address of the one track, below the session's. */
export const trackControl = "trackID=0";

/** SDP text, lines ending in CRLF. `name` is shown by some readers. */
export function sessionDescription(name: string, { sps, pps }: ParameterSets): string {
  const profileLevelId = Buffer.from(sps.subarray(1, 4)).toString("hex").toUpperCase();
  const sets = [sps, pps].map((set) => Buffer.from(set).toString("base64")).join(",");
  return [
    "v=0",
    "o=- 0 0 IN IP4 127.0.0.1",
    // A line break would begin another line of the description.
    `s=${name.replaceAll(/\p{Cc}/gu, " ").trim() || "-"}`,
    "c=IN IP4 0.0.0.0",
    "t=0 0",
    `m=video 0 RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} H264/90000`,
    `a=fmtp:${payloadType} packetization-mode=1;profile-level-id=${profileLevelId};sprop-parameter-sets=${sets}`,
    `a=control:${trackControl}`,
    "",
  ].join("\r\n");
}
