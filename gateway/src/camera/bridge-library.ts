// What the RTSP bridge keeps of a camera, recordings and time-lapses: asked for over its HTTP and handed on as
// it comes. Who may have it is decided before, and nothing is kept here.

import type { IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { clientFor } from "@gantry/platform/node-http";
import * as z from "zod";
import { PrinterError } from "../model/errors.ts";
import { ofBridge, type BridgeAddress } from "./bridge-pictures.ts";

export const shelves = ["recordings", "timelapses"] as const;
export type Shelf = (typeof shelves)[number];

const itemSchema = z.object({
  id: z.string(),
  printer: z.string(),
  job: z.string().optional().meta({ description: "Of a time-lapse: the name of the job's file." }),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable().meta({ description: "null while it is written." }),
  sizeBytes: z.int(),
  seconds: z.number().nullable(),
});
export const keptSchema = z.object({ items: z.array(itemSchema) });

/** One recording, or one film. */
export type KeptItem = z.output<typeof itemSchema>;

interface Asked {
  readonly shelf: Shelf;
  readonly printer: string;
  readonly signal: AbortSignal;
}

interface AskedFile extends Asked {
  readonly id: string;
  readonly method: "GET" | "HEAD";
  /** Of the client, such as `Range`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The bridge looks at a folder before it answers, ms. */
const answerMs = 10_000;

/** Newest first. @throws PrinterError `unreachable`; the signal's reason */
export async function listKept(bridge: BridgeAddress, { shelf, printer, signal }: Asked): Promise<KeptItem[]> {
  const response = await ask(bridge, `api/v1/${shelf}?printer=${encodeURIComponent(printer)}`, { signal });
  if (response.statusCode !== 200) throw await refusal(response, printer);
  try {
    return keptSchema.parse(await json(response)).items;
  } catch (error) {
    signal.throwIfAborted();
    throw new PrinterError("unreachable", "the RTSP bridge sent a list that cannot be read", { cause: error });
  }
}

/**
 * The bridge's answer with the file, or the part of it that `Range` wants: status 200, 206 or 416.
 * @throws PrinterError `not_found`, `unreachable`; the signal's reason
 */
export async function openKept(bridge: BridgeAddress, asked: AskedFile): Promise<IncomingMessage> {
  const { shelf, printer, id } = asked;
  const path = `api/v1/${shelf}/${encodeURIComponent(id)}?printer=${encodeURIComponent(printer)}`;
  const response = await ask(bridge, path, asked);
  if ([200, 206, 416].includes(response.statusCode ?? 0)) return response;
  throw await refusal(response, printer);
}

type Request = Pick<AskedFile, "signal"> & Partial<Pick<AskedFile, "method" | "headers">>;

async function ask(
  bridge: BridgeAddress,
  path: string,
  { signal, method, headers }: Request,
): Promise<IncomingMessage> {
  const { url, headers: own } = ofBridge(bridge, path);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asking = clientFor(url).request(
    url,
    { method: method ?? "GET", headers: { ...headers, ...own }, signal },
    resolve,
  );
  // Of the answer's content whoever reads it is in charge.
  asking.on("error", reject);
  const tooLong = setTimeout(() => asking.destroy(new Error("no answer")), answerMs);
  asking.end();
  try {
    return await promise;
  } catch (error) {
    signal.throwIfAborted();
    const words = "the RTSP bridge, which keeps recordings, cannot be reached: is it running, and is GANTRY_BRIDGE_URL";
    throw new PrinterError("unreachable", `${words} right?`, { cause: error });
  } finally {
    clearTimeout(tooLong);
  }
}

async function refusal(response: IncomingMessage, printer: string): Promise<PrinterError> {
  response.destroy();
  if (response.statusCode === 404)
    return new PrinterError("not_found", "this is not there, or not any more", { printer });
  // It reads the inventory on its own, and may be a moment behind.
  const why =
    response.statusCode === 401 ? "does not take the gateway's key yet" : `answered HTTP ${response.statusCode}`;
  return new PrinterError("unreachable", `the RTSP bridge ${why}`, { printer });
}
