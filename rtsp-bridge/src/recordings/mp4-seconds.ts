// How long an MP4 plays, out of its header: `moov` with `mvhd` must come first, as in what MediaMTX
// records and in what ffmpeg writes with faststart. Layout: ISO/IEC 14496-12, 8.2.2.

import { open } from "node:fs/promises";

/** The header is looked for no further. */
const lookedAtBytes = 512;

/** undefined for a file that does not say, such as one whose writer was killed. Never rejects. */
export async function mp4Seconds(file: string): Promise<number | undefined> {
  try {
    await using opened = await open(file, "r");
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(lookedAtBytes), 0, lookedAtBytes, 0);
    return secondsWithin(buffer.subarray(0, bytesRead));
  } catch {
    return undefined; // it is gone, or cut off within the header
  }
}

/** @throws RangeError for a header that is cut off */
export function secondsWithin(bytes: Buffer): number | undefined {
  const at = bytes.indexOf("mvhd", 0, "latin1");
  if (at === -1) return undefined;
  const isLong = bytes.readUInt8(at + 4) === 1;
  const scale = bytes.readUInt32BE(at + (isLong ? 24 : 16));
  const duration = isLong ? Number(bytes.readBigUInt64BE(at + 28)) : bytes.readUInt32BE(at + 20);
  return scale === 0 || duration === 0 || duration === 0xffffffff ? undefined : duration / scale;
}
