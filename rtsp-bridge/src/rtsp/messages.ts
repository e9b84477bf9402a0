// RTSP 1.0 on the wire, as the side that asks sees it: requests written, and answers and
// interleaved blocks read incrementally and bounded. It holds no session.
// Layout: RFC 2326 §4–7 and §10.12.
//
//   request   METHOD url RTSP/1.0 CRLF {Name: value CRLF} CRLF body of Content-Length
//   answer    RTSP/1.0 status words CRLF {Name: value CRLF} CRLF body of Content-Length
//   block     "$" channel:8 length:16 bytes

export interface RtspRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RtspResponse {
  readonly status: number;
  readonly words: string;
  /** By lower-case name; of a repeated one all values, a line each. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Takes one interleaved block; its bytes are valid only during the call. */
export type OnBlock = (channel: number, bytes: Buffer) => void;

/** The bytes are not RTSP. */
export class RtspError extends Error {
  override readonly name = "RtspError";
}

const maxHeadBytes = 16 * 1024;
const maxBodyBytes = 256 * 1024;
const endOfHead = "\r\n\r\n";

export function formatRequest(request: RtspRequest): string {
  const body = request.body ?? "";
  const headers = { ...request.headers, ...(body === "" ? {} : { "Content-Length": String(Buffer.byteLength(body)) }) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request.method} ${request.url} RTSP/1.0\r\n${lines.join("")}\r\n${body}`;
}

/** Cuts what a server sends into answers and blocks. The server's own requests are passed over. */
export class ResponseReader {
  readonly #onBlock: OnBlock | undefined;
  #pending: Buffer = Buffer.alloc(0);

  constructor(onBlock?: OnBlock) {
    this.#onBlock = onBlock;
  }

  /** Takes any bytes and gives the answers that became whole, in order. @throws RtspError */
  push(chunk: Buffer): RtspResponse[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const responses: RtspResponse[] = [];
    for (let length = this.#next(responses); length > 0; length = this.#next(responses)) {
      this.#pending = this.#pending.subarray(length);
    }
    return responses;
  }

  /** Length of the whole message at the front; 0 while it is not whole. */
  #next(responses: RtspResponse[]): number {
    const bytes = this.#pending;
    if (bytes.length < 4) return 0;
    if (bytes[0] === 0x24) {
      const end = 4 + bytes.readUInt16BE(2);
      if (bytes.length < end) return 0;
      this.#onBlock?.(bytes[1] ?? 0, bytes.subarray(4, end));
      return end;
    }
    const headEnd = bytes.indexOf(endOfHead);
    if (headEnd === -1 ? bytes.length > maxHeadBytes : headEnd > maxHeadBytes) throw new RtspError("an endless header");
    if (headEnd === -1) return 0;
    const [start = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
    const headers = parseHeaders(lines);
    const bodyStart = headEnd + endOfHead.length;
    const end = bodyStart + bodyLength(headers);
    if (bytes.length < end) return 0;
    const response = parseStart(start, headers, bytes.toString("utf8", bodyStart, end));
    if (response !== undefined) responses.push(response);
    return end;
  }
}

/** An answer, or undefined for a request. @throws RtspError for anything else */
function parseStart(start: string, headers: ReadonlyMap<string, string>, body: string): RtspResponse | undefined {
  const answer = /^RTSP\/1\.\d (\d{3})(?: (.*))?$/u.exec(start);
  if (answer !== null) return { status: Number(answer[1]), words: answer[2] ?? "", headers, body };
  if (/^[A-Z_]+ \S+ RTSP\/1\.\d$/u.test(start)) return undefined;
  throw new RtspError(`not RTSP: ${JSON.stringify(start.slice(0, 60))}`);
}

function parseHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const before = headers.get(name);
    headers.set(name, `${before === undefined ? "" : `${before}\n`}${line.slice(colon + 1).trim()}`);
  }
  return headers;
}

function bodyLength(headers: ReadonlyMap<string, string>): number {
  const text = headers.get("content-length") ?? "0";
  const length = /^\d{1,9}$/u.test(text) ? Number(text) : NaN;
  if (!(length <= maxBodyBytes)) throw new RtspError(`a body of ${text.slice(0, 20)} bytes`);
  return length;
}
