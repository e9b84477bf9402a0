// Reads RTSP requests from a connection, and leaves out the RTCP that viewers put between them.
// RFC 2326, sections 6 and 10.12. Bounded: a viewer that sends no end is cut off.

export interface RtspRequest {
  readonly method: string;
  readonly url: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
}

const mostHeadBytes = 16 * 1024;
const mostBodyBytes = 64 * 1024;
const interleavedMark = 0x24;

export class RequestReader {
  #unread: Buffer = Buffer.alloc(0);

  /** The requests that `piece` completes. @throws Error for what is no RTSP */
  push(piece: Buffer): readonly RtspRequest[] {
    this.#unread = Buffer.concat([this.#unread, piece]);
    const requests: RtspRequest[] = [];
    while (this.#unread.length > 0) {
      const taken = this.#unread[0] === interleavedMark ? this.#skipInterleaved() : this.#takeRequest(requests);
      if (!taken) break;
    }
    return requests;
  }

  #skipInterleaved(): boolean {
    if (this.#unread.length < 4) return false;
    const end = 4 + this.#unread.readUInt16BE(2);
    if (this.#unread.length < end) return false;
    this.#unread = this.#unread.subarray(end);
    return true;
  }

  #takeRequest(into: RtspRequest[]): boolean {
    const headEnd = this.#unread.indexOf("\r\n\r\n");
    if (headEnd < 0 && this.#unread.length <= mostHeadBytes) return false;
    if (headEnd < 0 || headEnd > mostHeadBytes) throw new Error("the head of a request has no end");
    const request = parseHead(this.#unread.toString("utf8", 0, headEnd));
    const bodyBytes = Number(request.headers.get("content-length") ?? 0);
    if (!(bodyBytes >= 0 && bodyBytes <= mostBodyBytes)) throw new Error("no sound Content-Length");
    const end = headEnd + 4 + bodyBytes;
    if (this.#unread.length < end) return false;
    this.#unread = this.#unread.subarray(end);
    into.push(request);
    return true;
  }
}

function parseHead(head: string): RtspRequest {
  const [first = "", ...lines] = head.split("\r\n");
  const [, method, url] = /^([A-Z_]+) (\S+) RTSP\/1\.0$/.exec(first) ?? [];
  if (method === undefined || url === undefined) throw new Error("no RTSP request");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { method, url, headers };
}
