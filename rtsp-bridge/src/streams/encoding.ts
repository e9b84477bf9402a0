// Keeps the one encoder of a broadcast running, and makes it another one when other outputs are
// wanted: that one is started and primed beside it, and takes over between two pictures, so that
// readers of what goes on see neither a gap nor a step. What it is fed, ./feeder.ts decides.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import { startEncoder, type Encoder, type EncoderExit, type EncoderSink } from "../ffmpeg/process.ts";
import { EncoderRestarts } from "./encoder-restarts.ts";
import type { Feeder } from "./feeder.ts";
import type { Form } from "./form.ts";
import type { Lane, LaneName } from "./lane.ts";
import { aborted } from "./output.ts";
import { prime, type PrimedEncoder } from "./prime.ts";

export interface EncodingOptions {
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly feeder: Feeder;
  /** What is wanted now. */
  readonly form: () => Form;
  readonly lane: (name: LaneName) => Lane;
  /** An encoder in reserve of that form, if there is one. */
  readonly takeSpare: (form: Form) => PrimedEncoder | undefined;
  /** With an encoder in reserve, a first picture need not wait for the camera. */
  readonly hasYoungPicture: () => boolean;
  /** A picture to prime an encoder with. */
  readonly anyJpeg: () => Uint8Array | undefined;
  /** This form is about to be published; its parameter sets as the encoder in hand has told them. */
  readonly onForm: (form: Form, sets: readonly ParameterSets[] | undefined) => void;
  readonly onUnit: (name: LaneName, unit: AccessUnit) => void;
  /** One ended by itself. */
  readonly onEnded: (form: Form, exit: EncoderExit, failed: boolean) => void;
}

interface Job {
  readonly encoder: Encoder;
  readonly form: Form;
  /** Ends it. */
  readonly stop: AbortController;
}

/** A first picture may wait so long for the camera; an encoder takes about as long to start. */
const patienceMs = 100;
/** What an encoder at work still owes is waited for so long when another takes over. */
const settleMs = 250;

export class Encoding {
  readonly #options: EncodingOptions;
  readonly #restarts = new EncoderRestarts();
  readonly #children = new Set<Promise<unknown>>();
  #isChanged = Promise.withResolvers<"changed">();
  /** The one whose units count. */
  #current: Encoder | undefined;

  constructor(options: EncodingOptions) {
    this.#options = options;
  }

  /** Another form may be wanted from now on. */
  changed(): void {
    this.#isChanged.resolve("changed");
    this.#isChanged = Promise.withResolvers();
  }

  /** Until the signal aborts. */
  async run(): Promise<void> {
    const { signal, feeder } = this.#options;
    let patience = patienceMs;
    while (!signal.aborted) {
      const { job, exit } = await this.#tend(this.#employ(this.#options.form(), patience));
      feeder.detach();
      job.stop.abort();
      patience = 0;
      if (exit !== undefined && !signal.aborted) await this.#pause(job.form, exit, signal);
    }
  }

  /** Resolves when every child process is gone. */
  async gone(): Promise<void> {
    await Promise.all(this.#children);
  }

  /** Until one ends by itself, or, without an exit, is ended. */
  async #tend(first: Job): Promise<{ readonly job: Job; readonly exit: EncoderExit | undefined }> {
    const { signal } = this.#options;
    let job = first;
    for (;;) {
      if (isSame(this.#options.form(), job.form)) {
        const event = await Promise.race([job.encoder.exited, this.#isChanged.promise, aborted(signal)]);
        if (event !== "changed") return { job, exit: event };
        continue;
      }
      const next = await this.#succeed(job);
      if (next === undefined) return { job, exit: undefined };
      job = next;
    }
  }

  async #pause(form: Form, exit: EncoderExit, signal: AbortSignal): Promise<void> {
    const { clock, log, onEnded } = this.#options;
    const { delayMs, failed } = this.#restarts.next(exit.ranMs);
    log.warn("the encoder ended and is started again", { reason: exit.reason, afterMs: delayMs });
    onEnded(form, exit, failed);
    await clock.wait(delayMs, signal).catch(() => undefined);
  }

  /** Takes the encoder in reserve, or starts one. */
  #employ(form: Form, patience: number): Job {
    const { ffmpegPath, clock, log, feeder, takeSpare, hasYoungPicture, onForm } = this.#options;
    const primed = takeSpare(form);
    onForm(form, primed?.sets);
    if (primed !== undefined) return this.#install(primed, hasYoungPicture() ? 0 : patience, []);
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, stop.signal]);
    const sink = this.#sink(form, () => encoder);
    const encoder: Encoder = startEncoder({ ...form.child, ffmpegPath, clock, log, signal, ...sink });
    this.#current = encoder;
    this.#keep(encoder);
    void this.#learn(encoder, form, signal);
    feeder.attach(encoder, this.#lanes(form), { patienceMs: patience });
    return { encoder, form, stop };
  }

  /** The encoder that goes on from this one in the form that is wanted now; undefined when none can. */
  async #succeed(job: Job): Promise<Job | undefined> {
    const over = new AbortController();
    void job.encoder.exited.then(() => over.abort());
    const alive = AbortSignal.any([this.#options.signal, over.signal]);
    while (!alive.aborted) {
      const form = this.#options.form();
      if (isSame(form, job.form)) return job;
      const jpeg = this.#options.anyJpeg();
      // Nothing has been shown yet, so nothing is lost by beginning anew.
      if (jpeg === undefined) return undefined;
      const next = this.#options.takeSpare(form) ?? (await this.#prepare(form, jpeg, alive));
      if (next !== undefined) return this.#takeOver(job, next);
    }
    return undefined;
  }

  /** Primed beside the one at work; undefined when it died, another form is wanted by now, or the signal aborted. */
  async #prepare(form: Form, jpeg: Uint8Array, alive: AbortSignal): Promise<PrimedEncoder | undefined> {
    const given = new AbortController();
    const { encoder, primed } = prime({ ...this.#options, form, jpeg, signal: AbortSignal.any([alive, given.signal]) });
    this.#keep(encoder);
    const died = encoder.exited.then((exit) => ({ exit }));
    const event = await Promise.race([primed, died, this.#isChanged.promise, aborted(alive)]);
    if (event === undefined || event === "changed") given.abort();
    else if (!("exit" in event)) return event;
    else if (!alive.aborted) await this.#pause(form, event.exit, alive);
    return undefined;
  }

  async #takeOver(job: Job, next: PrimedEncoder): Promise<Job> {
    const { clock, feeder, onForm } = this.#options;
    const settled = new AbortController();
    await Promise.race([feeder.settled(), clock.wait(settleMs, settled.signal).catch(() => undefined)]);
    settled.abort();
    onForm(next.form, next.sets);
    const goesOn = job.form.names.filter((name) => next.form.names.includes(name));
    const taken = this.#install(next, 0, goesOn);
    job.stop.abort();
    return taken;
  }

  #install(primed: PrimedEncoder, patience: number, goesOn: readonly LaneName[]): Job {
    const { feeder, signal, lane } = this.#options;
    const { encoder, form, stampMs } = primed;
    const stop = new AbortController();
    this.#keep(encoder);
    this.#current = encoder;
    primed.handOver(
      this.#sink(form, () => encoder),
      AbortSignal.any([signal, stop.signal]),
    );
    const beginning = { patienceMs: patience, primedMs: stampMs, goesOn: goesOn.map(lane) };
    feeder.attach(encoder, this.#lanes(form), beginning);
    return { encoder, form, stop };
  }

  #lanes({ names }: Form): Lane[] {
    return names.map((name) => this.#options.lane(name));
  }

  #sink({ names }: Form, encoder: () => Encoder): EncoderSink {
    const { feeder, onUnit } = this.#options;
    return {
      onAccessUnit: (unit, output) => {
        const name = names[output];
        if (name !== undefined && this.#current === encoder()) onUnit(name, unit);
      },
      onReady: () => feeder.turn(),
    };
  }

  async #learn(encoder: Encoder, form: Form, signal: AbortSignal): Promise<void> {
    const sets = await Promise.race([encoder.ready, encoder.exited.then(() => undefined)]);
    if (sets !== undefined && !signal.aborted) this.#options.onForm(form, sets);
  }

  /** The broadcast is not over before this child is gone. */
  #keep({ exited }: Encoder): void {
    this.#children.add(exited);
    void exited.then(() => this.#children.delete(exited));
  }
}

function isSame(one: Form, other: Form): boolean {
  return one.key === other.key && one.names.join() === other.names.join();
}
