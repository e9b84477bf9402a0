// The push socket as a stream of messages: passive login, subscription, keep-alive. It ends with the
// socket and never opens another. Facts: OctoPrint's push manual and sockjs.py; the order in which
// the three messages go matters.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { PrinterError } from "../../model/errors.ts";
import { decodePush, text, type PushMessage } from "./codec.ts";
import { openPush, type Push } from "./push.ts";
import type { Rest } from "./rest.ts";

const pingMs = 20_000;
const silenceMs = 45_000;
/** One `current` message in so many half seconds. */
const throttle = 2;

export interface SubscriptionOptions {
  readonly rest: Rest;
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Messages from a login until the socket ends, which always throws.
 * @throws PrinterError; the signal's reason when it aborts
 */
export async function* pushMessages(options: SubscriptionOptions): AsyncGenerator<PushMessage, never> {
  const { rest, url, clock, log, signal } = options;
  const login = await rest.post("/api/login", { passive: true }, { signal });
  const [name, session] = [text(login["name"]), text(login["session"])];
  if (name === null || session === null) throw new PrinterError("printer_auth", "the API key opens no push socket");
  const push = await openPush(url, clock, signal);
  const over = new AbortController();
  const alive = keepAlive(push, clock, AbortSignal.any([signal, over.signal]));
  try {
    for await (const frame of push.frames) {
      const message = decoded(frame, log);
      if (message.kind === "connected") subscribe(push, `${name}:${session}`);
      if (message.kind === "reauth") throw new PrinterError("unreachable", "OctoPrint wants a new login");
      yield message;
    }
    signal.throwIfAborted();
    throw new PrinterError("unreachable", "OctoPrint closed the push socket");
  } finally {
    over.abort();
    await alive;
  }
}

/** One key a message: the server looks for `auth` first and for nothing beside it. */
function subscribe(push: Push, token: string): void {
  push.send({ subscribe: { state: { logs: false, messages: false }, events: true, plugins: false } });
  push.send({ throttle });
  push.send({ auth: token });
}

/** Closes the socket when it is silent for too long or no longer wanted. Never rejects. */
async function keepAlive(push: Push, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    while (clock.monotonic() - push.heardMs < silenceMs) {
      await clock.wait(pingMs, signal);
      push.ping();
    }
  } catch {
    // Nobody wants it any more.
  }
  await push.close();
}

function decoded(frame: string, log: Log): PushMessage {
  try {
    return decodePush(frame);
  } catch (error) {
    log.debug("a push that does not decode", { error });
    return { kind: "other" };
  }
}
