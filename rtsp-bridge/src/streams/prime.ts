// An encoder that is ready: started, and given one picture that nobody sees, so that it has loaded
// and set up everything and its next picture comes out in milliseconds. It costs memory and no CPU.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { ParameterSets } from "../ffmpeg/flv.ts";
import { startEncoder, type Encoder, type EncoderSink } from "../ffmpeg/process.ts";
import type { Form } from "./form.ts";

export interface PrimeOptions {
  readonly ffmpegPath: string;
  readonly form: Form;
  /** Any JPEG. */
  readonly jpeg: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it, unless somebody has taken it. */
  readonly signal: AbortSignal;
}

export interface PrimedEncoder {
  readonly encoder: Encoder;
  readonly form: Form;
  /** Of each output. */
  readonly sets: readonly ParameterSets[];
  /** Stamp of the picture that it was primed with. */
  readonly stampMs: number;
  /** From now on units go there, and this signal ends it. */
  readonly handOver: (sink: EncoderSink, signal: AbortSignal) => void;
}

export interface Priming {
  readonly encoder: Encoder;
  /** Never settles when the encoder ends before. */
  readonly primed: Promise<PrimedEncoder>;
}

const stampMs = 0;

export function prime({ ffmpegPath, form, jpeg, clock, log, signal }: PrimeOptions): Priming {
  const life = new AbortController();
  const stop = (): void => life.abort();
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  let sink: EncoderSink | undefined;
  const waited = new Set(form.names.keys());
  const answered = Promise.withResolvers<void>();
  const encoder = startEncoder({
    ...form.child,
    ffmpegPath,
    clock,
    log,
    signal: life.signal,
    onAccessUnit: (unit, output) => {
      sink?.onAccessUnit(unit, output);
      if (waited.delete(output) && waited.size === 0) answered.resolve();
    },
    onReady: () => sink?.onReady(),
  });
  encoder.feed(
    jpeg,
    stampMs,
    form.names.map(() => "key"),
  );
  const handOver: PrimedEncoder["handOver"] = (next, nextSignal) => {
    sink = next;
    signal.removeEventListener("abort", stop);
    if (nextSignal.aborted) stop();
    else nextSignal.addEventListener("abort", stop, { once: true });
  };
  const primed = Promise.all([encoder.ready, answered.promise]).then(([sets]) => {
    return { encoder, form, sets, stampMs, handOver };
  });
  return { encoder, primed };
}
