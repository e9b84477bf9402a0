// The session with a camera that has no printer behind it: the camera is connected while something
// takes connections at its address. A probe opens and closes a TCP connection and asks for nothing,
// so that cameras with a single slot for pictures keep it for those who look.

import { connect as openSocket } from "node:net";
import { PrinterError } from "../../model/errors.ts";
import { unknownIdentity, unknownReadings, type Readings } from "../../model/printer.ts";
import type { ConnectOptions, Session } from "../family.ts";

const probeEveryMs = 15_000;
const probeMs = 5000;
const standardPorts: Readonly<Record<string, number>> = { "https:": 443, "rtsp:": 554, "rtsps:": 322 };

/** A camera has no state of its own: as long as it is there, it is idle. */
const readings: Readings = Object.freeze({ ...unknownReadings, phase: "idle" });

/**
 * Gives a session once the camera's address takes a connection.
 * @throws PrinterError `unreachable`, `invalid_input` without an address; the signal's reason
 */
export async function connect(options: ConnectOptions<undefined>): Promise<Session> {
  const address = addressOf(options.cameraUrl);
  await probe(address, options.signal);
  const life = new AbortController();
  const signal = AbortSignal.any([options.signal, life.signal]);
  const end = Promise.withResolvers<PrinterError>();
  options.identify(unknownIdentity, new Set(["camera"]));
  options.report(readings);
  const watching = watch(address, options, signal).catch((error: unknown) => end.resolve(PrinterError.from(error)));
  return {
    handlers: {
      refresh: async (_input, { signal: asked }) => {
        await probe(address, AbortSignal.any([signal, asked]));
        options.report(readings);
        return { outcome: "acknowledged" };
      },
    },
    ended: end.promise,
    [Symbol.asyncDispose]: async () => {
      const error = new PrinterError("aborted", "the session was ended");
      end.resolve(error);
      life.abort(error);
      await watching;
    },
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function addressOf(cameraUrl: string | undefined): Address {
  const url = cameraUrl === undefined ? null : URL.parse(cameraUrl);
  if (url === null) throw new PrinterError("invalid_input", "a camera needs `camera.url`");
  const standard = standardPorts[url.protocol] ?? 80;
  // The URL writes an IPv6 address in brackets, the socket takes it without.
  return { host: url.hostname.replace(/^\[(.*)\]$/u, "$1"), port: url.port === "" ? standard : Number(url.port) };
}

async function watch(
  address: Address,
  { clock, report }: ConnectOptions<undefined>,
  signal: AbortSignal,
): Promise<never> {
  while (true) {
    await clock.wait(probeEveryMs, signal);
    await probe(address, signal);
    report(readings);
  }
}

/** Opens a connection and closes it again. */
async function probe({ host, port }: Address, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const socket = openSocket({ host, port, timeout: probeMs });
  const abort = (): void => void socket.destroy();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("timeout", () => reject(new PrinterError("unreachable", "the camera does not answer; is it on?")));
      socket.once("error", (error) => reject(told(error)));
      socket.once("close", () => reject(new PrinterError("unreachable", "the camera closed the connection")));
    });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    socket.on("error", () => undefined);
    socket.destroy();
  }
}

function told(cause: NodeJS.ErrnoException): PrinterError {
  const code = cause.code === undefined ? "" : ` (${cause.code})`;
  const words = `the camera cannot be reached${code}: is it on, and is \`camera.url\` right?`;
  return new PrinterError("unreachable", words, { cause });
}
