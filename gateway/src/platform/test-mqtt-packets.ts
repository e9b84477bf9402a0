// Bytes of MQTT 3.1.1 packets, for the brokers that tests stand up. Not for the services:
// they speak through the library.

/** A packet of that first byte. */
export function packet(type: number, body: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

/** A text with its length before it. */
export function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** The first whole packet; undefined while it is not all there. */
export function cutPacket(bytes: Buffer): { type: number; body: Buffer; end: number } | undefined {
  let length = 0;
  for (let at = 1; at < bytes.length && at <= 4; at += 1) {
    const byte = bytes[at] ?? 0;
    length += (byte & 127) * 128 ** (at - 1);
    if (byte > 127) continue;
    const end = at + 1 + length;
    return bytes.length < end ? undefined : { type: bytes[0] ?? 0, body: bytes.subarray(at + 1, end), end };
  }
  return undefined;
}

/** Client id, user name and password. */
export function connectParts(body: Buffer): string[] {
  const parts: string[] = [];
  for (let at = 10; at + 2 <= body.length;) {
    const end = at + 2 + body.readUInt16BE(at);
    parts.push(body.toString("utf8", at + 2, end));
    at = end;
  }
  return parts;
}
