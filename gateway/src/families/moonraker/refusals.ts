// What Moonraker's refusals mean in the product's codes. Its WebSocket tells HTTP statuses, some
// as JSON-RPC codes: 0.11 says -32602 for 401 and -32601 for 404 (seen).

import { PrinterError } from "../../model/errors.ts";
import type { Refusal } from "./codec.ts";

/** A wrong key does not get right by itself; a list of trusted addresses is changed now and then. */
const authRetryMs = 60_000;

const notFound = -32_601;

export function refusedKey(): PrinterError {
  return new PrinterError(
    "printer_auth",
    "Moonraker refuses the API key: set `connection.api_key` to the one its web page shows, or add the gateway's address to `trusted_clients` in moonraker.conf",
    { retryAfterMs: authRetryMs },
  );
}

/** The refusal of one request as an error that says what to do. */
export function refused({ code, message }: Refusal): PrinterError {
  const words = firstLines(message);
  if (code === 401 || /^unauthorized$/iu.test(words)) return refusedKey();
  if (/klippy.*(?:not connected|disconnected)|host not connected/iu.test(words)) {
    return new PrinterError("wrong_phase", "Klipper is not connected to Moonraker: start its service on the printer");
  }
  if (code === notFound && /method not found/iu.test(words)) {
    return new PrinterError(
      "unsupported",
      "this Moonraker has no such function: a component is missing or it is too old",
    );
  }
  if (code === notFound || code === 404) return new PrinterError("not_found", words);
  if (code === 507 || /no space left/iu.test(words)) return new PrinterError("storage_full", words);
  return new PrinterError("printer_refused", `Klipper refuses: ${words} (code ${code})`);
}

/** Up to 300 characters of what Klipper says, on one line, without its advice on restarting. */
export function firstLines(message: string): string {
  const [said = ""] = message.split(/\n\s*Once the underlying issue is corrected/u, 1);
  const line = said.replaceAll(/\s+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line || "no reason was given";
}
