// One session with a camera that speaks RTSP, as its only viewer: DESCRIBE, SETUP, PLAY over one TCP
// connection, with or without TLS, then its coded pictures. It connects once; trying again is
// ./video-camera.ts's business. Node reads the camera itself, and not MediaMTX: so the reason of a failure
// is known and not guessed from a log, no server is handed a password, and a session with viewers outlives
// one with the camera. Facts: RFC 2326, and what cameras do.

import type { Clock } from "@gantry/platform/clock";
import { RtspConnection } from "../rtsp/connection.ts";
import type { RtspRequest, RtspResponse } from "../rtsp/messages.ts";
import { answerTo, type Authorize, type Credentials } from "./authorization.ts";
import { Depacketizer, type CodedPicture } from "./depacketizer.ts";
import { describeVideo, type VideoTrack } from "./description.ts";
import { VideoFault } from "./fault.ts";

/** Where a camera's video is, and how to ask for it. Holds a secret. */
export interface VideoTarget {
  /** `rtsp://…` or `rtsps://…`, without credentials. */
  readonly url: string;
  readonly credentials: Credentials | undefined;
  /** SHA-256 of the only certificate that is taken, lower-case hex; "any", or "trusted" by the usual authorities. */
  readonly certificate: "any" | "trusted" | { readonly sha256: string };
}

export interface RtspCameraOptions {
  readonly target: VideoTarget;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The session plays, and these pictures will follow. */
  readonly onTrack: (track: VideoTrack) => void;
  readonly onPicture: (picture: CodedPicture) => void;
}

const answerMs = 5000;
/** Connected, and no picture for so long: it is opened again. */
const silenceMs = 8000;
const teardownMs = 300;
/** Cameras end a session that asks nothing for their time-out, which is at least this. */
const usualTimeoutSeconds = 30;

/**
 * Plays until it fails or the signal aborts.
 * @throws VideoFault with the reason; the signal's reason when it aborts
 */
export async function playCamera(options: RtspCameraOptions): Promise<never> {
  const { target, clock, signal } = options;
  signal.throwIfAborted();
  const url = new URL(target.url);
  const state = { pictureMs: clock.monotonic(), depacketizer: undefined as Depacketizer | undefined };
  const certificate = { fault: undefined as VideoFault | undefined };
  const connection = new RtspConnection({
    host: url.hostname.replaceAll(/^\[|\]$/gu, ""),
    port: Number(url.port || (url.protocol === "rtsps:" ? 322 : 554)),
    clock,
    who: "the camera",
    ...(url.protocol === "rtsps:" ? { tls: tlsOf(target, certificate) } : {}),
    onBlock: (channel, bytes) => {
      if (channel === 0) state.depacketizer?.push(bytes);
    },
  });
  const cut = (): void => connection.cut("it was asked to");
  signal.addEventListener("abort", cut, { once: true });
  const dialogue = new Dialogue(connection, target);
  try {
    await connection.connected(answerMs);
    const track = await dialogue.play();
    state.depacketizer = new Depacketizer(track.payloadType, (picture) => {
      state.pictureMs = clock.monotonic();
      options.onPicture(picture);
    });
    options.onTrack(track);
    throw await watch(connection, dialogue, state, clock);
  } catch (error) {
    signal.throwIfAborted();
    throw certificate.fault ?? tlsFault(error) ?? VideoFault.from(error);
  } finally {
    signal.removeEventListener("abort", cut);
    await dialogue.teardown();
    cut();
  }
}

/** Asks for a sign of life now and then; gives the reason when the session is over. */
async function watch(
  connection: RtspConnection,
  dialogue: Dialogue,
  state: { readonly pictureMs: number },
  clock: Clock,
): Promise<Error> {
  const over = new AbortController();
  const silent = async (): Promise<Error> => {
    for (let askedMs = clock.monotonic(); !over.signal.aborted;) {
      await clock.wait(1000, over.signal);
      if (clock.monotonic() - state.pictureMs > silenceMs) {
        return new VideoFault("silent", "the camera is connected and sends no pictures");
      }
      if (clock.monotonic() - askedMs < dialogue.keepAliveMs) continue;
      askedMs = clock.monotonic();
      await dialogue.keepAlive();
    }
    return new Error("over");
  };
  const asking = silent().catch((error: unknown) => VideoFault.from(error));
  const closed = connection.closed.then((reason) => new VideoFault("unreachable", reason));
  try {
    return await Promise.race([closed, asking]);
  } finally {
    over.abort();
  }
}

/** The requests of one session. */
class Dialogue {
  readonly #connection: RtspConnection;
  readonly #url: string;
  readonly #credentials: Credentials | undefined;
  #authorize: Authorize | undefined;
  #session: string | undefined;
  #sessionUrl: string;
  #keepAliveWith = "OPTIONS";
  keepAliveMs = (usualTimeoutSeconds * 1000) / 2;

  constructor(connection: RtspConnection, target: VideoTarget) {
    this.#connection = connection;
    this.#url = target.url;
    this.#sessionUrl = target.url;
    this.#credentials = target.credentials;
  }

  async play(): Promise<VideoTrack> {
    const { headers } = await this.#ask("OPTIONS", this.#url, {});
    if (/\bGET_PARAMETER\b/u.test(headers.get("public") ?? "")) this.#keepAliveWith = "GET_PARAMETER";
    const described = await this.#expect("DESCRIBE", this.#url, { Accept: "application/sdp" });
    this.#sessionUrl = this.#ownUrl(described.headers.get("content-base") ?? this.#url);
    const found = describeVideo(described.body, this.#sessionUrl);
    const track = { ...found, control: this.#ownUrl(found.control) };
    const transport = "RTP/AVP/TCP;unicast;interleaved=0-1";
    const setup = await this.#expect("SETUP", track.control, { Transport: transport });
    if (!/interleaved=0-1\b/u.test(setup.headers.get("transport") ?? "")) {
      throw new VideoFault("refused", "the camera does not send its pictures over TCP");
    }
    this.#keepSession(setup.headers.get("session") ?? "");
    await this.#expect("PLAY", this.#sessionUrl, { Range: "npt=0.000-" });
    return track;
  }

  async keepAlive(): Promise<void> {
    await this.#ask(this.#keepAliveWith, this.#sessionUrl, {});
  }

  async teardown(): Promise<void> {
    if (this.#session === undefined) return;
    await this.#ask("TEARDOWN", this.#sessionUrl, {}, teardownMs).catch(() => undefined);
  }

  /** The camera may give its address as it knows itself, without the way that leads to it. */
  #ownUrl(given: string): string {
    const own = new URL(this.#url);
    const url = URL.parse(given);
    if (url === null) return this.#url;
    return `${own.protocol}//${own.host}${url.pathname}${url.search}`;
  }

  #keepSession(header: string): void {
    this.#session = header.split(";")[0]?.trim();
    const seconds = Number(/timeout=(\d{1,6})/u.exec(header)?.[1] ?? usualTimeoutSeconds);
    this.keepAliveMs = (Math.max(4, Math.min(seconds, 60)) * 1000) / 2;
  }

  async #expect(method: string, url: string, headers: RtspRequest["headers"]): Promise<RtspResponse> {
    let response = await this.#ask(method, url, headers);
    if (response.status === 401 && this.#canAnswer(response)) response = await this.#ask(method, url, headers);
    if (response.status === 200) return response;
    throw this.#refusal(method, response);
  }

  /** A challenge is answered once, and once more where the camera says that only its nonce is stale. */
  #canAnswer({ headers }: RtspResponse): boolean {
    const challenges = (headers.get("www-authenticate") ?? "").split("\n");
    const isStale = challenges.some((challenge) => /stale\s*=\s*"?true/iu.test(challenge));
    if (this.#credentials === undefined || (this.#authorize !== undefined && !isStale)) return false;
    this.#authorize = answerTo(challenges, this.#credentials);
    return this.#authorize !== undefined;
  }

  #refusal(method: string, { status, words }: RtspResponse): VideoFault {
    if (status === 401 && this.#credentials === undefined) {
      return new VideoFault("auth", "the camera asks for a username and password");
    }
    if (status === 401 || status === 403) {
      return new VideoFault("auth", "the camera refuses the username or the password");
    }
    if (status === 404) return new VideoFault("refused", "the camera has no video at this address (404)");
    if (status === 453 || status === 503) return new VideoFault("refused", `the camera is busy (${status})`);
    return new VideoFault("refused", `the camera refused ${method}: ${status} ${words}`.trim());
  }

  async #ask(
    method: string,
    url: string,
    headers: RtspRequest["headers"],
    timeoutMs = answerMs,
  ): Promise<RtspResponse> {
    const all = {
      "User-Agent": "gantry",
      ...(this.#session === undefined ? {} : { Session: this.#session }),
      ...(this.#authorize === undefined ? {} : { Authorization: this.#authorize(method, url) }),
      ...headers,
    };
    return this.#connection.request({ method, url, headers: all }, timeoutMs);
  }
}

type Tls = NonNullable<ConstructorParameters<typeof RtspConnection>[0]["tls"]>;

function tlsOf({ certificate }: VideoTarget, found: { fault: VideoFault | undefined }): Tls {
  return {
    options: { rejectUnauthorized: certificate === "trusted" },
    verify: (sha256) => {
      if (typeof certificate === "string" || certificate.sha256 === sha256) return;
      found.fault = new VideoFault(
        "certificate",
        `the camera shows another certificate than the one expected; the one shown has the SHA-256 ${sha256}`,
      );
      throw found.fault;
    },
  };
}

/** OpenSSL's words for a certificate that is not trusted. */
function tlsFault(error: unknown): VideoFault | undefined {
  const words = error instanceof Error ? error.message : "";
  if (!/certificate|altnames|self.signed/iu.test(words)) return undefined;
  const what = words.slice(words.lastIndexOf(": ") + 1).trim();
  return new VideoFault(
    "certificate",
    `the camera's certificate is not trusted (${what}); camera.certificate_sha256 names the one to be taken`,
  );
}
