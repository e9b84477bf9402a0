// Commands that change nothing on the printer: a fresh report, the report itself without its secrets,
// and a signature to take away. Facts: the family's README.

import type { CommandHandlers } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import { fields } from "../report-fields.ts";
import { acknowledged, refused, type CommandContext } from "./commands-send.ts";
import type { Body } from "../printer-link.ts";
import type { Signer } from "../signing/signing.ts";

export function observeHandlers(context: CommandContext): CommandHandlers {
  const { signer } = context;
  return {
    refresh: async (_input, { signal }) => refresh(context, signal),
    getReport: async () => ({ report: { ...fields(withoutSecrets(context.link.report())) } }),
    ...(signer === null ? {} : { signMessage: async ({ message }) => ({ header: signed(signer, message) }) }),
  };
}

const reportMs = 10_000;
/** Between full reports the printer tells changes by itself: heard of this lately, its state is current. */
const currentMs = 30_000;

async function refresh({ link, clock }: CommandContext, signal: AbortSignal): Promise<{ outcome: "acknowledged" }> {
  const askedAt = clock.monotonic();
  if (!link.pushAll()) {
    if (link.reportAgeMs() < currentMs) return acknowledged;
    const seconds = Math.round(link.model.pushAllMs / 1000);
    throw new PrinterError("rate_limited", `this printer is asked for a full report every ${seconds} s at most`);
  }
  const isNewer = (): boolean => link.reportAgeMs() < clock.monotonic() - askedAt;
  if (await link.until(isNewer, { signal, timeoutMs: reportMs })) return acknowledged;
  throw new PrinterError("timeout", "the printer sent no report within 10 s");
}

/** Fields that let their reader into the printer, or tell which one it is. */
const secretFields = new Set([
  "access_code",
  "authkey",
  "passwd",
  "sign_string",
  "sn",
  "token",
  "ttcode",
  "tutk_id",
  "user_id",
]);
const hidden = "***";

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((part) => withoutSecrets(part));
  if (typeof value === "string") return value.replaceAll(/(\w+:\/\/)[^/@\s]+@/gu, `$1${hidden}@`);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [
    key,
    isSecret(key, part) ? hidden : withoutSecrets(part),
  ]);
  return Object.fromEntries(entries);
}

function isSecret(key: string, value: unknown): boolean {
  return secretFields.has(key.toLowerCase()) && value !== "" && value !== null;
}

type Header =
  Awaited<ReturnType<NonNullable<CommandHandlers["signMessage"]>>> extends infer Result
    ? Extract<Result, { header: unknown }>["header"]
    : never;

/** One type with its object; what must never be sent is not signed either. */
function signed(signer: Signer, message: Body): Header {
  const [[type, inner] = ["", undefined], another] = Object.entries(message).filter(([key]) => key !== "user_id");
  const body = fields(inner);
  if (another !== undefined || typeof body["command"] !== "string")
    throw refused("/message", 'give one type with its object: {"print": {"command": "pause", …}}');
  if (type !== "print") throw refused("/message", "only commands of the type print are signed");
  const { header } = signer.sign(type, body);
  return {
    signVersion: header.sign_ver,
    algorithm: header.sign_alg,
    signature: header.sign_string,
    certificateId: header.cert_id,
    payloadBytes: header.payload_len,
  };
}
