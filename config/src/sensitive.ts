// Which values of an inventory must not be shown: secret keys, texts drawn from the environment,
// passwords within URLs. Masking them is ./secrets.ts.

import { pathKey, type Path } from "./problems.ts";
import type { Drawn } from "./references.ts";

/** True for values that no fault may quote. */
export function hiddenWords(secretKeys: ReadonlySet<string>, drawn: Drawn): (path: Path, value: unknown) => boolean {
  return (path, value) =>
    path.some((step) => secretKeys.has(String(step))) ||
    drawn.has(pathKey(path)) ||
    // A URL, right or wrong, that may carry a password.
    (typeof value === "string" && value.includes("@"));
}

/** Every value to be masked in logs, after the tree has been checked. */
export function* secretsWithin(
  value: unknown,
  secretKeys: ReadonlySet<string>,
  drawn: Drawn,
  path: Path = [],
): Generator<string> {
  if (typeof value === "string") {
    // A text that became a number or a boolean is none: masking every `true` would ruin the log.
    yield* drawn.get(pathKey(path)) ?? [];
    yield* urlPasswords(value);
    if (secretKeys.has(String(path.at(-1)))) yield value;
  }
  if (typeof value !== "object" || value === null) return;
  const steps = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const step of steps) {
    yield* secretsWithin((value as Record<string | number, unknown>)[step], secretKeys, drawn, [...path, step]);
  }
}

function urlPasswords(text: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s:]*:([^/?#\s]+)@/iu.exec(text)?.[1];
  if (password === undefined || password.startsWith("${")) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    // A lone % is no encoding; the password is what it says.
    return [password];
  }
}
