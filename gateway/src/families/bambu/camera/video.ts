// Where the camera of X1, P2S, X2D and H2 sends its H.264, for the bridge. It looks at the certificate
// and leaves again: without an RTSP request the camera counts no viewer.

import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { TLSSocket } from "node:tls";
import { PrinterError } from "../../../model/errors.ts";
import type { CameraOptions, VideoSource } from "../../family.ts";
import { cameraOf } from "./camera-kind.ts";
import { openCamera } from "./camera-socket.ts";
import { demandLan, type Connection } from "../connection.ts";
import { fingerprint, printerTls } from "../trust/trust.ts";

/** A camera that is switched off closes within this time; one that is on waits for a request. */
const patienceMs = 700;

/**
 * The camera's address, and the certificate that was checked there by the inventory's `tls`.
 * @returns undefined for a model whose pictures are JPEGs
 * @throws PrinterError `wrong_phase` when the camera is switched off at the printer; `printer_auth` for
 *   a wrong certificate; `unreachable`
 */
export async function video(options: CameraOptions<Connection>): Promise<VideoSource | undefined> {
  const { session, signal, log, dataFolder } = options;
  const connection = demandLan(options.connection);
  const { kind, port } = cameraOf(connection, session);
  if (kind === "jpeg") return undefined;
  const { host } = connection;
  const tls = printerTls(connection, { port, dataFolder, log });
  await using camera = await openCamera({ host, port, tls, signal }).catch((error: unknown) => {
    throw isClosedDoor(error) ? switchedOff(error) : error;
  });
  const seen = fingerprint(camera.socket);
  if (await closesAtOnce(camera.socket, options)) throw switchedOff();
  return {
    url: `rtsps://${isIPv6(host) ? `[${host}]` : host}:${port}/streaming/live/1`,
    username: "bblp",
    passwordKey: "access_code",
    certificateSha256: connection.tls === "insecure" ? null : seen,
  };
}

async function closesAtOnce(socket: TLSSocket, { clock, signal }: CameraOptions<Connection>): Promise<boolean> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  socket.resume(); // or its end is not noticed
  try {
    return await Promise.race([
      once(socket, "close", { signal: either }).then(() => true),
      clock.wait(patienceMs, either).then(() => false),
    ]);
  } finally {
    over.abort();
  }
}

/** Refused, or closed within the handshake. A wrong certificate, or nobody at the address, is another matter. */
function isClosedDoor(thrown: unknown): boolean {
  if (!(thrown instanceof PrinterError) || thrown.code !== "unreachable") return false;
  return ["ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(
    (thrown.cause as NodeJS.ErrnoException | undefined)?.code ?? "",
  );
}

function switchedOff(cause?: unknown): PrinterError {
  const words = 'the camera is closed; switch on "LAN Only Liveview" on the printer\'s screen (Settings > LAN Only)';
  return new PrinterError("wrong_phase", words, cause === undefined ? {} : { cause });
}
