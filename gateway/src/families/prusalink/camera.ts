// The webcam of the Raspberry Pi service: its last photo, asked for once a second and carried over
// only when there is a newer one. Buddy boards have none.

import { PrinterError } from "../../model/errors.ts";
import type { CameraOptions } from "../family.ts";
import { readBody } from "./answers.ts";
import type { Connection } from "./connection.ts";
import { PrusaLinkSession } from "./session.ts";
import { Transport } from "./transport.ts";

const everyMs = 1000;
/** It has taken no picture yet: this long it may take. */
const firstPictureMs = 30_000;

/**
 * Pictures as long as PrusaLink gives some. The same picture comes again until it takes the next,
 * every ten seconds by its own default.
 * @throws PrinterError `unreachable`, `not_found` without a camera, `protocol` for what is no JPEG
 */
export async function* frames(options: CameraOptions<Connection>): AsyncGenerator<Uint8Array, never> {
  const { connection, session, signal, clock } = options;
  const transport = session instanceof PrusaLinkSession ? session.transport : new Transport(connection);
  const beganMs = clock.monotonic();
  let last: { readonly jpeg: Uint8Array; readonly modified: string | undefined } | undefined;
  while (true) {
    const headers = last?.modified === undefined ? {} : { "If-Modified-Since": last.modified };
    const response = await transport.open({
      method: "GET",
      path: "/api/v1/cameras/snap",
      signal,
      headers: { ...headers, Accept: "image/jpeg" },
      accept: [304],
    });
    const body = await readBody(response);
    if (response.statusCode === 200) last = { jpeg: jpegOf(body), modified: response.headers["last-modified"] };
    if (last !== undefined) yield last.jpeg;
    else if (clock.monotonic() - beganMs > firstPictureMs) {
      throw new PrinterError("unreachable", "PrusaLink's camera has taken no picture yet");
    }
    await clock.wait(everyMs, signal);
  }
}

function jpegOf(body: Buffer): Uint8Array {
  if (body[0] === 0xff && body[1] === 0xd8) return body;
  throw new PrinterError("protocol", "PrusaLink's camera gives pictures that are no JPEG");
}
