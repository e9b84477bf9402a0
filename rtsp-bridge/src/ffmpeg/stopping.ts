// How an ffmpeg child is stopped: the end of its input, then SIGTERM, then SIGKILL.

import type { ChildProcess } from "node:child_process";
import type { Writable } from "node:stream";
import type { Clock } from "@gantry/platform/clock";

const sigtermAfterMs = 1000;
const sigkillAfterMs = 2000;

export interface StoppingOptions {
  /** Aborts when it is to stop. */
  readonly asked: AbortSignal;
  /** Aborts when it is gone. */
  readonly gone: AbortSignal;
  readonly clock: Clock;
}

/** Waits until the child is to stop, and sees to it that it does. Never rejects. */
export async function stopWhenAsked(
  child: Pick<ChildProcess, "kill"> & { readonly stdin: Writable },
  { asked, gone, clock }: StoppingOptions,
): Promise<void> {
  const either = AbortSignal.any([asked, gone]);
  await new Promise<void>((resolve) => {
    if (either.aborted) resolve();
    else either.addEventListener("abort", () => resolve(), { once: true });
  });
  if (gone.aborted) return;
  child.stdin.end();
  if (await isGoneAfter(sigtermAfterMs, clock, gone)) return;
  child.kill("SIGTERM");
  if (await isGoneAfter(sigkillAfterMs, clock, gone)) return;
  child.kill("SIGKILL");
}

/** Waits so long, or until the child is gone; says whether it is. */
export async function isGoneAfter(ms: number, clock: Clock, gone: AbortSignal): Promise<boolean> {
  await clock.wait(ms, gone).catch(() => undefined);
  return gone.aborted;
}
