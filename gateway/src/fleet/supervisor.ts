// Keeps one printer's session alive: connect, watch it, wait, connect again. All retrying of
// printers is here and nowhere else.

import { Backoff } from "@gantry/platform/backoff";
import type { PrinterEntry } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { CommandName } from "../model/commands.ts";
import { PrinterError } from "../model/errors.ts";
import type { Family, Session } from "../families/family.ts";
import type { Store } from "./store.ts";

const firstRetryMs = 1000;
const maxRetryMs = 30_000;
/** A link that comes back within this time was never lost: printers drop sockets in mid-print. */
const linkGraceMs = 10_000;

export interface SupervisorOptions {
  readonly entry: PrinterEntry;
  readonly family: Family;
  /** This printer's own folder. */
  readonly dataFolder: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #life = new AbortController();
  readonly #running: Promise<void>;
  #session: Session | undefined;
  /** Why there is no session, as last learnt. */
  #reason = "";
  /** Ends the wait after which a lost link is told. */
  #grace: AbortController | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** The session that works now. */
  get session(): Session | undefined {
    return this.#session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new PrinterError("aborted", "the printer was removed"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { entry, store, clock, log } = this.#options;
    const { signal } = this.#life;
    const backoff = new Backoff({ firstMs: firstRetryMs, maxMs: maxRetryMs });
    while (!signal.aborted) {
      const error = await this.#once(() => backoff.reset());
      if (signal.aborted) break;
      const waitMs = backoff.next(error.retryAfterMs);
      log.warn("no session", { reason: error.message, code: error.code, retryMs: Math.round(waitMs) });
      this.#reason = error.message;
      if (this.#grace === undefined) store.lost(entry.id, this.#reason);
      await clock.wait(waitMs, signal).catch(() => undefined);
    }
    this.#endGrace();
  }

  /** One session from its opening to its end; gives the reason. */
  async #once(onConnected: () => void): Promise<PrinterError> {
    const { entry, family, dataFolder, store, clock, log } = this.#options;
    const { id, connection, camera } = entry;
    const { signal } = this.#life;
    let open: Session | undefined;
    let known: Parameters<Parameters<Family["connect"]>[0]["identify"]> | undefined;
    const identify = (): void => {
      if (known === undefined) return;
      const [identity, has, unavailable = new Map()] = known;
      const handled = new Set(Object.keys(open?.handlers ?? {}) as CommandName[]);
      store.identified(id, { identity, has, unavailable, handled });
    };
    try {
      const session = await family.connect({
        connection,
        cameraUrl: camera?.url,
        signal,
        clock,
        log,
        dataFolder,
        report: (readings) => {
          this.#endGrace();
          store.reported(id, readings);
        },
        identify: (...identity) => {
          known = identity;
          identify();
        },
      });
      await using held = session;
      open = held;
      identify();
      this.#session = session;
      onConnected();
      log.info("connected");
      const error = await Promise.race([session.ended, abortReason(signal)]);
      this.#session = undefined;
      this.#beginGrace();
      return error;
    } catch (error) {
      return PrinterError.from(error);
    } finally {
      this.#session = undefined;
    }
  }

  #beginGrace(): void {
    this.#endGrace();
    const grace = new AbortController();
    this.#grace = grace;
    void this.#tellLost(AbortSignal.any([grace.signal, this.#life.signal]));
  }

  async #tellLost(signal: AbortSignal): Promise<void> {
    const { entry, store, clock } = this.#options;
    try {
      await clock.wait(linkGraceMs, signal);
    } catch {
      return; // the link came back, or the printer was removed
    }
    this.#grace = undefined;
    store.lost(entry.id, this.#reason);
  }

  #endGrace(): void {
    this.#grace?.abort();
    this.#grace = undefined;
  }
}

async function abortReason(signal: AbortSignal): Promise<PrinterError> {
  return new Promise((resolve) => {
    const end = (): void => resolve(PrinterError.from(signal.reason));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
