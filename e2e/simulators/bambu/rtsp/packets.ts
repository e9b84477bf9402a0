// Cuts pictures into RTP packets for one viewer, framed for RTSP's own connection. Layout: RFC 3550
// section 5.1, RFC 6184 sections 5.6 and 5.8 (FU-A), RFC 2326 section 10.12.

import { randomInt } from "node:crypto";
import type { AccessUnit, ParameterSets } from "./flv.ts";

const payloadType = 96;
const headerBytes = 12;
/** What fits into a packet of Ethernet's size after IP, TCP and all headers. */
const mostPayloadBytes = 1400;
const fragmentType = 28;

export class Packetizer {
  readonly #channel: number;
  readonly #source = randomInt(2 ** 32);
  #sequence = randomInt(2 ** 16);

  /** @param channel of the RTP packets in the connection */
  constructor(channel: number) {
    this.#channel = channel;
  }

  /** Of the next packet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** One picture; before an IDR picture come its parameter sets. @param timestamp 90 kHz, any number */
  packets({ nals, isKey }: AccessUnit, { sps, pps }: ParameterSets, timestamp: number): Buffer {
    const payloads = (isKey ? [sps, pps, ...nals] : nals).flatMap(payloadsOf);
    const last = payloads.length - 1;
    return Buffer.concat(payloads.map((payload, index) => this.#packet(payload, timestamp, index === last)));
  }

  #packet(payload: Buffer, timestamp: number, isLast: boolean): Buffer {
    const packet = Buffer.alloc(4 + headerBytes);
    packet[0] = 0x24;
    packet[1] = this.#channel;
    packet.writeUInt16BE(headerBytes + payload.length, 2);
    packet[4] = 0x80;
    packet[5] = payloadType | (isLast ? 0x80 : 0);
    packet.writeUInt16BE(this.#sequence, 6);
    packet.writeUInt32BE(timestamp % 2 ** 32, 8);
    packet.writeUInt32BE(this.#source, 12);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return Buffer.concat([packet, payload]);
  }
}

function payloadsOf(nal: Buffer): readonly Buffer[] {
  if (nal.length <= mostPayloadBytes) return [nal];
  const first = nal[0] ?? 0;
  const indicator = (first & 0xe0) | fragmentType;
  const payloads: Buffer[] = [];
  for (let at = 1; at < nal.length; at += mostPayloadBytes - 2) {
    const piece = nal.subarray(at, at + mostPayloadBytes - 2);
    const isFirst = at === 1;
    const isLast = at + piece.length === nal.length;
    const header = (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0) | (first & 0x1f);
    payloads.push(Buffer.concat([Buffer.from([indicator, header]), piece]));
  }
  return payloads;
}
