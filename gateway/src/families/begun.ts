// The first step of a session: what fails to begin is closed before its reason goes on.

import type { Session } from "./family.ts";

interface Beginning extends Session {
  /** Resolves when the session has read its first status. */
  begin(): Promise<void>;
}

/**
 * The session, once it has begun.
 * @throws what `begin` throws, or the signal's reason when it aborted; the session is closed by then
 */
export async function begun<Begun extends Beginning>(session: Begun, signal: AbortSignal): Promise<Begun> {
  try {
    await session.begin();
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    signal.throwIfAborted();
    // A connection that broke meanwhile says why better than whoever waited on it.
    throw error;
  }
}
