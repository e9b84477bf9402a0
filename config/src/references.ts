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
  /** True for what stays as it stands when a variable in it is not set. */
  readonly lenient?: (path: Path) => boolean;
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

/**
 * One text outside of a checked file, its references replaced.
 * @throws Error in words for a variable that is not set, or a file that cannot be read
 */
export async function resolveText(
  text: string,
  { env, files }: Pick<ReferenceOptions, "env" | "files">,
): Promise<string> {
  let result = "";
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const { value, fault } = await lookUp(match, { env, files });
    if (value === undefined) throw new Error(fault);
    result += text.slice(end, match.index) + value.text;
    end = match.index + match[0].length;
  }
  return result + text.slice(end);
}

async function expand(text: string, path: Path, drawn: Drawn, options: ReferenceOptions): Promise<string> {
  const values: string[] = [];
  let result = "";
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const { value, fault } = await lookUp(match, options);
    if (value === undefined && options.lenient?.(path) === true) return text;
    if (value === undefined) {
      options.faults.atValue(path, fault);
      options.faults.settle(path);
    }
    if (value?.secret === true) values.push(value.text);
    result += text.slice(end, match.index) + (value?.text ?? "");
    end = match.index + match[0].length;
  }
  if (result + text.slice(end) !== text || values.length > 0) drawn.set(pathKey(path), values);
  return result + text.slice(end);
}

const pattern = /\$(?:\$|\{([^}]*)(\})?)/gu;

interface Found {
  /** Undefined: there is none, for the reason in `fault`. */
  readonly value: { readonly text: string; readonly secret: boolean } | undefined;
  readonly fault: string;
}

/** What stands for one match of the pattern. */
async function lookUp(
  [, inner, close]: RegExpExecArray,
  options: Pick<ReferenceOptions, "env" | "files">,
): Promise<Found> {
  if (inner === undefined) return { value: { text: "$", secret: false }, fault: "" };
  const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/su.exec(close === undefined ? "" : inner);
  const name = parts?.[1];
  if (name === undefined) {
    const fault = "a reference is written ${NAME} or ${NAME:-default}, and a plain ${ is written $${";
    return { value: undefined, fault };
  }
  try {
    const value = await variable(name, options);
    if (value !== undefined) return { value: { text: value, secret: true }, fault: "" };
    if (parts?.[2] !== undefined) return { value: { text: parts[2], secret: false }, fault: "" };
    return { value: undefined, fault: `the environment variable ${name} is not set, nor is ${name}_FILE` };
  } catch (error) {
    return { value: undefined, fault: (error as Error).message };
  }
}

/** NAME, or the text of the file that NAME_FILE names. Empty counts as unset, as in a shell's `:-`. */
async function variable(
  name: string,
  { env, files }: Pick<ReferenceOptions, "env" | "files">,
): Promise<string | undefined> {
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
