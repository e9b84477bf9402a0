// The one MQTT connection to the printer's broker: how it is opened, and what its failures mean. No
// message meaning, no retries. The session is the platform's.

import { connect as connectSocket } from "node:net";
import { openMqttSession, type MqttSession } from "@gantry/platform/mqtt-session";
import { PrinterError } from "../../model/errors.ts";
import { mqttFailure, type MqttWords } from "../mqtt-failure.ts";
import { FilteredSocket, PacketFilter } from "./packet-filter.ts";

/** Longest packet that is taken: a thumbnail is some hundred kB, a history of 50 jobs 20 kB. */
const maxPacketBytes = 8 * 1024 * 1024;
const keepAliveSeconds = 60;

const words: MqttWords = {
  wrongCode: "the printer refuses its access code",
  turnedAway: "the printer turns the connection away: it is busy, starting, or its four connections are in use",
  // The dossier of the firmware asks for this.
  refusedRetryMs: 10_000,
  named: (error) => PrinterError.from(error),
};

export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly accessCode: string;
  readonly signal: AbortSignal;
  /** Told of each packet that was too long to be taken. */
  readonly onOversized: (sizeBytes: number) => void;
}

/**
 * Connects to the broker. Close the session: a stale one would block one of the printer's four slots.
 * @throws PrinterError `printer_auth` when the access code is refused; `unreachable`, with
 *   `retryAfterMs` when the broker is there and turns the client away
 */
export async function openTransport(options: TransportOptions): Promise<MqttSession> {
  const { host, port, clientId, accessCode, signal, onOversized } = options;
  signal.throwIfAborted();
  const stream = new FilteredSocket(connectSocket({ host, port }), new PacketFilter(maxPacketBytes, onOversized));
  return openMqttSession(stream, {
    clientId,
    username: "elegoo",
    password: accessCode,
    keepAliveSeconds,
    signal,
    failed: (error) => mqttFailure(error, words),
  });
}
