// Publishes one H.264 track to an RTSP server over interleaved TCP: ANNOUNCE, SETUP, RECORD, then
// pictures, then TEARDOWN. It connects once; trying again is the stream's business.
// Facts: RFC 2326, and what MediaMTX v1.20 answers.

import { randomInt } from "node:crypto";
import type { Clock } from "@gantry/platform/clock";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import { RtspConnection } from "./connection.ts";
import type { RtspRequest, RtspResponse } from "./messages.ts";
import { Packetizer } from "./packetizer.ts";
import { sessionDescription, trackControl } from "./sdp.ts";

export interface PublisherOptions {
  /** `rtsp://[USER:PASS@]HOST:PORT/PATH`. */
  readonly url: string;
  readonly name: string;
  readonly parameterSets: ParameterSets;
  readonly clock: Clock;
  /** Ends the session. */
  readonly signal: AbortSignal;
  /** Pictures were left out because the server was slow; it takes them again from a key picture on. */
  readonly onKeyNeeded: () => void;
  /** Units and stamps go out as they come. */
  readonly verbatim?: boolean;
}

export interface Publisher {
  /** Why the session ended, in words. Never rejects. */
  readonly closed: Promise<string>;
  /**
   * Sends one picture taken at `capturedMs` (monotonic). Gives the bytes written; 0 when it was
   * left out because the server is behind.
   */
  send(unit: AccessUnit, capturedMs: number): number;
}

const handshakeMs = 5000;
const teardownMs = 500;
/** A server that answers nothing for so long has cut the session on its side too. */
const silenceMs = 10_000;
const probeMs = 2000;
/**
 * What may be on its way before pictures are left out. The age of an unanswered probe counts too:
 * the kernel alone swallows seconds of video, which a server that stood still would then show late.
 */
const behind = { bytes: 1024 * 1024, unsentMs: 1000, probeMs: 1500 };

/**
 * Opens a session that takes pictures.
 *
 * @throws Error in words when the server cannot be reached or refuses; the signal's reason when it
 *   aborts first
 */
export async function publish(options: PublisherOptions): Promise<Publisher> {
  const { signal, clock } = options;
  signal.throwIfAborted();
  const url = new URL(options.url);
  const connection = new RtspConnection({ host: hostOf(url), port: Number(url.port || 554), clock });
  const cut = (): void => connection.cut("it was asked to");
  signal.addEventListener("abort", cut, { once: true });
  try {
    const session = new Dialogue(connection, url);
    await connection.connected(handshakeMs);
    await session.record(sessionDescription(options.name, options.parameterSets));
    signal.throwIfAborted();
    return new RtspPublisher(options, connection, session);
  } catch (error) {
    cut();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

/** The requests of one session. */
class Dialogue {
  readonly #connection: RtspConnection;
  readonly #url: string;
  readonly #credentials: string | undefined;
  #session: string | undefined;
  #authorized = false;

  constructor(connection: RtspConnection, url: URL) {
    this.#connection = connection;
    const { username, password } = url;
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#credentials = username === "" ? undefined : `Basic ${Buffer.from(pair).toString("base64")}`;
    this.#url = `rtsp://${url.host}${url.pathname}`;
  }

  async record(sdp: string): Promise<void> {
    await this.#expect("OPTIONS", this.#url);
    await this.#expect("ANNOUNCE", this.#url, { "Content-Type": "application/sdp" }, sdp);
    const transport = "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record";
    const setup = await this.#expect("SETUP", `${this.#url}/${trackControl}`, { Transport: transport });
    this.#session = setup.headers.get("session")?.split(";")[0]?.trim();
    if (!(setup.headers.get("transport") ?? "").includes("interleaved=0-1")) {
      throw new Error("the RTSP server does not take pictures over the same connection");
    }
    await this.#expect("RECORD", this.#url, { Range: "npt=0.000-" });
  }

  /** Asks for a sign of life. */
  async probe(): Promise<void> {
    await this.#ask("OPTIONS", this.#url, {}, "", silenceMs);
  }

  async teardown(): Promise<void> {
    await this.#ask("TEARDOWN", this.#url, {}, "", teardownMs);
  }

  async #expect(method: string, url: string, headers: RtspRequest["headers"] = {}, body = ""): Promise<RtspResponse> {
    let response = await this.#ask(method, url, headers, body, handshakeMs);
    if (response.status === 401 && !this.#authorized && this.#canAuthorize(response)) {
      this.#authorized = true;
      response = await this.#ask(method, url, headers, body, handshakeMs);
    }
    if (response.status === 200) return response;
    throw new Error(`the RTSP server refused ${method}: ${response.status} ${response.words}`.trim());
  }

  #canAuthorize(response: RtspResponse): boolean {
    return this.#credentials !== undefined && /^basic\b/imu.test(response.headers.get("www-authenticate") ?? "");
  }

  async #ask(
    method: string,
    url: string,
    headers: RtspRequest["headers"],
    body: string,
    timeoutMs: number,
  ): Promise<RtspResponse> {
    const all = {
      "User-Agent": "gantry",
      ...(this.#session === undefined ? {} : { Session: this.#session }),
      ...(this.#authorized && this.#credentials !== undefined ? { Authorization: this.#credentials } : {}),
      ...headers,
    };
    return this.#connection.request({ method, url, headers: all, body }, timeoutMs);
  }
}

class RtspPublisher implements Publisher {
  readonly closed: Promise<string>;
  readonly #options: PublisherOptions;
  readonly #connection: RtspConnection;
  readonly #dialogue: Dialogue;
  readonly #packetizer: Packetizer;
  readonly #over = new AbortController();
  #probedSince: number | undefined;
  #leavingOut = false;

  constructor(options: PublisherOptions, connection: RtspConnection, dialogue: Dialogue) {
    this.#options = options;
    this.#connection = connection;
    this.#dialogue = dialogue;
    this.#packetizer = new Packetizer({
      parameterSets: options.parameterSets,
      verbatim: options.verbatim ?? false,
      ssrc: randomInt(2 ** 32),
      sequence: randomInt(2 ** 16),
      stampOffset: randomInt(2 ** 32),
    });
    this.closed = connection.closed;
    const end = (): void => void this.#teardown();
    options.signal.addEventListener("abort", end, { once: true });
    void this.#whenClosed(end);
    void this.#probe();
  }

  send(unit: AccessUnit, capturedMs: number): number {
    if (this.#over.signal.aborted || this.#options.signal.aborted) return 0;
    if (this.#isBehind()) this.#leavingOut = true;
    else if (this.#leavingOut && unit.key) this.#leavingOut = false;
    else if (this.#leavingOut) this.#options.onKeyNeeded();
    if (this.#leavingOut) return 0;
    const block = this.#packetizer.pack(unit, capturedMs);
    if (block.length > 0) this.#connection.write(block);
    return block.length;
  }

  #isBehind(): boolean {
    const now = this.#options.clock.monotonic();
    const { unsentBytes, unsentSinceMs = now } = this.#connection;
    const probeAgeMs = now - (this.#probedSince ?? now);
    return unsentBytes > behind.bytes || now - unsentSinceMs > behind.unsentMs || probeAgeMs > behind.probeMs;
  }

  async #probe(): Promise<void> {
    const { clock } = this.#options;
    try {
      for (;;) {
        await clock.wait(probeMs, this.#over.signal);
        this.#probedSince = clock.monotonic();
        await this.#dialogue.probe();
        this.#probedSince = undefined;
      }
    } catch (error) {
      this.#connection.cut(error instanceof Error ? error.message : String(error));
    }
  }

  async #whenClosed(end: () => void): Promise<void> {
    await this.closed;
    this.#over.abort();
    this.#options.signal.removeEventListener("abort", end);
  }

  async #teardown(): Promise<void> {
    await this.#dialogue.teardown().catch(() => undefined);
    this.#connection.cut("it was asked to");
  }
}

/** `URL` keeps the brackets of an IPv6 address. */
function hostOf(url: URL): string {
  return url.hostname.replaceAll(/^\[|\]$/gu, "");
}
