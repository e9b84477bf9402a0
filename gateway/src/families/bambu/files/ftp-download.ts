// Reading a file off the printer as a stream that can be left at any time. Whoever reads gets every
// byte or an error: a stream that ends early is never taken for a whole file.

import { once } from "node:events";
import { PassThrough } from "node:stream";
import { PrinterError } from "../../../model/errors.ts";
import { onLink, transfer } from "./ftp-errand.ts";
import type { FtpOptions } from "./ftp-link.ts";
import { sizeOf } from "./ftp-upload.ts";
import { ftpError } from "./ftp-words.ts";

/** Nobody reads: the printer's one connection is given back. */
const abandonedMs = 120_000;

export interface Download {
  readonly sizeBytes: number;
  readonly content: AsyncIterable<Uint8Array>;
  /** Resolves when the printer's connection is free again. Never rejects. */
  readonly over: Promise<void>;
}

interface Flow {
  readonly sizeBytes: number;
  readonly bytes: PassThrough;
}

/**
 * Begins to read; gives the stream when its first bytes are there.
 * @param drained told when nothing but the end of the connection is left to come
 * @throws PrinterError `not_found` and whatever keeps it from beginning
 */
export async function download(
  options: FtpOptions,
  path: string,
  { signal, drained }: { readonly signal: AbortSignal; readonly drained: () => void },
): Promise<Download> {
  const left = new AbortController();
  const begun = Promise.withResolvers<Flow>();
  const ended = run(options, path, { signal: AbortSignal.any([signal, left.signal]), begin: begun.resolve });
  ended.catch((error: unknown) => begun.reject(error));
  const over = ended.catch(() => undefined);
  const flow = await begun.promise;
  return { sizeBytes: flow.sizeBytes, content: read(flow, { ended, left, signal, drained }), over };
}

/** Reads until the end; `begin` is called once. */
async function run(
  options: FtpOptions,
  path: string,
  { signal, begin }: { readonly signal: AbortSignal; readonly begin: (flow: Flow) => void },
): Promise<void> {
  await onLink(options, { signal, repeats: true }, async (link) => {
    const sizeBytes = await sizeOf(link, path);
    if (sizeBytes === null) throw new PrinterError("not_found", "there is no such file on the printer");
    const bytes = new PassThrough({ highWaterMark: 256 * 1024 });
    bytes.on("error", () => undefined); // whoever reads is told
    await transfer(link, { sizeBytes, clock: options.clock }, async () => {
      const done = link.client.downloadTo(bytes, path);
      await Promise.race([once(bytes, "readable"), done]);
      begin({ sizeBytes, bytes });
      await done;
    });
  });
}

interface Reading {
  readonly ended: Promise<void>;
  readonly left: AbortController;
  readonly signal: AbortSignal;
  readonly drained: () => void;
}

function read({ bytes, sizeBytes }: Flow, { ended, left, signal, drained }: Reading): AsyncIterable<Uint8Array> {
  const abandon = (): void => left.abort(new PrinterError("aborted", "nobody read the file"));
  const watch = setTimeout(abandon, abandonedMs).unref();
  async function* content(): AsyncGenerator<Uint8Array> {
    let seen = 0;
    try {
      for await (const chunk of bytes as AsyncIterable<Buffer>) {
        watch.refresh();
        seen += chunk.length;
        yield chunk;
      }
      if (seen !== sizeBytes) await ended;
      if (seen !== sizeBytes) throw cutShort(seen, sizeBytes);
    } catch (error) {
      signal.throwIfAborted();
      throw await reason(ended, error);
    } finally {
      clearTimeout(watch);
      drained();
      if (seen !== sizeBytes) left.abort(new PrinterError("aborted", "the reader went away"));
    }
  }
  return content();
}

/** What the transfer says of its end, rather than the stream that broke with it. */
async function reason(ended: Promise<void>, error: unknown): Promise<PrinterError> {
  try {
    await ended;
    return ftpError(error);
  } catch (cause) {
    return ftpError(cause);
  }
}

function cutShort(seen: number, sizeBytes: number): PrinterError {
  return new PrinterError("unreachable", `the printer sent ${seen} of ${sizeBytes} bytes; try again`);
}
