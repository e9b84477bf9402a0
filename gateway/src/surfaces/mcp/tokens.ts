// Confirmation tokens: random, for one purpose, for a minute, for one use.

import { randomBytes } from "node:crypto";
import type { Clock } from "@gantry/platform/clock";
import type { Tokens } from "./tool.ts";

export const tokenSeconds = 60;
const maxTokens = 100;

/** The tokens of one session. */
export function createTokens(clock: Clock): Tokens {
  const issued = new Map<string, { purpose: string; untilMs: number }>();
  return {
    issue: (purpose) => {
      const token = randomBytes(16).toString("base64url");
      issued.set(token, { purpose, untilMs: clock.monotonic() + tokenSeconds * 1000 });
      const [oldest] = issued.keys();
      if (issued.size > maxTokens && oldest !== undefined) issued.delete(oldest);
      return token;
    },
    redeem: (token, purpose) => {
      const found = issued.get(token);
      issued.delete(token);
      return found !== undefined && found.purpose === purpose && clock.monotonic() < found.untilMs;
    },
  };
}
