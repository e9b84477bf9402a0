// The camera of X1 and H2: H.264 by RTSP in TLS, at /streaming/live/1. It listens, counts, and lets an
// encoder run while somebody wants its pictures; what is said on a connection is in rtsp/.

import { createServer } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { FrameSource } from "../picture/frame-source.ts";
import { RtspConnection } from "./rtsp/connection.ts";
import { Encoder } from "./rtsp/encoder.ts";
import type { ServiceOptions } from "./service.ts";
import { TcpService } from "./tcp-service.ts";

export interface RtspsKnobs {
  /** "LAN Only Liveview"; off, the port takes connections and closes them at once. */
  enabled: boolean;
  /** Plays are cut so long after their start, ms. */
  dropAfterMs: number | undefined;
  /** Streams stay open and nothing comes. */
  stalled: boolean;
  /** The RTP clock stands still, as on the P2S. */
  frozenClock: boolean;
}

export interface RtspsCounters {
  /** Those that play. */
  readonly viewers: { current: number; peak: number; total: number };
  wrongLogins: number;
  /** Plays that `dropAfterMs` has cut. */
  dropped: number;
  /** Encoders that run. */
  encoders: number;
}

export class RtspsCamera extends TcpService<TLSSocket> {
  readonly knobs: RtspsKnobs;
  readonly counters: RtspsCounters = {
    viewers: { current: 0, peak: 0, total: 0 },
    wrongLogins: 0,
    dropped: 0,
    encoders: 0,
  };
  readonly #options: ServiceOptions & { readonly source: FrameSource };
  readonly #connections = new Set<RtspConnection>();
  /** Those that want the encoder to run. */
  readonly #holders = new Set<RtspConnection>();
  readonly #cuts = new Map<RtspConnection, NodeJS.Timeout>();
  #encoder: Encoder | undefined;
  #encodersEnd: Promise<unknown> = Promise.resolve();

  /** Does not listen yet. `source` should make 1280x720 at 15 fps; it is asked only while somebody watches. */
  constructor(options: ServiceOptions & { readonly source: FrameSource }) {
    const knobs: RtspsKnobs = { enabled: true, dropAfterMs: undefined, stalled: false, frozenClock: false };
    super(options, (serve) => {
      const tls = createTlsServer(options.tls, serve);
      return createServer((socket) => {
        if (knobs.enabled) tls.emit("connection", socket);
        else socket.destroy();
      });
    });
    this.knobs = knobs;
    this.#options = options;
  }

  /** Refuses from now on, ends every session, with RST or FIN, and waits for the encoder's end. */
  override async close(how: "reset" | "end"): Promise<void> {
    await super.close(how);
    this.drop();
    this.#holders.clear();
    this.#rest();
    await this.#encodersEnd;
  }

  /** Ends the sessions that run. Call it after `knobs.enabled = false` too. */
  drop(): void {
    for (const connection of this.#connections) connection[Symbol.dispose]();
  }

  protected override serve(socket: TLSSocket): void {
    const connection = new RtspConnection(socket, {
      accessCode: this.#options.accessCode,
      knobs: this.knobs,
      hold: (by) => this.#hold(by),
      letGo: (by) => this.#letGo(by),
      log: (details) => this.#options.journal.add("camera", details),
      loginRefused: () => {
        this.counters.wrongLogins += 1;
      },
      playing: (by, plays) => this.#count(by, plays),
    });
    this.#connections.add(connection);
    socket.once("close", () => this.#connections.delete(connection));
  }

  #hold(by: RtspConnection): Encoder {
    this.#holders.add(by);
    if (this.#encoder !== undefined) return this.#encoder;
    const encoder = new Encoder(this.#options.source);
    this.#encoder = encoder;
    this.counters.encoders += 1;
    this.#encodersEnd = Promise.all([this.#encodersEnd, this.#endOf(encoder)]);
    return encoder;
  }

  /** One that dies by itself takes the sessions with it; the next viewer gets a new one. */
  async #endOf(encoder: Encoder): Promise<void> {
    await encoder.ended;
    this.counters.encoders -= 1;
    if (this.#encoder !== encoder) return;
    this.#rest();
    for (const holder of this.#holders) holder[Symbol.dispose]();
  }

  #letGo(by: RtspConnection): void {
    this.#holders.delete(by);
    if (this.#holders.size === 0) this.#rest();
  }

  #rest(): void {
    const encoder = this.#encoder;
    this.#encoder = undefined;
    void encoder?.[Symbol.asyncDispose]();
  }

  #count(connection: RtspConnection, plays: boolean): void {
    const { viewers } = this.counters;
    viewers.current += plays ? 1 : -1;
    clearTimeout(this.#cuts.get(connection));
    this.#cuts.delete(connection);
    if (!plays) return;
    viewers.total += 1;
    viewers.peak = Math.max(viewers.peak, viewers.current);
    const { dropAfterMs } = this.knobs;
    if (dropAfterMs !== undefined)
      this.#cuts.set(
        connection,
        setTimeout(() => this.#cut(connection), dropAfterMs),
      );
  }

  #cut(connection: RtspConnection): void {
    this.counters.dropped += 1;
    connection[Symbol.dispose]();
  }
}
