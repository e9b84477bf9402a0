// The first packet of an MQTT connection, looked at before the broker library has it: a protocol level
// that is not spoken here gets its CONNACK, as MQTT 3.1.1 section 3.1.2.2 asks, where the library only
// closes.

import type { Duplex } from "node:stream";

/** 3.1 and 3.1.1. */
const spokenLevels: readonly number[] = [3, 4];
const connackUnacceptableLevel = Buffer.from([0x20, 2, 0, 1]);
const connectType = 0x10;
/** A client that says nothing is not waited for any longer. */
const patienceMs = 30_000;

/** Hands the stream on, with everything that was read put back, unless its client is from another time. */
export function greet(stream: Duplex, handOn: () => void): void {
  const timer = setTimeout(() => stream.destroy(), patienceMs);
  stream.once("close", () => clearTimeout(timer));
  stream.once("readable", () => {
    clearTimeout(timer);
    const first: unknown = stream.read();
    if (Buffer.isBuffer(first)) {
      if (!spokenLevels.includes(levelOf(first) ?? spokenLevels[0] ?? 0)) {
        stream.end(connackUnacceptableLevel);
        return;
      }
      stream.unshift(first);
    }
    handOn();
  });
}

/** The protocol level of a CONNECT. @returns undefined when this is none, or not all of it is there. */
function levelOf(packet: Buffer): number | undefined {
  if (packet[0] !== connectType) return undefined;
  let at = 1;
  // The remaining length has up to four bytes, all but the last with their top bit set.
  while (at < 4 && ((packet[at] ?? 0) & 0x80) !== 0) at += 1;
  const nameBytes = packet.length > at + 2 ? packet.readUInt16BE(at + 1) : 0;
  return packet[at + 3 + nameBytes];
}
