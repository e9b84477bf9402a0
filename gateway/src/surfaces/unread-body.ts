// Answers that come before a request's body was read. A small body is read away behind the
// answer; a large one stays unread, and its connection ends with the answer.

import type { IncomingMessage } from "node:http";
import type { Response } from "express";

const smallBodyBytes = 64 * 1024;

/** How long a client that still sends may take to notice its answer, ms. */
const noticeMs = 1000;

/** Sends the whole answer; its status, type and other headers are set. */
export function sendText(response: Response, text: string): void {
  if (!hasUnreadBody(response.req)) {
    response.send(text);
    return;
  }
  response.set({ Connection: "close", "Content-Length": String(Buffer.byteLength(text)) });
  response.write(text);
  // With bytes unread the end resets the connection, and that can take an answer away which the
  // client has not read; so it has everything now, and the end comes later.
  const end = setTimeout(() => response.end(), noticeMs);
  response.once("close", () => clearTimeout(end));
}

function hasUnreadBody({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > smallBodyBytes;
}
