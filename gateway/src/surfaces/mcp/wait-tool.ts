// wait_for_state: a call that ends when a printer reaches a phase, or after less than a minute,
// because clients give up on calls that hang. A print is followed by calling it again.

import * as z from "zod";
import type { Clock } from "@gantry/platform/clock";
import { phases, type Phase } from "../../model/printer.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { printerState, stateJsonSchema } from "../printer-document.ts";
import { printerArgument, type Tool, type ToolCall } from "./tool.ts";

const maxSeconds = 50;
const progressEveryMs = 5000;

interface Wait {
  readonly printer: string;
  readonly phases: readonly Phase[];
  readonly timeout_s: number;
}

export function waitTool(fleet: Fleet, clock: Clock): Tool {
  const ids = fleet.list().map(({ id }) => id);
  const seconds = z.number().min(1).max(maxSeconds).default(maxSeconds);
  return {
    name: "wait_for_state",
    title: "Wait for state",
    description:
      "Waits until the printer is in one of the phases, or until the time is up; `reached` says which. " +
      "A print takes hours: call it again as long as it pays to wait.",
    input: z.strictObject({
      printer: printerArgument(ids),
      phases: z.array(z.enum(phases)).min(1).meta({ description: "Any of these ends the wait." }),
      timeout_s: seconds.meta({ description: "Longest wait.", unit: "seconds" }),
    }),
    output: z.object({ reached: z.boolean(), waitedSeconds: z.number(), state: stateJsonSchema }),
    effect: "observes",
    idempotent: true,
    run: async (input, call) => {
      const began = clock.monotonic();
      const wait = input as unknown as Wait;
      const printer = await reach(fleet, clock, wait, call);
      const waitedSeconds = (clock.monotonic() - began) / 1000;
      return { reached: wait.phases.includes(printer.state.phase), waitedSeconds, state: printerState(printer) };
    },
  };
}

/** The printer as it was when it reached a phase, or as it is when the time is up. */
async function reach(fleet: Fleet, clock: Clock, { printer: id, phases, timeout_s }: Wait, call: ToolCall) {
  const beganMs = clock.monotonic();
  const reached = new AbortController();
  let found = fleet.get(id);
  if (phases.includes(found.state.phase)) return found;
  using _listening = fleet.on((event) => {
    if (event.type !== "state" || event.printer.id !== id || !phases.includes(event.printer.state.phase)) return;
    found = event.printer;
    reached.abort();
  });
  const signal = AbortSignal.any([reached.signal, call.signal]);
  for (let leftMs = timeout_s * 1000; leftMs > 0 && !reached.signal.aborted;) {
    await clock.wait(Math.min(leftMs, progressEveryMs), signal).catch(() => undefined);
    call.signal.throwIfAborted();
    const waitedMs = clock.monotonic() - beganMs;
    leftMs = timeout_s * 1000 - waitedMs;
    if (!reached.signal.aborted) found = fleet.get(id);
    await call.progress(waitedMs / 1000, timeout_s, `${id} is ${found.state.phase}`);
  }
  return found;
}
