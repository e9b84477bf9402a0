// What ffmpeg says on stderr (`-loglevel level+warning`): cut into lines, harmless ones left out,
// repeated ones said once a minute, and the last fault put into words. It reads; it decides nothing.
//
//   [swscaler @ 0x55f0d9a59400] [warning] deprecated pixel format used, make sure …
//   [fatal] Unknown encoder 'libx264'

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";

const maxLineBytes = 2000;
const repeatMs = 60_000;
/** Distinct lines remembered; a child that says more than this has no pattern worth remembering. */
const maxRemembered = 64;

/** Said of every full-range source at every start; the range is set on both sides of the filter. */
const harmless = [/deprecated pixel format used/u, /^Last message repeated/u];

/** A picture that could not be decoded, in the words of FFmpeg 5.1 to 9. */
const undecodable = [
  /Error while decoding/u,
  /Error submitting packet to decoder/u,
  /Decoding error/u,
  /error decoding/iu,
  /Invalid data found when processing input/u,
];

/** ffmpeg's words → what to do about them. */
const words: readonly (readonly [RegExp, string])[] = [
  [/Unknown encoder 'libx264'/u, "this ffmpeg has no libx264; install one built with it"],
  [/Unrecognized option '([^']*)'/u, "this ffmpeg is older than 5.1; install a newer one"],
  [/Cannot allocate memory/u, "ffmpeg has no memory left"],
];

export class StderrReader {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #said = new Map<string, number>();
  #rest = "";
  #fault: string | null = null;
  #undecodable = 0;

  constructor(options: { readonly log: Log; readonly clock: Clock }) {
    this.#log = options.log;
    this.#clock = options.clock;
  }

  /** The last error line, in words; null while there was none. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Pictures ffmpeg complained about so far. */
  get undecodable(): number {
    return this.#undecodable;
  }

  /** Takes any piece of text. */
  push(chunk: string): void {
    const lines = (this.#rest + chunk).split(/[\r\n]+/u);
    this.#rest = (lines.pop() ?? "").slice(0, maxLineBytes);
    for (const line of lines) if (line !== "") this.#line(line.slice(0, maxLineBytes));
  }

  #line(line: string): void {
    const [, level = "error", message = line] = /\[(warning|error|fatal|panic)\] (.*)$/u.exec(line) ?? [];
    if (harmless.some((pattern) => pattern.test(message))) return;
    if (undecodable.some((pattern) => pattern.test(message))) this.#undecodable += 1;
    if (level !== "warning") this.#fault = inWords(message);
    if (this.#isRepeated(message)) return;
    if (level === "warning") this.#log.debug(`ffmpeg: ${message}`);
    else this.#log.warn(`ffmpeg: ${message}`);
  }

  /** Whether the same line, numbers apart, was said less than a minute ago. */
  #isRepeated(message: string): boolean {
    const key = message.replaceAll(/0x[0-9a-f]+|\d+/gu, "#");
    const now = this.#clock.monotonic();
    const last = this.#said.get(key);
    if (last !== undefined && now - last < repeatMs) return true;
    if (this.#said.size >= maxRemembered) this.#said.clear();
    this.#said.set(key, now);
    return false;
  }
}

function inWords(message: string): string {
  return words.find(([pattern]) => pattern.test(message))?.[1] ?? `ffmpeg: ${message}`;
}
