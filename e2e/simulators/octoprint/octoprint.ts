// One simulated OctoPrint: its machine, files and settings, what it counts, and the knobs that faults
// turn. It knows no wire.

import { randomBytes } from "node:crypto";
import type { Journal } from "../admin/journal.ts";
import { FileSystem, type StoredFile } from "./files.ts";
import { Machine, type EventSink, type Selection } from "./machine.ts";
import type { Release } from "./releases.ts";

export const ports = ["/dev/ttyACM0", "VIRTUAL"];
export const baudrates = [250_000, 230_400, 115_200, 57_600, 38_400, 19_200, 9600];

/** What is wrong with it just now. */
export interface Knobs {
  keyRevoked: boolean;
  /** The key's user may neither read settings and profiles nor see system commands. */
  fewRights: boolean;
  /** Nothing is answered. */
  silent: boolean;
  /** Requests to change something are obeyed, and their answer never comes. */
  answersLost: boolean;
  answerDelayMs: number;
  /** A proxy answers this in its place; 0 is off. */
  proxyStatus: number;
  loginsLimited: boolean;
  pushRefused: boolean;
  /** Sockets stay open and say nothing. */
  pushSilent: boolean;
  webcam: "stream" | "snapshot" | "webrtc" | "none";
}

export class OctoPrint {
  readonly machine: Machine;
  readonly files = new FileSystem();
  readonly counters = { requests: 0, sockets: 0, logins: 0 };
  readonly knobs: Knobs = {
    keyRevoked: false,
    fewRights: false,
    silent: false,
    answersLost: false,
    answerDelayMs: 0,
    proxyStatus: 0,
    loginsLimited: false,
    pushRefused: false,
    pushSilent: false,
    webcam: "stream",
  };
  readonly sessions = new Set<string>();
  readonly #sinks = new Set<EventSink>();
  readonly release: Release;
  readonly apiKey: string;
  readonly journal: Journal;
  readonly webcamUrl: () => string;

  constructor(options: { release: Release; apiKey: string; journal: Journal; webcamUrl: () => string }) {
    this.release = options.release;
    this.apiKey = options.apiKey;
    this.journal = options.journal;
    this.webcamUrl = options.webcamUrl;
    this.machine = new Machine((type, payload) => this.emit(type, payload), ["tool0", "bed"]);
  }

  emit: EventSink = (type, payload) => {
    for (const sink of this.#sinks) sink(type, payload);
  };

  listen(sink: EventSink): Disposable {
    this.#sinks.add(sink);
    return { [Symbol.dispose]: () => this.#sinks.delete(sink) };
  }

  /** A session for the push socket. */
  login(): string {
    const session = randomBytes(32).toString("hex");
    this.sessions.add(session);
    this.counters.logins += 1;
    return session;
  }

  /** What a path selects; undefined where there is no such file. */
  selection(origin: string, path: string): Selection | undefined {
    const nothing = { completion: null, printSeconds: 0 };
    if (origin === "sdcard") {
      const onCard = this.files.card.find((file) => file.path === path);
      return onCard && { file: undefined, path, origin, size: onCard.size, ...nothing };
    }
    const file: StoredFile | undefined = this.files.get(path);
    return file && { file, path, origin: "local", size: file.content.length, ...nothing };
  }
}
