// `${NAME}` in the inventory's texts, and the files that secrets are read from. Which keys are
// secret is the schema's matter (./connection.ts).

import { readText, UnreadableError } from "./read-text.ts";
import { pathKey, type Faults, type Path } from "./problems.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Longest secret file, bytes. */
const maxSecretBytes = 64 * 1024;

/** Files read for one inventory: each once, all remembered for the watch. */
export class SecretFiles {
  readonly #read = new Map<string, Promise<string | UnreadableError>>();

  /**
   * The text of a file without the line end after it.
   * @throws UnreadableError
   */
  async read(file: string): Promise<string> {
    const pending = this.#read.get(file) ?? readText(file, maxSecretBytes).catch((error: UnreadableError) => error);
    this.#read.set(file, pending);
    const text = await pending;
    if (text instanceof UnreadableError) throw text;
    return text.replace(/[\r\n]+$/u, "");
  }

  /** Every file asked for, with what it held or why it could not be read. */
  async contents(): Promise<ReadonlyMap<string, string>> {
    const entries = [...this.#read].map(async ([file, pending]) => [file, String(await pending)] as const);
    return new Map(await Promise.all(entries));
  }
}

export interface ReferenceOptions {
  readonly env: Environment;
  readonly files: SecretFiles;
  readonly faults: Faults;
  /** True for what must stay as it stands, with everything in it. */
  readonly opaque: (path: Path) => boolean;
}

/** Texts that came out of the environment, by the path (pathKey) they went into. */
export type Drawn = Map<string, readonly string[]>;

/** Replaces the references in every text of `tree`, in place; unset ones become faults. */
export async function resolveReferences(tree: unknown, options: ReferenceOptions): Promise<Drawn> {
  const drawn: Drawn = new Map();
  const visit = async (value: unknown, path: Path): Promise<unknown> => {
    if (options.opaque(path)) return value;
    if (typeof value === "string") return value.includes("$") ? expand(value, path, drawn, options) : value;
    if (typeof value !== "object" || value === null) return value;
    const holder = value as Record<string | number, unknown>;
    const steps = Array.isArray(value) ? value.keys() : Object.keys(value);
    for (const step of steps) holder[step] = await visit(holder[step], [...path, step]);
    return value;
  };
  await visit(tree, []);
  return drawn;
}

async function expand(text: string, path: Path, drawn: Drawn, options: ReferenceOptions): Promise<string> {
  const values: string[] = [];
  let result = "";
  let end = 0;
  for (const match of text.matchAll(/\$(?:\$|\{([^}]*)(\})?)/gu)) {
    result += text.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[1] === undefined) result += "$";
    else {
      const value = await reference(match[2] === undefined ? "" : match[1], path, options);
      if (value.secret) values.push(value.text);
      result += value.text;
    }
  }
  if (result + text.slice(end) !== text || values.length > 0) drawn.set(pathKey(path), values);
  return result + text.slice(end);
}

async function reference(
  inner: string,
  path: Path,
  options: ReferenceOptions,
): Promise<{ text: string; secret: boolean }> {
  const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/su.exec(inner);
  const name = parts?.[1];
  let fault = "a reference is written ${NAME} or ${NAME:-default}, and a plain ${ is written $${";
  if (name !== undefined) {
    try {
      const value = await variable(name, options);
      if (value !== undefined) return { text: value, secret: true };
      if (parts?.[2] !== undefined) return { text: parts[2], secret: false };
      fault = `the environment variable ${name} is not set, nor is ${name}_FILE`;
    } catch (error) {
      fault = (error as Error).message;
    }
  }
  options.faults.atValue(path, fault);
  options.faults.settle(path);
  return { text: "", secret: false };
}

/** NAME, or the text of the file that NAME_FILE names. Empty counts as unset, as in a shell's `:-`. */
async function variable(name: string, { env, files }: ReferenceOptions): Promise<string | undefined> {
  const [value, file] = [name, `${name}_FILE`].map((key) => (Object.hasOwn(env, key) ? env[key] : undefined));
  const hasValue = value !== undefined && value !== "";
  if (file === undefined || file === "") return hasValue ? value : undefined;
  if (hasValue) throw new Error(`the environment variables ${name} and ${name}_FILE are both set; keep one`);
  try {
    return await files.read(file);
  } catch (error) {
    throw new Error(`the file named by ${name}_FILE ${(error as Error).message}`, { cause: error });
  }
}
