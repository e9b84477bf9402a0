// One secret of a `connection` block whose family is not known here: the bridge leaves these blocks as
// they stand, and needs one password of one printer when somebody watches its video.

import { dirname, resolve } from "node:path";
import { resolveText, SecretFiles } from "./references.ts";
import { isObject } from "./schema-keys.ts";

export interface ConnectionSecretOptions {
  /** The inventory; relative paths start at its folder. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The text of `key`, or of the file that `key_file` names, with its references replaced.
 * @throws Error in words, without the secret, when it is not there or cannot be read
 */
export async function connectionSecret(
  connection: unknown,
  key: string,
  { file, env }: ConnectionSecretOptions,
): Promise<string> {
  const block = isObject(connection) ? connection : {};
  const files = new SecretFiles();
  const text = async (name: string): Promise<string | undefined> => {
    const value: unknown = Object.hasOwn(block, name) ? block[name] : undefined;
    return typeof value === "string" ? resolveText(value, { env, files }) : undefined;
  };
  const plain = await text(key);
  if (plain !== undefined) return plain;
  const named = await text(`${key}_file`);
  if (named === undefined) throw new Error(`connection.${key} is not in the inventory`);
  try {
    return await files.read(resolve(dirname(file), named));
  } catch (error) {
    throw new Error(`the file of connection.${key}_file ${(error as Error).message}`, { cause: error });
  }
}
