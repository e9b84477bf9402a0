// Secret values: where they come from is ./references.ts and ./connection.ts; here they are only
// remembered, so that the log can mask them.

export interface Secrets {
  /** Masks this value from now on. Values shorter than 4 characters are not masked. */
  add(value: string): void;
  /** The text with every known secret replaced by `[secret]`. */
  redact(text: string): string;
}

const mask = "[secret]";
const shortest = 4;

export function createSecrets(): Secrets {
  const forms = new Set<string>();
  let pattern: RegExp | undefined;
  return {
    add: (value) => {
      const before = forms.size;
      for (const form of spellings(value)) if (form.length >= shortest) forms.add(form);
      if (forms.size !== before) pattern = anyOf(forms);
    },
    redact: (text) => (pattern === undefined ? text : text.replaceAll(pattern, mask)),
  };
}

/** The value as it stands, in JSON, in JSON within JSON, and in URLs. */
function spellings(value: string): string[] {
  if (value.length < shortest) return [];
  const inJson = JSON.stringify(value).slice(1, -1);
  const inUrl = percentEncoded(value);
  const inForm = new URLSearchParams([["", value]]).toString().slice(1);
  return [value, inJson, JSON.stringify(inJson).slice(1, -1), inUrl, lowerHex(inUrl), inForm, lowerHex(inForm)];
}

/** A lone half of a surrogate pair cannot be encoded; it is replaced, as URLs do. */
function percentEncoded(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

function lowerHex(encoded: string): string {
  return encoded.replaceAll(/%[0-9A-F]{2}/gu, (byte) => byte.toLowerCase());
}

/** Longest first, so that a secret inside another does not leave the rest of it readable. */
function anyOf(forms: ReadonlySet<string>): RegExp {
  const longestFirst = [...forms].toSorted((a, b) => b.length - a.length);
  // No `u` flag: a pattern of code units also finds half a surrogate pair.
  return new RegExp(longestFirst.map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&")).join("|"), "g");
}
