// Waiting for something to become true: bounded, and telling what never happened.

import { setTimeout as wait } from "node:timers/promises";

/**
 * Asks again and again until the answer is neither undefined nor false; gives that answer.
 * @throws Error naming `what` after `limitMs`
 */
export async function until<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  limitMs = 30_000,
): Promise<Exclude<Answer, undefined | false>> {
  const deadline = performance.now() + limitMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer as Exclude<Answer, undefined | false>;
      last = answer;
    } catch (error) {
      last = error;
    }
    await wait(50);
  }
  throw new Error(`it never happened within ${limitMs} ms: ${what}`, { cause: last });
}
