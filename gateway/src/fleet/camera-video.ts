// What a printer's camera sends: pictures, which the gateway opens, or its own H.264, which the bridge opens.

import type { PrinterEntry } from "@gantry/config";
import type { Family, FamilyContext, Session, VideoSource } from "../families/family.ts";
import { PrinterError } from "../model/errors.ts";

/**
 * The H.264 of the camera; null where it sends pictures. The inventory's `camera.url` comes before the
 * printer's own camera.
 * @throws PrinterError `not_found` without a camera; the family's reason when it cannot be told just now
 */
export async function cameraVideo(
  entry: PrinterEntry,
  family: Family,
  session: Session | undefined,
  context: FamilyContext,
): Promise<VideoSource | null> {
  const { id, camera, connection } = entry;
  const url = camera?.url;
  if (url !== undefined) return isVideo(url) ? videoAt(url, camera?.certificateSha256) : null;
  const video = camera === null ? undefined : await family.video?.({ connection, session, ...context });
  if (video !== undefined) return video;
  if (camera !== null && family.frames !== undefined) return null;
  throw new PrinterError("not_found", `the printer "${id}" has no camera`, { printer: id });
}

/** Whether an address is one of H.264. */
export function isVideo(url: string): boolean {
  return /^rtsps?:/iu.test(url);
}

/** The bridge has the password in its own copy of the inventory. */
function videoAt(address: string, certificateSha256: string | undefined): VideoSource {
  const username = decoded(URL.parse(address)?.username ?? "");
  return {
    url: address.replace(/^(rtsps?:\/\/)[^/?#]*@/iu, "$1"),
    username: username === "" ? null : username,
    passwordKey: null,
    certificateSha256: certificateSha256 ?? null,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare % that was meant as it stands
  }
}
