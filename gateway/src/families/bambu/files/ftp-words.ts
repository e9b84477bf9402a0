// What the printer's FTP replies mean, in words that say what to do. Codes: RFC 959 and the README.

import { FTPError } from "basic-ftp";
import { PrinterError, type ErrorCode } from "../../../model/errors.ts";
import { tlsFailure } from "../trust/trust.ts";

/** A wrong code is not tried again for this long: printers lock out who hammers. */
export const wrongCodeMs = 300_000;

const replies: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  421: [
    "unreachable",
    "the printer takes no further file connection just now; close other programs that use its files",
  ],
  425: ["wrong_phase", "the printer opens no data connection, as happens while it prints; try again after the job"],
  426: ["unreachable", "the printer cut the transfer; try again"],
  450: ["wrong_phase", "the printer is using that file; try again later"],
  451: ["printer_refused", "the printer could not read or write its card; look at the card"],
  452: ["storage_full", "the printer's card is full; delete files on it"],
  522: ["protocol", "the printer did not accept the encryption of the data connection; restart the printer"],
  530: ["printer_auth", "the printer refused the access code for its files; compare it with the one on its screen"],
  550: ["not_found", "there is no such file on the printer"],
  552: ["storage_full", "the printer's card is full; delete files on it"],
  553: [
    "printer_refused",
    "the printer cannot store the file: it needs a card that is in its slot, formatted, writable and not full",
  ],
};

/** Any failure of a transfer as a PrinterError. Never throws. */
export function ftpError(thrown: unknown): PrinterError {
  if (thrown instanceof FTPError) {
    const [code, words] = replies[thrown.code] ?? ["printer_refused", "the printer refused the file request"];
    const retry = thrown.code === 530 ? { retryAfterMs: wrongCodeMs } : {};
    return new PrinterError(code, `${words} (FTP ${thrown.code})`, { cause: thrown, ...retry });
  }
  const known = tlsFailure(thrown);
  // basic-ftp adds the name of a socket to the message of any error.
  known.message = known.message.replace(/ \((?:control|data) socket\)$/u, "");
  if (known.code !== "internal" || !(thrown instanceof Error)) return known;
  if (isTimeout(thrown)) {
    return new PrinterError("timeout", "the printer's file server stopped answering; try again", { cause: thrown });
  }
  if (/closed|FIN packet|Socket closed|premature close/iu.test(thrown.message)) {
    return new PrinterError("unreachable", "the printer closed the file connection; try again", { cause: thrown });
  }
  return new PrinterError("protocol", `the printer's file server cannot be understood: ${thrown.message}`, {
    cause: thrown,
  });
}

/** Whether the printer itself said it; with codes, whether it was one of them. */
export function isReply(thrown: unknown, ...codes: readonly number[]): boolean {
  return thrown instanceof FTPError && (codes.length === 0 || codes.includes(thrown.code));
}

/** basic-ftp's own words when nothing came. */
export function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.startsWith("Timeout");
}
