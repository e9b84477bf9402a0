// The printer's error codes in words (the vendor's SDK), with what to do where a user can do something.

import { PrinterError } from "../../model/errors.ts";

const words: Readonly<Record<number, string>> = {
  109: "the filament has run out; load new filament, then resume",
  1000: "the printer has forgotten this client's registration",
  1001: "this firmware does not know the command",
  1002: "the printer cannot open the folder",
  1003: "the printer refuses the parameters, or is not in the state for it (not homed?)",
  1004: "the printer could not write the file",
  1005: "the printer could not renew its token",
  1006: "the printer could not update itself",
  1007: "the printer could not delete the file; is the name right?",
  1008: "the printer has nothing to answer",
  1009: "the printer is busy; try again when it is idle",
  1010: "the printer is not printing, or not in the state for it",
  1011: "the printer could not copy the file",
  1012: "the printer does not know that job",
  1013: "the printer's database failed; restart the printer",
  1021: "the printer has no such file",
  1026: "the bed was not levelled for this plate side: print on side A, or level the bed for this side at its screen",
  9000: "the printer received the parts of the file out of order",
  9001: "the printer cannot open the file",
  9002: "the printer could not write the file; is its storage full?",
  9003: "the printer could not place a part of the file",
  9004: "the file arrived damaged: its MD5 does not match",
  9007: "the printer has no such folder",
  9008: "the printer could not check the file",
  9009: "the printer could not read the file back",
  9999: "the printer failed and does not say why",
};

/** Codes that whoever asks should know by number. */
export const codes = { notRegistered: 1000, badParameter: 1003, busy: 1009, noSuchFile: 1021 } as const;

/** What a code means; unknown ones keep their number. */
export function wordsFor(code: number): string {
  return words[code] ?? `error ${code}`;
}

/** The printer's own refusal, its code in the message. */
export function refusal(code: number): PrinterError {
  if (code === codes.noSuchFile) return new PrinterError("not_found", `${wordsFor(code)} (code ${code})`);
  return new PrinterError("printer_refused", `${wordsFor(code)} (code ${code})`);
}
