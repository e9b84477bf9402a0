// The addresses of an IPv4 network in CIDR notation, for a scan that an operator has asked for.

import { isIPv4 } from "node:net";
import { PrinterError } from "../../../model/errors.ts";

/** A scan of more would take long and look like an attack. */
const widestPrefix = 22;

/** "192.168.1.0/24": its 254 hosts. @throws PrinterError `invalid_input` */
export function hostsOf(cidr: string): string[] {
  const [base = "", length = ""] = cidr.split("/");
  const prefix = Number(length);
  if (!isIPv4(base) || !/^\d{1,2}$/u.test(length) || prefix < widestPrefix || prefix > 32) {
    const words = `${JSON.stringify(cidr)} is no network like 192.168.1.0/24, with /${widestPrefix} to /32`;
    throw new PrinterError("invalid_input", words);
  }
  const count = 2 ** (32 - prefix);
  const first = Math.floor(numberOf(base) / count) * count;
  const addresses = Array.from({ length: count }, (_, index) => addressOf(first + index));
  // The network itself and its broadcast are no hosts.
  return count > 2 ? addresses.slice(1, -1) : addresses;
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function addressOf(value: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join(".");
}
