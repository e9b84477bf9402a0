// Who may have what is kept of a camera: the same credentials that open the camera itself, held against
// what a request shows. Without the inventory's `access` everybody may.

import type { IncomingMessage } from "node:http";
import { bridgeKey, type AccessSettings } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import { GuessLimit } from "@gantry/platform/guess-limit";
import type { Log } from "@gantry/platform/log";
import { isSame, presentedBy, type Presented } from "@gantry/platform/presented";

/** What a request that is turned away learns it should send. */
export const challenge = 'Basic realm="Gantry cameras", charset="UTF-8"';

export type Admission =
  | { readonly isAdmitted: true; readonly sees: (printer: string) => boolean }
  | { readonly isAdmitted: false; readonly code: "unauthorized" | "rate_limited"; readonly words: string };

interface VisitorsOptions {
  readonly access: () => AccessSettings | null;
  readonly clock: Clock;
  readonly log: Log;
}

export class Visitors {
  readonly #options: VisitorsOptions;
  readonly #guesses: GuessLimit;

  constructor(options: VisitorsOptions) {
    this.#options = options;
    this.#guesses = new GuessLimit(options.clock);
  }

  admit(request: Pick<IncomingMessage, "headers" | "url"> & { readonly address: string }): Admission {
    const access = this.#options.access();
    if (access === null) return { isAdmitted: true, sees: () => true };
    const shown = presentedBy(request);
    if (shown === undefined) return refused("This asks for the user and password, or a token, of the cameras.");
    // Tokens are too long to guess, so a guesser holds up no program that has one.
    const sees = seenByToken(access, shown);
    if (sees !== undefined) return { isAdmitted: true, sees };
    return this.#byLogin(access, shown, request.address);
  }

  #byLogin({ cameras }: AccessSettings, shown: Presented, address: string): Admission {
    const guess = JSON.stringify([shown.user ?? null, shown.secret]);
    const isKnown = this.#guesses.isKnown(address, guess);
    if (!isKnown && this.#guesses.waitMs(address) > 0) {
      return { isAdmitted: false, code: "rate_limited", words: "Too many wrong credentials came from here." };
    }
    const [isUser, isPassword] = [
      isSame(shown.user ?? "", cameras?.username ?? ""),
      isSame(shown.secret, cameras?.password ?? ""),
    ];
    if (cameras !== undefined && isUser && isPassword) return { isAdmitted: true, sees: () => true };
    if (!isKnown && this.#guesses.wrong(address, guess)) {
      const { log } = this.#options;
      log.warn("a wrong credential was shown for recordings; more of them from there are not told", { address });
    }
    return refused("This takes another user and password, or token; the block access of the inventory says which.");
  }
}

/** Which printers a token is good for; undefined where it is none. The gateway's key is good for all. */
function seenByToken(access: AccessSettings, { user, secret }: Presented): ((printer: string) => boolean) | undefined {
  if (user === undefined && isSame(secret, bridgeKey(access))) return () => true;
  const found = access.tokens.find(({ name, token }) => isSame(secret, token) && (user === undefined || user === name));
  return found === undefined ? undefined : (printer) => found.printers?.includes(printer) !== false;
}

function refused(words: string): Admission {
  return { isAdmitted: false, code: "unauthorized", words };
}
