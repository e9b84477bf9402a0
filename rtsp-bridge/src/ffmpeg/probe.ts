// Which encoder works here. That ffmpeg lists one proves nothing, so pictures are encoded: with the
// very words and the very process that a stream uses, one after the other, each waited for. What came
// out is kept for as long as the bridge runs.

import { existsSync, readdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { EncoderName } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import { silentLog, type Log } from "@gantry/platform/log";
import { encoderArguments } from "./args.ts";
import { software, type Coder, type CoderKind } from "./coders.ts";
import type { AccessUnit } from "./flv.ts";
import { startEncoder, type Encoder } from "./process.ts";

export interface ProbeOptions {
  readonly ffmpegPath: string;
  /** A picture to encode. */
  readonly jpeg: () => Promise<Uint8Array>;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether there is a device at all that this kind could use. Default: looks into /dev. */
  readonly hasDevice?: (coder: Coder) => boolean;
  /** One kind is given up after so long, ms. */
  readonly limitMs?: number;
}

type DeviceKind = Exclude<CoderKind, "x264">;

/** The one on a graphics card of its own first; the vendor's own way before the common one. */
const order = ["nvenc", "qsv", "vaapi", "v4l2m2m"] as const satisfies readonly DeviceKind[];
const outputs = [
  { size: { width: 1280, height: 720 }, framesPerSecond: 15 },
  { size: { width: 640, height: 360 }, framesPerSecond: 5 },
] as const;
/** The first is a key picture by itself; then one that is not, and one that is asked to be. */
const asked = ["key", "plain", "key"] as const;
const stepMs = 66;
const limitMs = 5000;

export class Probe {
  readonly #options: ProbeOptions;
  /** Why it cannot be used, or null, by kind and device. */
  readonly #known = new Map<string, Promise<string | null>>();

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /** The encoder for what the inventory asks for; x264 where no device works. Never rejects. */
  async choose(wanted: EncoderName, device: string): Promise<Coder> {
    if (wanted === "x264") return software;
    const kinds = wanted === "auto" ? order : [wanted];
    for (const kind of kinds) {
      const coder = { kind, device };
      if ((await this.#fault(coder, wanted !== "auto")) === null) return coder;
    }
    return software;
  }

  /** Tried once, and told once. */
  async #fault(coder: Coder, isNamed: boolean): Promise<string | null> {
    const key = `${coder.kind} ${coder.device}`;
    const known = this.#known.get(key) ?? this.#try(coder, isNamed);
    this.#known.set(key, known);
    return known;
  }

  async #try(coder: Coder, isNamed: boolean): Promise<string | null> {
    const { log, hasDevice = isThere } = this.#options;
    const { kind } = coder;
    const fault = hasDevice(coder) ? await this.#encode(coder) : "there is no device for it";
    if (fault === null) log.info(`${kind} encodes: the device was tried and works`, { encoder: kind });
    else if (isNamed) log.warn(`${kind} cannot be used, x264 encodes: ${fault}`, { encoder: kind });
    else log.info(`${kind} cannot be used: ${fault}`, { encoder: kind });
    return fault;
  }

  /** Why pictures do not come out as they must, in words; null when they do. */
  async #encode(coder: Coder): Promise<string | null> {
    const { ffmpegPath, clock, jpeg } = this.#options;
    const stop = new AbortController();
    const units: AccessUnit[][] = outputs.map(() => []);
    let came = Promise.withResolvers<"came">();
    const encoder = startEncoder({
      args: encoderArguments({ outputs, coder, threads: 1 }),
      outputs: outputs.length,
      size: outputs[0].size,
      framesPerSecond: outputs[0].framesPerSecond,
      ffmpegPath,
      clock,
      log: silentLog,
      signal: stop.signal,
      onAccessUnit: (unit, output) => {
        units[output]?.push(unit);
        came.resolve("came");
        came = Promise.withResolvers();
      },
      onReady: () => undefined,
    });
    try {
      const late = wait(this.#options.limitMs ?? limitMs, "late" as const, { signal: stop.signal }).catch(
        () => "late" as const, // aborted: nobody waits any more
      );
      const fault = await this.#feedAll(encoder, await jpeg(), async (count) => {
        while (units.some((own) => own.length < count)) {
          const event = await Promise.race([came.promise, encoder.exited, late]);
          if (event === "late") return "it took too long";
          if (event !== "came") return event.reason;
        }
        return null;
      });
      return fault ?? wrongKeys(units);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      stop.abort();
      await encoder.exited;
    }
  }

  async #feedAll(
    encoder: Encoder,
    jpeg: Uint8Array,
    answered: (count: number) => Promise<string | null>,
  ): Promise<string | null> {
    for (const [index, take] of asked.entries()) {
      encoder.feed(
        jpeg,
        index * stepMs,
        outputs.map(() => take),
      );
      const fault = await answered(index + 1);
      if (fault !== null) return fault;
    }
    return null;
  }
}

function wrongKeys(units: readonly (readonly AccessUnit[])[]): string | null {
  const isRight = units.every((own) => asked.every((take, index) => (own[index]?.key === true) === (take === "key")));
  return isRight ? null : "it does not make key pictures when it is asked to";
}

function isThere({ kind, device }: Coder): boolean {
  if (kind === "nvenc") return existsSync("/dev/nvidiactl");
  if (kind === "v4l2m2m") return listDevices().some((name) => /^video\d+$/u.test(name));
  return existsSync(device);
}

function listDevices(): string[] {
  try {
    return readdirSync("/dev");
  } catch {
    // Without it there is no device either.
    return [];
  }
}
