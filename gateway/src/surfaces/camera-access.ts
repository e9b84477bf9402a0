// Who may look through a camera: credentials of the inventory's `access` block, held against what
// a request shows. Without the block everybody may. A right that is taken away ends what is being
// watched with it.

import type { IncomingMessage } from "node:http";
import { bridgeKey, type AccessSettings } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import { GuessLimit } from "@gantry/platform/guess-limit";
import type { Log } from "@gantry/platform/log";
import { isSame, presentedBy, type Presented } from "@gantry/platform/presented";
import { PrinterError } from "../model/errors.ts";

/** The part of a request that is looked at. */
export interface Asker extends Pick<IncomingMessage, "headers" | "url"> {
  /** Where it came from; guesses are counted by it. */
  readonly address: string;
}

/** The inventory's `access`, as it is at the moment. */
export interface AccessSource {
  readonly current: () => AccessSettings | null;
  readonly onChange: (listener: () => void) => Disposable;
}

/** No `access` block, ever. */
export const openToAll: AccessSource = {
  current: () => null,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};

interface CameraAccessOptions {
  readonly source: AccessSource;
  readonly clock: Clock;
  readonly log: Log;
}

/** A right to look at one camera. Dispose says that the looking is over. */
export interface Admission extends Disposable {
  /** Aborts, with PrinterError `unauthorized`, when the right is taken away. */
  readonly signal: AbortSignal;
}

/** What a request that is turned away learns it should send. */
export const challenge = 'Basic realm="Gantry cameras", charset="UTF-8"';

/** The bridge reads the inventory on its own: for so long its key of before counts too, ms. */
const oldKeyMs = 60_000;
const bridgeName = "rtsp-bridge";

interface Looking {
  readonly printer: string;
  readonly shown: Presented | undefined;
  readonly end: AbortController;
}

export class CameraAccess implements Disposable {
  readonly #options: CameraAccessOptions;
  readonly #guesses: GuessLimit;
  readonly #looking = new Set<Looking>();
  readonly #changes: Disposable;
  #before: AccessSettings | null;
  #oldKey: { readonly key: string; readonly untilMs: number } | undefined;

  constructor(options: CameraAccessOptions) {
    this.#options = options;
    this.#guesses = new GuessLimit(options.clock);
    this.#before = options.source.current();
    this.#changes = options.source.onChange(() => this.#changed());
  }

  /**
   * @throws PrinterError `unauthorized` without a good credential, `forbidden` with one that is good
   *   for other cameras only, `rate_limited` for who has shown too many wrong ones
   */
  admit(asker: Asker, printer: string): Admission {
    const access = this.#options.source.current();
    const shown = presentedBy(asker);
    if (access !== null) this.#check(access, shown, asker.address, printer);
    const looking = { printer, shown, end: new AbortController() };
    this.#looking.add(looking);
    return { signal: looking.end.signal, [Symbol.dispose]: () => void this.#looking.delete(looking) };
  }

  [Symbol.dispose](): void {
    this.#changes[Symbol.dispose]();
  }

  #check(access: AccessSettings, shown: Presented | undefined, address: string, printer: string): void {
    if (shown === undefined) throw unauthorized(printer, "this camera asks for a user and password, or a token");
    // Tokens are too long to guess, so a guesser holds up no program that has one.
    const name = this.#tokenOf(access, shown, printer) ?? this.#loginOf(access, shown, address, printer);
    if (name === undefined) throw this.#wrong(shown, address, printer);
    this.#options.log.debug("a camera is opened", { printer, credential: name, address });
  }

  /** Whose token it is, or undefined where it is none. */
  #tokenOf(access: AccessSettings, shown: Presented, printer: string): string | undefined {
    if (this.#isBridge(access, shown)) return bridgeName;
    const token = access.tokens.find(
      ({ name, token: secret }) => isSame(shown.secret, secret) && (shown.user === undefined || shown.user === name),
    );
    if (token?.printers?.includes(printer) === false) {
      throw new PrinterError("forbidden", `the token ${token.name} is for other cameras`, { printer });
    }
    return token?.name;
  }

  #loginOf({ cameras }: AccessSettings, shown: Presented, address: string, printer: string): string | undefined {
    const retryAfterMs = this.#guesses.waitMs(address);
    if (retryAfterMs > 0 && !this.#guesses.isKnown(address, asText(shown))) {
      throw new PrinterError("rate_limited", "too many wrong credentials came from here", { retryAfterMs, printer });
    }
    if (cameras === undefined || shown.user === undefined) return undefined;
    const [isUser, isPassword] = [isSame(shown.user, cameras.username), isSame(shown.secret, cameras.password)];
    return isUser && isPassword ? cameras.username : undefined;
  }

  #isBridge(access: AccessSettings, { user, secret }: Presented): boolean {
    if (user !== undefined) return false;
    if (isSame(secret, bridgeKey(access))) return true;
    const old = this.#oldKey;
    return old !== undefined && this.#options.clock.monotonic() < old.untilMs && isSame(secret, old.key);
  }

  #wrong(shown: Presented, address: string, printer: string): PrinterError {
    const { log } = this.#options;
    if (!this.#guesses.isKnown(address, asText(shown)) && this.#guesses.wrong(address, asText(shown))) {
      log.warn("a wrong credential was shown for a camera; more of them from there are not told", { printer, address });
    }
    return unauthorized(printer, "this camera takes another user and password, or token");
  }

  #changed(): void {
    const { source, clock, log } = this.#options;
    const access = source.current();
    if (this.#before !== null && this.#before !== access) {
      this.#oldKey = { key: bridgeKey(this.#before), untilMs: clock.monotonic() + oldKeyMs };
    }
    const before = this.#before;
    this.#before = access;
    if (access === null) return;
    for (const { printer, shown, end } of this.#looking) {
      if (this.#isStillGood(access, before, shown, printer)) continue;
      log.info("a camera is closed to a viewer whose credential is gone", { printer });
      end.abort(unauthorized(printer, "the credential was revoked"));
    }
  }

  #isStillGood(
    access: AccessSettings,
    before: AccessSettings | null,
    shown: Presented | undefined,
    printer: string,
  ): boolean {
    if (shown === undefined) return false;
    // The bridge has its own look at the inventory, and its viewers must not be disturbed by it.
    if (this.#isBridge(access, shown) || (before !== null && this.#isBridge(before, shown))) return true;
    const { cameras, tokens } = access;
    const isLogin = shown.user === cameras?.username && isSame(shown.secret, cameras?.password ?? "");
    return (
      isLogin ||
      tokens.some(({ token, printers }) => isSame(shown.secret, token) && printers?.includes(printer) !== false)
    );
  }
}

function asText({ user, secret }: Presented): string {
  return JSON.stringify([user ?? null, secret]);
}

function unauthorized(printer: string, words: string): PrinterError {
  return new PrinterError("unauthorized", `${words}; the block access of the inventory says which`, { printer });
}
