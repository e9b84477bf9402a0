// One RTSP connection: answers its requests one after the other and sends it the pictures. It knows of
// TLS, of the encoder's start and of counting only through its host. RFC 2326; media as RTP in the
// same connection, nothing else.

import { randomBytes, randomInt } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { userName } from "../service.ts";
import type { Encoder } from "./encoder.ts";
import type { AccessUnit, ParameterSets } from "./flv.ts";
import { Login } from "./login.ts";
import { Packetizer } from "./packets.ts";
import { RequestReader, type RtspRequest } from "./requests.ts";

/** What the connection needs of its camera. */
export interface ConnectionHost {
  readonly accessCode: () => string;
  readonly knobs: { readonly stalled: boolean; readonly frozenClock: boolean };
  /** The encoder that runs, or one that is started now; it runs until `letGo`. */
  readonly hold: (by: RtspConnection) => Encoder;
  readonly letGo: (by: RtspConnection) => void;
  readonly log: (details: Readonly<Record<string, unknown>>) => void;
  readonly loginRefused: () => void;
  readonly playing: (connection: RtspConnection, plays: boolean) => void;
}

type Headers = Readonly<Record<string, string>>;

const path = "/streaming/live/1";
const track = "track1";
const methods = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN";
/** Of connections that watch nothing. */
const idleMs = 60_000;
const mostWrongLogins = 3;
/** More than this waiting for a slow viewer, and it misses pictures until the next IDR. */
const backlogBytes = 2 * 1024 * 1024;
const clockHz = 90_000;

export class RtspConnection implements Disposable {
  readonly #socket: TLSSocket;
  readonly #host: ConnectionHost;
  readonly #reader = new RequestReader();
  readonly #login = new Login();
  readonly #session = randomBytes(4).toString("hex").toUpperCase();
  readonly #clockStart = randomInt(2 ** 31);
  #answered: Promise<void> = Promise.resolve();
  #loggedIn = false;
  #wrongLogins = 0;
  #packetizer: Packetizer | undefined;
  #watch: Disposable | undefined;

  constructor(socket: TLSSocket, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    socket.on("error", () => {});
    socket.setNoDelay(true);
    socket.setTimeout(idleMs, () => {
      if (this.#watch === undefined) socket.destroy();
    });
    socket.on("data", (piece: Buffer) => this.#read(piece));
    socket.once("close", () => this.#stop());
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #read(piece: Buffer): void {
    try {
      for (const request of this.#reader.push(piece)) this.#answered = this.#inTurn(this.#answered, request);
    } catch {
      // What follows cannot be read any more.
      this.#socket.destroy();
    }
  }

  async #inTurn(earlier: Promise<void>, request: RtspRequest): Promise<void> {
    await earlier;
    if (this.#socket.destroyed) return;
    this.#host.log({ request: `${request.method} ${pathOf(request.url) ?? "?"}` });
    await this.#answer(request);
  }

  async #answer(request: RtspRequest): Promise<void> {
    if (request.method === "OPTIONS") {
      this.#reply(request, "200 OK", { Public: methods });
      return;
    }
    if (!this.#mayEnter(request)) return;
    switch (request.method) {
      case "DESCRIBE":
        await this.#describe(request);
        return;
      case "SETUP":
        this.#setUp(request);
        return;
      case "PLAY":
        await this.#play(request);
        return;
      case "GET_PARAMETER":
      case "SET_PARAMETER":
        this.#reply(request, "200 OK", { Session: this.#session });
        return;
      case "TEARDOWN":
        this.#reply(request, "200 OK", { Session: this.#session });
        this.#stop();
        return;
      default:
        this.#reply(request, "405 Method Not Allowed", { Allow: methods });
    }
  }

  /** Once a connection has shown that it knows the code, it is believed. */
  #mayEnter(request: RtspRequest): boolean {
    if (this.#loggedIn) return true;
    const authorization = request.headers.get("authorization");
    if (authorization !== undefined) {
      const { accessCode, loginRefused } = this.#host;
      this.#loggedIn = this.#login.accepts(authorization, request.method, userName, accessCode());
      if (this.#loggedIn) return true;
      this.#wrongLogins += 1;
      loginRefused();
    }
    const challenges = this.#login.challenges.map((challenge) => `WWW-Authenticate: ${challenge}\r\n`).join("");
    this.#reply(request, "401 Unauthorized", {}, { extraHead: challenges });
    if (this.#wrongLogins >= mostWrongLogins) this.#socket.end();
    return false;
  }

  async #describe(request: RtspRequest): Promise<void> {
    if (pathOf(request.url) !== path) {
      this.#reply(request, "404 Stream Not Found");
      return;
    }
    const sets = await this.#parameterSets();
    if (sets === undefined) {
      this.#reply(request, "503 Service Unavailable");
      return;
    }
    const base = request.url.endsWith("/") ? request.url : `${request.url}/`;
    const head = { "Content-Base": base, "Content-Type": "application/sdp" };
    this.#reply(request, "200 OK", head, { body: sdpOf(sets) });
  }

  #setUp(request: RtspRequest): void {
    const transport = request.headers.get("transport") ?? "";
    const channels = /interleaved=(\d{1,3})-(\d{1,3})/i.exec(transport);
    if (!/RTP\/AVP\/TCP/i.test(transport)) {
      this.#reply(request, "461 Unsupported Transport");
    } else if (pathOf(request.url) !== `${path}/${track}`) {
      this.#reply(request, "404 Stream Not Found");
    } else {
      const [first, second] = [Number(channels?.[1] ?? 0) & 0xff, Number(channels?.[2] ?? 1) & 0xff];
      const chosen = `RTP/AVP/TCP;unicast;interleaved=${first}-${second}`;
      this.#packetizer = new Packetizer(first);
      this.#reply(request, "200 OK", { Transport: chosen, Session: `${this.#session};timeout=65` });
    }
  }

  async #play(request: RtspRequest): Promise<void> {
    const packetizer = this.#packetizer;
    const sets = packetizer === undefined ? undefined : await this.#parameterSets();
    if (packetizer === undefined) this.#reply(request, "455 Method Not Valid in This State");
    else if (sets === undefined) this.#reply(request, "503 Service Unavailable");
    else {
      const rtptime = this.#timestampAt(performance.now()) % 2 ** 32;
      const url = request.url.replace(/\/*$/, `/${track}`);
      const info = `url=${url};seq=${packetizer.sequence};rtptime=${rtptime}`;
      this.#reply(request, "200 OK", { Session: this.#session, Range: "npt=0.000-", "RTP-Info": info });
      this.#start(packetizer, sets);
    }
  }

  #start(packetizer: Packetizer, sets: ParameterSets): void {
    if (this.#watch !== undefined || this.#socket.destroyed) return;
    let waitsForKey = true;
    const send = (unit: AccessUnit, capturedMs: number): void => {
      if (this.#host.knobs.stalled) return;
      if (this.#socket.writableLength > backlogBytes) waitsForKey = true;
      else if (unit.isKey) waitsForKey = false;
      if (waitsForKey) return;
      this.#socket.write(packetizer.packets(unit, sets, this.#timestampAt(capturedMs)));
    };
    this.#watch = this.#host.hold(this).listen(send);
    this.#host.playing(this, true);
  }

  #timestampAt(capturedMs: number): number {
    const elapsed = this.#host.knobs.frozenClock ? 0 : Math.round((capturedMs * clockHz) / 1000);
    return this.#clockStart + elapsed;
  }

  async #parameterSets(): Promise<ParameterSets | undefined> {
    try {
      return await this.#host.hold(this).parameterSets;
    } catch {
      return undefined;
    }
  }

  #stop(): void {
    this.#packetizer = undefined;
    if (this.#watch !== undefined) this.#host.playing(this, false);
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#host.letGo(this);
  }

  #reply(
    request: RtspRequest,
    status: string,
    headers: Headers = {},
    { body = "", extraHead = "" }: { readonly body?: string; readonly extraHead?: string } = {},
  ): void {
    const all = { CSeq: request.headers.get("cseq") ?? "0", Date: new Date().toUTCString(), ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const length = body === "" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    if (this.#socket.writable) {
      this.#socket.write(`RTSP/1.0 ${status}\r\n${lines.join("")}${extraHead}${length}\r\n${body}`);
    }
  }
}

/** Whatever host a relay or a player has written before it. */
function pathOf(url: string): string | undefined {
  return /^rtsps?:\/\/[^/]*(\/[^?#]*?)\/?(?:[?#].*)?$/i.exec(url)?.[1];
}

function sdpOf({ sps, pps }: ParameterSets): string {
  const profile = sps.toString("hex", 1, 4);
  const sprop = `${sps.toString("base64")},${pps.toString("base64")}`;
  const lines = [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=Streaming Server",
    "t=0 0",
    "a=control:*",
    "m=video 0 RTP/AVP 96",
    "c=IN IP4 0.0.0.0",
    "a=rtpmap:96 H264/90000",
    `a=fmtp:96 packetization-mode=1;profile-level-id=${profile};sprop-parameter-sets=${sprop}`,
    `a=control:${track}`,
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}
