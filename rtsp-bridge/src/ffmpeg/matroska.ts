// Matroska for ffmpeg's stdin: one MJPEG track, one cluster per picture, stamps as fine as
// ./steering.ts needs them. Chosen over multipart and raw JPEG because it carries both lengths and
// exact times. It only writes. Layout: RFC 9559 (Matroska) and RFC 8794 (EBML).
//
//   EBML header  1A45DFA3  version 1, DocType "matroska" 4 read 2
//   Segment      18538067  unknown size: it never ends
//     Info       1549A966  TimestampScale 31 250 ns: 32 of them are a millisecond
//     Tracks     1654AE6B  TrackEntry AE: number 1, video, V_MJPEG, width, height, perhaps a duration
//     Cluster    1F43B675  Timestamp E7, SimpleBlock A3: track 81, offset 0000, flags 80 (key), JPEG

import type { PictureSize } from "./jpeg.ts";
import { ticksPerMs } from "./steering.ts";

/**
 * Everything before the first cluster. The rate is a hint for encoders that count with one; without
 * it DefaultDuration is left out.
 */
export function matroskaHeader(size: PictureSize, framesPerSecond?: number): Buffer {
  const duration = framesPerSecond === undefined ? [] : [unsigned("23e383", Math.round(1e9 / framesPerSecond))];
  return Buffer.concat([
    element(
      "1a45dfa3",
      unsigned("4286", 1),
      unsigned("42f7", 1),
      unsigned("42f2", 4),
      unsigned("42f3", 8),
      text("4282", "matroska"),
      unsigned("4287", 4),
      unsigned("4285", 2),
    ),
    Buffer.from("1853806701ffffffffffffff", "hex"),
    element("1549a966", unsigned("2ad7b1", 1_000_000 / ticksPerMs), text("4d80", "gantry"), text("5741", "gantry")),
    element(
      "1654ae6b",
      element(
        "ae",
        unsigned("d7", 1),
        unsigned("73c5", 1),
        unsigned("83", 1),
        unsigned("9c", 0),
        ...duration,
        text("86", "V_MJPEG"),
        element("e0", unsigned("b0", size.width), unsigned("ba", size.height)),
      ),
    ),
  ]);
}

/** What stands before `jpegBytes` bytes of JPEG to make them a cluster at the stamp `ticks` ≥ 0; the JPEG follows uncopied. */
export function clusterHead(ticks: number, jpegBytes: number): Buffer {
  const timestamp = unsigned("e7", ticks);
  const blockHead = Buffer.concat([Buffer.from("a3", "hex"), size(4 + jpegBytes), Buffer.from("81000080", "hex")]);
  const clusterBytes = timestamp.length + blockHead.length + jpegBytes;
  return Buffer.concat([Buffer.from("1f43b675", "hex"), size(clusterBytes), timestamp, blockHead]);
}

function element(id: string, ...children: readonly Buffer[]): Buffer {
  const body = Buffer.concat(children);
  return Buffer.concat([Buffer.from(id, "hex"), size(body.length), body]);
}

function text(id: string, value: string): Buffer {
  return element(id, Buffer.from(value, "latin1"));
}

/** Big-endian in as few bytes as hold it, at least one. */
function unsigned(id: string, value: number): Buffer {
  const hex = value.toString(16);
  return element(id, Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex"));
}

/** An EBML length in 1…8 bytes; all ones is reserved for "unknown", hence the 2. */
function size(bytes: number): Buffer {
  let width = 1;
  while (width < 8 && bytes > 2 ** (7 * width) - 2) width += 1;
  const out = Buffer.alloc(width);
  let rest = bytes;
  for (let at = width - 1; at >= 0; at -= 1) {
    out[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  out[0] = (out[0] ?? 0) | (0x80 >> (width - 1));
  return out;
}
