// The bind port: one framed question, one framed answer, close. No access code is needed. Port 3000 in
// clear, 3002 in TLS; what it answers is a claim like any other until TLS has said who it is.
//
//   A5 A5 · u16 LE length of all · JSON · A7 A7

import { connect, type Socket } from "node:net";
import { serialOf, wordsOf, type Claim } from "./discovery-announcement.ts";

const frameOverhead = 6;
const longestBytes = 8192;
const answerMs = 3000;

export function detectRequest(): Buffer {
  return frameOf('{"login":{"command":"detect","sequence_id":"20000"}}');
}

function frameOf(json: string): Buffer {
  const frame = Buffer.alloc(Buffer.byteLength(json) + frameOverhead);
  frame.writeUInt16BE(0xa5a5, 0);
  frame.writeUInt16LE(frame.length, 2);
  frame.write(json, 4);
  frame.writeUInt16BE(0xa7a7, frame.length - 2);
  return frame;
}

/** The claim in an answer; `more` while it is not whole; undefined for what is none. */
export function readDetectAnswer(bytes: Buffer, address: string): Claim | "more" | undefined {
  if (bytes.length < 4) return "more";
  const length = bytes.readUInt16LE(2);
  if (bytes.readUInt16BE(0) !== 0xa5a5 || length < frameOverhead || length > longestBytes) return undefined;
  if (bytes.length < length) return "more";
  if (bytes.readUInt16BE(length - 2) !== 0xa7a7) return undefined;
  const login = loginOf(bytes.toString("utf8", 4, length - 2));
  const serial = serialOf(login["id"]);
  if (serial === undefined) return undefined;
  return {
    address,
    serial,
    name: wordsOf(login["name"]),
    modelCode: wordsOf(login["model"]),
    firmware: wordsOf(login["version"]),
  };
}

function loginOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const message = JSON.parse(json) as { login?: Readonly<Record<string, unknown>> | null } | null;
    return message?.login ?? {};
  } catch {
    return {}; // not JSON: no claim
  }
}

/** Asks in clear who is there; undefined when nobody answers as a printer does. Throws only on abort. */
export async function detect(host: string, port: number, signal: AbortSignal): Promise<Claim | undefined> {
  signal.throwIfAborted();
  const socket = connect({ host, port });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  const stop = (): void => void socket.destroy();
  limit.addEventListener("abort", stop);
  try {
    socket.write(detectRequest());
    return await answerOf(socket, host);
  } catch {
    signal.throwIfAborted();
    return undefined; // nobody there, or no printer
  } finally {
    limit.removeEventListener("abort", stop);
    socket.destroy();
  }
}

async function answerOf(socket: Socket, host: string): Promise<Claim | undefined> {
  let held = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    held = Buffer.concat([held, chunk]);
    const answer = readDetectAnswer(held, host);
    if (answer !== "more") return answer;
  }
  return undefined;
}
