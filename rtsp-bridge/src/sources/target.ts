// From a plan to the camera itself: what kind it is, where it is, and how it is asked. The gateway knows
// which printers send video, and says so without a secret; the password comes from the bridge's own copy
// of the inventory.

import * as z from "zod";
import type { VideoPlan } from "../plan.ts";
import { VideoFault } from "./fault.ts";
import { getJson } from "./get-json.ts";
import type { VideoTarget } from "./rtsp-camera.ts";

/** The text of a key of a `connection` block. @throws Error in words */
export type ReadSecret = (connection: unknown, key: string) => Promise<string>;

export type CameraKind = { readonly kind: "pictures" } | { readonly kind: "video"; readonly target: VideoTarget };

const answerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("pictures") }),
  z.object({
    kind: z.literal("video"),
    url: z.string().regex(/^rtsps?:\/\/[^/\s@]+(?:\/[^\s@]*)?$/iu),
    username: z.string().nullable(),
    passwordKey: z.string().nullable(),
    certificateSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/u)
      .nullable(),
  }),
]);

/**
 * Whether it is pictures or video, and where the video is.
 * @throws VideoFault with the gateway's reason, or why what it says cannot be used
 */
export async function findCamera(plan: VideoPlan, readSecret: ReadSecret, signal: AbortSignal): Promise<CameraKind> {
  if (plan.kind === "address") return { kind: "video", target: targetOf(plan.url, plan.certificateSha256) };
  const answer = answerSchema.safeParse(await getJson(plan.askUrl, signal));
  if (!answer.success) throw new VideoFault("refused", "the gateway's answer about the camera cannot be understood");
  const { data } = answer;
  if (data.kind === "pictures") return data;
  if (plan.connection === undefined) {
    throw new VideoFault("settings", "the bridge lacks the variable that camera.url names");
  }
  const { url, username, passwordKey, certificateSha256 } = data;
  const certificate = certificateSha256 === null ? "any" : { sha256: certificateSha256 };
  if (passwordKey === null && username === null)
    return { kind: "video", target: { url, credentials: undefined, certificate } };
  const password = passwordKey === null ? "" : await passwordOf(plan.connection, passwordKey, readSecret);
  return { kind: "video", target: { url, credentials: { username: username ?? "", password }, certificate } };
}

/** The address as anybody may see it: without user and password. */
export function shownUrl(url: string): string {
  return url.replace(/^(rtsps?:\/\/)[^/?#]*@/iu, "$1");
}

/** @throws VideoFault `settings` */
function targetOf(address: string, sha256: string | undefined): VideoTarget {
  const missing = /\$\{([A-Za-z0-9_]+)/u.exec(address)?.[1];
  if (missing !== undefined) {
    throw new VideoFault("settings", `the bridge lacks the variable ${missing}, which camera.url names`);
  }
  const url = URL.parse(address);
  if (url === null) throw new VideoFault("settings", "camera.url is no address");
  const { username, password } = url;
  const isOpen = username === "" && password === "";
  return {
    url: shownUrl(address),
    credentials: isOpen ? undefined : { username: decoded(username), password: decoded(password) },
    certificate: sha256 === undefined ? "trusted" : { sha256 },
  };
}

async function passwordOf(connection: unknown, key: string, readSecret: ReadSecret): Promise<string> {
  try {
    return await readSecret(connection, key);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new VideoFault("settings", `the bridge does not know the camera's password: ${words}`, { cause: error });
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare % that was meant as it stands
  }
}
