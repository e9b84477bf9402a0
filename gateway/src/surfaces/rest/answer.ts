// What came of a command, as an HTTP answer: an output, silence, or the bytes of a picture or file.

import { once } from "node:events";
import type { Response } from "express";
import type { CommandAnswer, CommandRequest, Fleet } from "../../fleet/fleet.ts";
import { commandRow, type Media } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { sendText } from "../unread-body.ts";

/** The longest time in which nothing of a file moves, to the client or from the printer, ms. */
const standstillMs = 120_000;

/** A request whose input is an object, and whose signal ends with the client. */
interface Asked extends CommandRequest {
  readonly signal: AbortSignal;
}

/** Asks the gate and answers with what it says. @throws PrinterError as Fleet.dispatch does */
export async function askAndAnswer(fleet: Fleet, asked: Asked, response: Response): Promise<void> {
  const answer = await fleet.dispatch(asked);
  if (answer.kind !== "media") return sendAnswer(response, answer);
  if (commandRow(asked.command).gives === "file") response.attachment(nameOf(asked.input));
  await sendMedia(response, answer.media, asked.signal);
}

/** 200 with the output, 202 where the printer stayed silent. */
export function sendAnswer(response: Response, answer: Exclude<CommandAnswer, { kind: "media" }>): void {
  const output = answer.kind === "output" ? answer.output : { outcome: answer.kind };
  response.status(answer.kind === "unconfirmed" ? 202 : 200).type("application/json");
  sendText(response, JSON.stringify(output));
}

/**
 * Sends what comes as fast as the client takes it. Before the first byte nothing is settled, so
 * that a printer that refuses then is still told as a problem.
 */
async function sendMedia(response: Response, media: Media, signal: AbortSignal): Promise<void> {
  const { sizeBytes, content } = media;
  let sentBytes = 0;
  response.setTimeout(standstillMs);
  try {
    for await (const chunk of content) {
      sentBytes += chunk.length;
      // More than was promised would be taken for the next answer.
      if (sizeBytes !== null && sentBytes > sizeBytes) throw otherLength();
      if (!response.headersSent) begin(response, media);
      if (!response.write(chunk)) await once(response, "drain", { signal });
    }
    if (sizeBytes !== null && sentBytes < sizeBytes) throw otherLength();
    if (!response.headersSent) begin(response, media);
    response.end();
  } catch (error) {
    if (!signal.aborted) throw error;
    response.destroy(); // the client is gone, or the gateway ends
  }
}

function otherLength(): PrinterError {
  return new PrinterError("protocol", "the printer gave another number of bytes than it promised");
}

/** A printer's content is shown or stored, and never runs as a page of this address. */
function begin(response: Response, { mediaType, sizeBytes }: Media): void {
  const type = /^[\w.+-]+\/[\w.+-]+$/u.test(mediaType) ? mediaType : "application/octet-stream";
  response.setHeader("Content-Type", type);
  response.set({ "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox" });
  if (sizeBytes !== null) response.set("Content-Length", String(sizeBytes));
}

/** What the client may call the file: the last part of its name on the printer. */
function nameOf(input: unknown): string {
  const { file, id } = input as { readonly file?: string; readonly id?: string };
  return (file ?? id ?? "").split("/").at(-1) ?? "";
}
