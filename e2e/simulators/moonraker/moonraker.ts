// Moonraker itself: who may ask, what it keeps beside Klipper, and who hears of a change. The
// sockets are sockets.ts, the HTTP routes web.ts.

import type { Journal } from "../admin/journal.ts";
import { Files } from "./files.ts";
import { History } from "./history.ts";
import { Klippy } from "./klippy.ts";

/** What the faults turn. */
export interface Knobs {
  /** Sockets stay open, nothing is answered or pushed. */
  silent: boolean;
  /** Sockets stay open and requests are answered, nothing is pushed. */
  deadPushes: boolean;
  /** The key that was good is no longer. */
  keyRevoked: boolean;
  /** Method → what happens to its next answers. */
  lost: Set<string>;
  refused: Map<string, string>;
  late: Map<string, number>;
  /** HTTP status of every upload; 0: they are taken. */
  uploadStatus: number;
}

export interface MoonrakerOptions {
  readonly apiKey: string;
  readonly journal: Journal;
  /** Address of the webcam: `http://HOST:PORT`. */
  readonly webcam: () => string;
}

export class Moonraker {
  readonly files = new Files();
  readonly history: History;
  readonly klippy: Klippy;
  readonly journal: Journal;
  readonly counters = { sockets: 0, requests: 0, unknownMethods: 0, unauthorized: 0, uploads: 0 };
  readonly knobs: Knobs = {
    silent: false,
    deadPushes: false,
    keyRevoked: false,
    lost: new Set(),
    refused: new Map(),
    late: new Map(),
    uploadStatus: 0,
  };
  readonly power = [
    { device: "printer", status: "on", locked_while_printing: true, type: "gpio" },
    { device: "shed light", status: "off", locked_while_printing: false, type: "tasmota" },
  ];
  /** Kind of the webcam, as its owner configured it. */
  webcamService = "mjpegstreamer";
  readonly #options: MoonrakerOptions;
  readonly #listeners = new Set<(method: string, params: readonly unknown[]) => void>();

  constructor(options: MoonrakerOptions) {
    this.#options = options;
    this.journal = options.journal;
    this.history = new History((action, job) => this.notify("notify_history_changed", { action, job }));
    this.klippy = new Klippy({
      files: this.files,
      history: this.history,
      tell: (event) => this.notify(`notify_klippy_${event}`),
      say: (line) => this.notify("notify_gcode_response", line),
    });
  }

  /** Whether a request with this `X-Api-Key` may be answered. */
  isAllowed(key: string | undefined): boolean {
    const allowed = !this.knobs.keyRevoked && key === this.#options.apiKey;
    if (!allowed) this.counters.unauthorized += 1;
    return allowed;
  }

  webcams(): unknown[] {
    const base = this.#options.webcam();
    const about = { enabled: true, location: "printer", target_fps: 10, flip_horizontal: false, rotation: 0 };
    const service = this.webcamService;
    const stream = service === "mjpegstreamer" ? `${base}/stream` : `${base}/webrtc`;
    return [
      { name: "off", ...about, enabled: false, service: "mjpegstreamer", stream_url: "/off", snapshot_url: "" },
      { name: "shed", ...about, service, stream_url: stream, snapshot_url: `${base}/snapshot.jpg` },
    ];
  }

  notify(method: string, ...params: readonly unknown[]): void {
    for (const listener of this.#listeners) listener(method, params);
  }

  listen(listener: (method: string, params: readonly unknown[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
