// What the failure of an MQTT session says about a printer. The session itself is the platform's;
// a family adds the words that are its own.

import { MqttRefusal } from "@gantry/platform/mqtt-session";
import { PrinterError } from "../model/errors.ts";

export interface MqttWords {
  readonly wrongCode: string;
  /** Default: the fleet's own pause. */
  readonly wrongCodeRetryMs?: number;
  readonly turnedAway: string;
  /** The least pause after a refusal that is not about the access code. */
  readonly refusedRetryMs: number;
  /** Names what is no refusal; `internal` where it has no better code. */
  readonly named: (error: unknown) => PrinterError;
}

/** `printer_auth`, `unreachable`, `protocol`, or what `named` finds. */
export function mqttFailure(error: unknown, words: MqttWords): PrinterError {
  if (error instanceof MqttRefusal) return refusal(error, words);
  const named = words.named(error);
  if (named.code !== "internal") return named;
  return new PrinterError("protocol", "what answers at the printer's port does not speak MQTT", { cause: error });
}

function refusal(cause: MqttRefusal, words: MqttWords): PrinterError {
  const later = { cause, retryAfterMs: words.refusedRetryMs };
  switch (cause.reason) {
    case "credentials": {
      const { wrongCode, wrongCodeRetryMs } = words;
      const pause = wrongCodeRetryMs === undefined ? {} : { retryAfterMs: wrongCodeRetryMs };
      return new PrinterError("printer_auth", wrongCode, pause);
    }
    case "turned-away":
      return new PrinterError("unreachable", words.turnedAway, later);
    case "silent": {
      const silent = "the address takes the connection and then stays silent: is it the printer's MQTT port?";
      return new PrinterError("unreachable", silent, later);
    }
    case "closed":
      return new PrinterError("unreachable", "the printer closed the connection", { cause });
    case "topics":
      return new PrinterError("unreachable", "the printer refuses the subscription to its topics", { cause });
  }
}
