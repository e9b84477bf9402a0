// `main.ts login FAMILY --file FILE`: asks what the family's log-in wants to know and writes the token
// it gives into a file that only its owner can read. Wiring and text; the log-in is the family's.

import { rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Clock } from "@gantry/platform/clock";
import type { Families, Family } from "./families/family.ts";
import { openPrompt } from "./login-prompt.ts";
import { PrinterError } from "./model/errors.ts";

interface Output {
  write(text: string): unknown;
}

export interface LoginCommand {
  readonly families: Families;
  /** After the verb. */
  readonly args: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Output;
  readonly stderr: NodeJS.WriteStream;
}

/** Returns the exit code: 0 done, 1 the log-in failed, 2 for a wrong command line. */
export async function runLogin(command: LoginCommand): Promise<number> {
  const { families, args, clock, signal, stdin, stdout, stderr } = command;
  const [id = "", ...words] = args;
  const family = Object.hasOwn(families, id) ? families[id] : undefined;
  const settings = readOptions(words);
  const { file, ...others } = settings ?? {};
  if (family?.login === undefined || file === undefined) {
    const legal = Object.entries(families).flatMap(([name, one]) => ("login" in one ? [name] : []));
    stderr.write(`usage: login FAMILY --file FILE [--OPTION VALUE …]; families: ${legal.join(", ")}\n`);
    return 2;
  }
  using prompt = openPrompt(stdin, stderr, signal);
  const tell = (text: string): void => void stderr.write(`${text}\n`);
  try {
    const token = await family.login({ settings: others, ask: prompt.ask, tell, clock, signal });
    await keep(file, token);
  } catch (error) {
    if (signal.aborted) throw error;
    const { code, message } = PrinterError.from(error);
    stderr.write(`${message}\n`);
    return code === "invalid_input" ? 2 : 1;
  }
  stdout.write(nextStep(family, resolve(file)));
  return 0;
}

function nextStep({ loginKey }: Family, file: string): string {
  const key = loginKey ?? "token_file";
  return `Logged in. The token is in ${file}. Name it in the \`connection\` of the printers: ${key}: ${file}\n`;
}

/** `--web-url X` → `web_url: "X"`; undefined for what is not of that form. */
function readOptions(words: readonly string[]): Record<string, string> | undefined {
  const options: Record<string, string> = {};
  for (let at = 0; at < words.length; at += 2) {
    const [name = "", value] = words.slice(at, at + 2);
    if (!/^--[a-z][a-z-]*$/u.test(name) || value === undefined) return undefined;
    options[name.slice(2).replaceAll("-", "_")] = value;
  }
  return options;
}

/** Half a token is never in the file. @throws PrinterError `internal` when it cannot be written */
async function keep(file: string, token: string): Promise<void> {
  try {
    await rm(`${file}.new`, { force: true });
    await writeFile(`${file}.new`, `${token}\n`, { mode: 0o600, flag: "wx" });
    await rename(`${file}.new`, file);
  } catch (error) {
    const { message } = error as Error;
    throw new PrinterError("internal", `the token cannot be written: ${message}`, { cause: error });
  }
}
