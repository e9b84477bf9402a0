// What a printer shouts into the network, and the question that makes it shout: HTTP-like datagrams.
// Anybody can send one: nothing in it is true before TLS has said so. Format: the family's README.

import { isIP } from "node:net";

const kind = "urn:bambulab-com:device:3dprinter:1";
const longestBytes = 4096;

export const searchMessage = [
  "M-SEARCH * HTTP/1.1",
  "HOST: 239.255.255.250:2021",
  'MAN: "ssdp:discover"',
  "MX: 3",
  `ST: ${kind}`,
  "",
  "",
].join("\r\n");

/** What somebody says of a printer. */
export interface Claim {
  readonly address: string;
  readonly serial: string;
  /** "Workshop P1S"; null where it is not said, as for the rest. */
  readonly name: string | null;
  /** "C12" */
  readonly modelCode: string | null;
  readonly firmware: string | null;
}

/** A printer's claim; undefined for a datagram that is something else. @param sender its address */
export function readAnnouncement(datagram: Buffer, sender: string): Claim | undefined {
  if (datagram.length > longestBytes) return undefined;
  const [first = "", ...lines] = datagram.toString("utf8").split(/\r?\n/u);
  if (!/^(?:NOTIFY \* HTTP\/1\.1|HTTP\/1\.1 200\b)/u.test(first)) return undefined;
  const headers = new Map(lines.map((line) => headerOf(line)));
  if ((headers.get("nt") ?? headers.get("st")) !== kind) return undefined;
  const serial = serialOf(headers.get("usn"));
  if (serial === undefined) return undefined;
  const location = headers.get("location") ?? "";
  return {
    address: isIP(location) === 0 ? sender : location,
    serial,
    name: wordsOf(headers.get("devname.bambu.com")),
    modelCode: wordsOf(headers.get("devmodel.bambu.com")),
    firmware: wordsOf(headers.get("devversion.bambu.com")),
  };
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, Math.max(colon, 0)).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

export function serialOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[0-9A-Z]{6,32}$/u.test(value) ? value : undefined;
}

/** One short line of plain text, or null. */
export function wordsOf(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const words = value
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, " ")
    .trim()
    .slice(0, 64);
  return words === "" ? null : words;
}
