// Questions on a terminal, where a hidden answer is not echoed; without one, a line of the input each.

import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { PrinterError } from "./model/errors.ts";

export interface Prompt extends Disposable {
  /** @throws PrinterError `aborted` when the input has ended; the signal's reason */
  readonly ask: (question: string, how?: { readonly hidden: boolean }) => Promise<string>;
}

export function openPrompt(input: NodeJS.ReadStream, output: NodeJS.WriteStream, signal: AbortSignal): Prompt {
  // Also between questions: what is typed ahead may be the answer to a hidden one.
  let isHidden = true;
  const echo = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!isHidden) output.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input, output: echo, terminal: input.isTTY, signal });
  const typed: string[] = [];
  let waiting: PromiseWithResolvers<string> | undefined;
  let hasEnded = false;
  lines.on("line", (line) => {
    if (waiting === undefined) typed.push(line);
    else waiting.resolve(line);
    // Lines may come together: the next is not an answer to this question.
    waiting = undefined;
  });
  lines.on("close", () => {
    hasEnded = true;
    waiting?.reject(ended());
  });
  return {
    ask: async (question, { hidden } = { hidden: false }) => {
      signal.throwIfAborted();
      output.write(`${question}: `);
      const line = typed.shift();
      if (line !== undefined) return line;
      if (hasEnded) throw ended();
      waiting = Promise.withResolvers<string>();
      isHidden = hidden;
      try {
        return await waiting.promise;
      } finally {
        if (isHidden) output.write("\n");
        isHidden = true;
      }
    },
    [Symbol.dispose]: () => lines.close(),
  };
}

function ended(): PrinterError {
  return new PrinterError("aborted", "the log-in was broken off");
}
