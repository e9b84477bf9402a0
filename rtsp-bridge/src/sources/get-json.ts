// One question to the gateway. Not fetch, which costs several times as much memory and a connection
// that it keeps.

import { text } from "node:stream/consumers";
import { clientFor } from "@gantry/platform/node-http";
import * as z from "zod";
import { VideoFault } from "./fault.ts";

/** The gateway may have to ask the printer first. */
const answerMs = 10_000;

const problemSchema = z.object({ detail: z.string() });

/** @throws VideoFault with the gateway's own reason, or that it cannot be reached; the signal's reason */
export async function getJson(url: string, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(answerMs);
  try {
    const { status, body } = await ask(url, AbortSignal.any([signal, deadline]));
    if (status === 200) return JSON.parse(body);
    throw new VideoFault("refused", reasonOf(body) ?? `the gateway answered HTTP ${status} about the camera`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof VideoFault) throw error;
    throw new VideoFault("unreachable", "the gateway cannot be reached", { cause: error });
  }
}

async function ask(url: string, signal: AbortSignal): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asking = clientFor(url).get(url, { signal, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    asking.on("error", reject);
  });
}

function reasonOf(body: string): string | undefined {
  try {
    return problemSchema.parse(JSON.parse(body)).detail;
  } catch {
    return undefined; // no problem document
  }
}
