// One stretch of a camera being watched: it is read, an encoder kept running and an RTSP session kept
// open for each of its streams that somebody watches, each mending itself without the others noticing,
// until the signal aborts. What outlasts it (the last picture, the size) is the camera's: ./camera.ts.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { codedSize } from "../ffmpeg/args.ts";
import type { Coder } from "../ffmpeg/coders.ts";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import type { EncoderExit } from "../ffmpeg/process.ts";
import type { StreamPlan } from "../plan.ts";
import { Encoding } from "./encoding.ts";
import { Feeder } from "./feeder.ts";
import { codedPicture, formOf, type Form, type FormOptions } from "./form.ts";
import type { KnownSets } from "./knowledge.ts";
import { Lane, type LaneName } from "./lane.ts";
import { aborted, Output } from "./output.ts";
import type { PrimedEncoder } from "./prime.ts";
import type { Picture, ReadSource } from "./source.ts";
import type { StreamState } from "./streams.ts";

export interface BroadcastOptions {
  readonly plan: StreamPlan;
  readonly readSource: ReadSource;
  /** `rtsp://[USER:PASS@]HOST:PORT`. */
  readonly rtspUrl: string;
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Which streams are watched; at least one. */
  readonly names: readonly LaneName[];
  /** Size of the camera's pictures as last seen. */
  readonly knownSize: PictureSize | undefined;
  readonly lastPicture: Picture | undefined;
  /** Its time between two pictures, ms; 0 when it is not known. */
  readonly intervalMs: number;
  /** What encoders are known to make, so that a path can be published before one runs. */
  readonly sets: KnownSets;
  readonly coder: () => Coder;
  /** An encoder in reserve of that form, if there is one. */
  readonly takeSpare: (form: Form) => PrimedEncoder | undefined;
  /** Threads for an encoder that starts now. */
  readonly threads: (size: PictureSize) => number;
  /** The slate that tells `reason`, or undefined while it is drawn; `onDrawn` is called when it is. */
  readonly slate: (size: PictureSize, reason: string, onDrawn: () => void) => Uint8Array | undefined;
  readonly events: BroadcastEvents;
}

interface BroadcastEvents {
  readonly picture: (picture: Picture) => void;
  readonly dropped: (name: LaneName) => void;
  readonly held: (name: LaneName) => void;
  readonly sent: (name: LaneName, bytes: number) => void;
  /** An encoder ended by itself. */
  readonly ended: (form: Form, exit: EncoderExit) => void;
}

/** One stream that is watched. */
interface Watched {
  readonly output: Output;
  readonly stop: AbortController;
}

/** With an encoder in reserve a picture this young is shown at once. */
const youngMs = 30_000;
/** How long a first picture is waited for while nothing is known of the camera: the size cannot be changed later. */
const sizePatienceMs = 400;
const fallbackSize: PictureSize = { width: 1280, height: 720 };

export class Broadcast {
  /** Resolves when the paths are free: sessions and camera connection are closed. Never rejects. */
  readonly done: Promise<void>;
  readonly #options: BroadcastOptions;
  readonly #feeder: Feeder;
  readonly #encoding: Encoding;
  readonly #firstPicture = Promise.withResolvers<Picture>();
  readonly #lanes = { main: new Lane("main"), sub: new Lane("sub") };
  readonly #open = new Map<LaneName, Watched>();
  /** Sessions that end while others go on. */
  readonly #closing = new Map<LaneName, Promise<void>>();
  #plan: StreamPlan;
  /** Aborted to have the camera begin again with a new plan. */
  #sourceRun = new AbortController();
  /** Of the camera's pictures, made even. */
  #size: PictureSize | undefined;
  #failed = false;
  #seen = false;
  #cameraTrouble: string | null = null;
  #encoderTrouble: string | null = null;
  #lastSlate: Uint8Array | undefined;

  constructor(options: BroadcastOptions) {
    this.#options = options;
    this.#plan = options.plan;
    const { clock, signal, events, lastPicture, intervalMs } = options;
    this.#feeder = new Feeder({
      clock,
      signal,
      lastPicture,
      intervalMs,
      slate: () => this.#slate(),
      onDropped: ({ name }) => events.dropped(name),
      onHeld: ({ name }) => events.held(name),
      onAgain: ({ name }, unit, fed) => this.#open.get(name)?.output.offer(unit, fed),
    });
    this.#encoding = this.#createEncoding();
    this.#limit();
    this.show(options.names);
    this.done = this.#run();
  }

  /** Resolves when every child process is gone too. */
  async settled(): Promise<void> {
    await this.done;
    await this.#encoding.gone();
  }

  /** Size of a stream's coded picture; null before it is known. */
  size(name: LaneName): PictureSize | null {
    return this.#size === undefined ? null : codedPicture(name, this.#form(this.#size)).size;
  }

  state(name: LaneName): StreamState {
    const watched = this.#open.get(name);
    if (watched === undefined) return this.#closing.has(name) ? "draining" : "idle";
    if (this.#failed) return "failed";
    const { shown } = watched.output;
    if (shown === undefined) return "starting";
    return ({ live: "live", held: "holding", slate: "placeholder" } as const)[shown];
  }

  /** Why it is not live; null when it is, or when there is nothing to say yet. */
  reason(name: LaneName): string | null {
    const state = this.state(name);
    if (state === "live" || state === "idle" || state === "draining") return null;
    if (state === "holding" || state === "placeholder") return this.#silence;
    return this.#encoderTrouble ?? this.#open.get(name)?.output.trouble ?? null;
  }

  /** The newest picture of the camera that an encoder could read. */
  get lastPicture(): Picture | undefined {
    return this.#feeder.lastPicture;
  }

  /** The camera's time between two pictures, ms; 0 while it is not known. */
  get intervalMs(): number {
    return this.#feeder.intervalMs;
  }

  /** Why there is no picture of the camera, in words. */
  get #silence(): string {
    if (this.#cameraTrouble !== null) return this.#cameraTrouble;
    if (!this.#seen) return "waiting for the camera";
    return this.#feeder.isBlind ? "the camera's pictures cannot be decoded" : "the camera sends no pictures";
  }

  joined(name: LaneName): void {
    this.#open.get(name)?.output.joined();
  }

  /** These streams are watched from now on, at least one: others end, and those that stay are not disturbed. */
  show(names: readonly LaneName[]): void {
    for (const [name, watched] of this.#open) if (!names.includes(name)) this.#close(name, watched);
    for (const name of names) if (!this.#open.has(name)) this.#start(name);
    this.#encoding.changed();
  }

  /** Goes over to a new plan of the same camera; a session goes on where its coded picture stays the same. */
  update(plan: StreamPlan): void {
    const old = this.#plan;
    this.#plan = plan;
    this.#limit();
    if (plan.maxFramesPerSecond !== old.maxFramesPerSecond || plan.sourceUrl !== old.sourceUrl) this.#sourceRun.abort();
    this.#encoding.changed();
  }

  /** Another encoder may have been chosen. */
  coderChanged(): void {
    this.#encoding.changed();
  }

  async #run(): Promise<void> {
    const { signal, log } = this.#options;
    try {
      await Promise.all([this.#watchCamera(), this.#encode()]);
    } catch (error) {
      log.error("the stream broke", { error });
    }
    await aborted(signal);
    await Promise.all([...this.#closing.values(), ...Array.from(this.#open.values(), ({ output }) => output.done)]);
  }

  #start(name: LaneName): void {
    const { rtspUrl, clock, log, signal, events, sets } = this.#options;
    const stop = new AbortController();
    const picture = this.#size === undefined ? undefined : this.#formOf([name], this.#size);
    const id = name === "sub" ? `${this.#plan.id}_sub` : this.#plan.id;
    const output = new Output({
      url: `${rtspUrl}/${id}`,
      name: this.#plan.name,
      clock,
      log: log.with({ stream: id }),
      signal: AbortSignal.any([signal, stop.signal]),
      after: this.#closing.get(name),
      onKeyNeeded: () => this.#feeder.requestKey(this.#lanes[name]),
      onSent: (bytes) => events.sent(name, bytes),
    });
    const known = picture?.pictureKeys[0] === undefined ? undefined : sets.get(picture.pictureKeys[0]);
    if (known !== undefined) output.announce(known);
    this.#open.set(name, { output, stop });
  }

  #close(name: LaneName, { output, stop }: Watched): void {
    this.#open.delete(name);
    stop.abort();
    const closed = output.done.finally(() => {
      if (this.#closing.get(name) === closed) this.#closing.delete(name);
    });
    this.#closing.set(name, closed);
  }

  #limit(): void {
    this.#lanes.sub.maxFramesPerSecond = this.#plan.sub?.maxFramesPerSecond ?? Infinity;
  }

  async #watchCamera(): Promise<void> {
    const { clock, log, signal, events, readSource } = this.#options;
    const onDropped = (): void => {
      for (const name of this.#open.keys()) events.dropped(name);
    };
    while (!signal.aborted) {
      this.#sourceRun = new AbortController();
      const { sourceUrl: url, maxFramesPerSecond } = this.#plan;
      await readSource({
        url,
        maxFramesPerSecond,
        clock,
        log,
        signal: AbortSignal.any([signal, this.#sourceRun.signal]),
        onPicture: (picture) => this.#take(picture),
        onDropped,
        onTrouble: (reason) => (this.#cameraTrouble = reason),
      });
    }
  }

  #take(picture: Picture): void {
    this.#cameraTrouble = null;
    this.#seen = true;
    this.#options.events.picture(picture);
    this.#firstPicture.resolve(picture);
    this.#feeder.picture(picture);
  }

  async #encode(): Promise<void> {
    const { clock, signal, knownSize } = this.#options;
    const waited = new AbortController();
    const late = clock.wait(sizePatienceMs, AbortSignal.any([signal, waited.signal])).catch(() => undefined);
    const first = knownSize ?? (await Promise.race([this.#firstPicture.promise, late]))?.size ?? fallbackSize;
    waited.abort();
    this.#size = codedSize(first);
    await this.#encoding.run();
  }

  #createEncoding(): Encoding {
    const { ffmpegPath, clock, log, signal, takeSpare, lastPicture, events } = this.#options;
    return new Encoding({
      ffmpegPath,
      clock,
      log,
      signal,
      feeder: this.#feeder,
      form: () => this.#formOf([...this.#open.keys()].toSorted(), this.#size ?? fallbackSize),
      lane: (name) => this.#lanes[name],
      takeSpare,
      hasYoungPicture: () => lastPicture !== undefined && clock.monotonic() - lastPicture.arrivedMs < youngMs,
      anyJpeg: () => this.#feeder.lastPicture?.jpeg ?? this.#lastSlate,
      onForm: (form, sets) => this.#announce(form, sets),
      onUnit: (name, unit) => this.#came(name, unit),
      onEnded: (form, exit, failed) => {
        this.#encoderTrouble = exit.reason;
        this.#failed = failed;
        events.ended(form, exit);
      },
    });
  }

  #form(size: PictureSize): FormOptions {
    const { coder, threads } = this.#options;
    const { maxFramesPerSecond, sub } = this.#plan;
    return { size, maxFramesPerSecond, sub, coder: coder(), threads };
  }

  #formOf(names: readonly LaneName[], size: PictureSize): Form {
    return formOf(names, this.#form(size));
  }

  /** Publishes what this form is known to make, or is heard to make now. */
  #announce({ names, pictureKeys }: Form, heard: readonly ParameterSets[] | undefined): void {
    const { sets } = this.#options;
    for (const [index, name] of names.entries()) {
      const key = pictureKeys[index] ?? "";
      const own = heard?.[index];
      if (own !== undefined) sets.set(key, own);
      const announced = own ?? sets.get(key);
      if (announced !== undefined) this.#open.get(name)?.output.announce(announced);
    }
  }

  #came(name: LaneName, unit: AccessUnit): void {
    const fed = this.#feeder.came(this.#lanes[name], unit);
    if (fed === undefined) return;
    this.#failed = false;
    this.#encoderTrouble = null;
    this.#open.get(name)?.output.offer(unit, fed);
  }

  #slate(): Uint8Array | undefined {
    const slate = this.#options.slate(this.#size ?? fallbackSize, this.#silence, () => this.#feeder.turn());
    this.#lastSlate = slate ?? this.#lastSlate;
    return this.#lastSlate;
  }
}
