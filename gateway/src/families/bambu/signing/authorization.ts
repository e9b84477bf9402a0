// Whether the printer takes commands from its network, and the form in which they go out. It learns
// from what comes in and never asks the printer by trying. Facts: the family's README.

import { PrinterError } from "../../../model/errors.ts";
import type { CommandAccess } from "../../../model/printer.ts";
import { bits, fields, list, number } from "../report-fields.ts";
import type { Authorization, Body, MessageType, Reply, Report } from "../printer-link.ts";
import { gcodeNeedsKey, signedMessage, type Signer } from "./signing.ts";

/** What outlives one session: a printer that has refused stays locked after a reconnect. */
export interface AuthorizationMemory {
  /** Null while it has not refused. */
  refused: { readonly firmware: string | null; readonly flag: boolean | null; readonly signed: boolean } | null;
  /** It did an unsigned command with this firmware. */
  opened: { readonly firmware: string | null } | null;
}

export function authorizationMemory(): AuthorizationMemory {
  return { refused: null, opened: null };
}

export interface AuthorizationOptions {
  /** Null without the operator's key: then nothing is signed. */
  readonly signer: Signer | null;
  readonly firmware: () => string | null;
  readonly memory: AuthorizationMemory;
}

/** No signature, an unknown certificate or a wrong signature; a header that it cannot read. */
const notAuthorized = new Set([0x0502_4007, 0x0502_4009]);
/** 0500_0500_0001_0007: a command that it could not verify. */
const verificationFailed = { attr: 0x0500_0500, code: 0x0001_0007 };
const signatureBit = 29n;

/** Taken unsigned also by locked firmware. */
const free = new Set(["extrusion_cali_get"]);
/** Never published: it would hand out a credential, or flash the machine. */
const forbidden = (type: MessageType, command: unknown): boolean =>
  (type === "system" && command === "get_access_code") || (type === "upgrade" && command !== "get_history");

const switchOn =
  "the printer takes no commands from its network: on its screen switch on LAN Only Mode and then Developer Mode " +
  "(Settings, Network), or configure signing (signing_key_file and signing_certificate_file); nothing was sent";
const afterRefusal = "; when that is done, restart Gantry, since this model does not tell";
const badSignature =
  "the printer refused the signature: check that signing_key_file and signing_certificate_file are the pair it knows, " +
  "and restart Gantry; nothing was sent";

export function createAuthorization(options: AuthorizationOptions): Authorization {
  return new LearningAuthorization(options);
}

class LearningAuthorization implements Authorization {
  readonly #options: AuthorizationOptions;
  /** What `fun` says: true is locked; null on models that do not send it. */
  #flag: boolean | null = null;

  constructor(options: AuthorizationOptions) {
    this.#options = options;
  }

  get access(): CommandAccess {
    const { signer, memory } = this.#options;
    const refused = this.#refusal();
    if (refused !== null) return signer === null || refused.signed ? "locked" : "signed";
    if (this.#flag === false) return "open";
    if (signer !== null) return "signed";
    if (this.#flag === true) return "locked";
    return memory.opened !== null && this.#sameFirmware(memory.opened.firmware) ? "open" : "unknown";
  }

  envelope(type: MessageType, inner: Body): Body {
    const command = inner["command"];
    if (forbidden(type, command)) throw new PrinterError("forbidden", `${type}.${String(command)} is never sent`);
    if (type !== "print" || free.has(String(command))) return { [type]: inner };
    const { access } = this;
    if (access === "locked") throw new PrinterError("forbidden", this.#lockedWords());
    const { signer } = this.#options;
    if (access !== "signed" || signer === null) return { [type]: inner };
    if (command === "gcode_line" && signer.gcodeBytes === null) throw new PrinterError("forbidden", gcodeNeedsKey);
    return signedMessage(signer, type, inner);
  }

  sawReport(report: Report): void {
    const fun = bits(report["fun"]);
    if (fun !== null) this.#flag = ((fun >> signatureBit) & 1n) === 1n;
    // The message stays on the screen until somebody takes it away; `fun` is newer where there is one.
    if (this.#flag === null && this.#options.signer === null && hasFailedVerification(report)) this.#refuse(false);
  }

  sawReply(type: MessageType, command: string, reply: Reply | undefined): void {
    if (type !== "print" || free.has(command) || reply === undefined) return;
    const signed = this.access === "signed";
    if (reply.errorCode !== null && notAuthorized.has(reply.errorCode)) this.#refuse(signed);
    else if (reply.result === "success" && !signed) this.#options.memory.opened = { firmware: this.#firmware };
  }

  sawNoEffect(type: MessageType, command: string): void {
    if (type === "print" && !free.has(command)) this.#refuse(this.access === "signed");
  }

  get #firmware(): string | null {
    return this.#options.firmware();
  }

  #refuse(signed: boolean): void {
    const { memory } = this.#options;
    memory.refused = { firmware: this.#firmware, flag: this.#flag, signed };
    memory.opened = null;
  }

  /** What it refused, unless its firmware or its own word has changed since. */
  #refusal(): AuthorizationMemory["refused"] {
    const { refused } = this.#options.memory;
    if (refused === null || !this.#sameFirmware(refused.firmware)) return null;
    const hasChanged = this.#flag !== null && refused.flag !== this.#flag;
    return hasChanged ? null : refused;
  }

  /** What is not known yet, such as after a reconnect, counts as unchanged. */
  #sameFirmware(before: string | null): boolean {
    const now = this.#firmware;
    return before === null || now === null || before === now;
  }

  #lockedWords(): string {
    if (this.#options.signer !== null) return badSignature;
    return this.#flag === null ? `${switchOn}${afterRefusal}` : switchOn;
  }
}

function hasFailedVerification(report: Report): boolean {
  return list(report["hms"]).some((entry) => {
    const { attr, code } = fields(entry);
    return number(attr) === verificationFailed.attr && number(code) === verificationFailed.code;
  });
}
