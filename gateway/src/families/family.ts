// The contract a printer family fulfils. A family is one folder; it imports the model, the
// platform and its one protocol library, and never another family, the fleet or a surface.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type * as z from "zod";
import type { Capabilities } from "../model/capabilities.ts";
import type { CommandHandlers, CommandName, Unavailable } from "../model/commands.ts";
import type { PrinterError } from "../model/errors.ts";
import type { Identity, Readings } from "../model/printer.ts";

/** What a family may use of the house. */
export interface FamilyContext {
  /** Ends the session, or the wait for it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** A folder of this printer's own, for what must outlive the process; made by whoever writes into it. */
  readonly dataFolder: string;
}

export interface ConnectOptions<Connection> extends FamilyContext {
  readonly connection: Connection;
  /** The inventory's `camera.url`, where it names one. The fleet opens it; most families pass it over. */
  readonly cameraUrl?: string | undefined;
  /** Takes each new reading. Called again only when something changed or the printer confirmed it. */
  readonly report: (readings: Readings) => void;
  /** Takes what the printer says it is, whenever that changes. */
  readonly identify: (
    identity: Identity,
    has: Capabilities,
    /** Commands that this machine or its firmware refuses, with the reason; left out: none. */
    unavailable?: ReadonlyMap<CommandName, Unavailable>,
  ) => void;
}

/**
 * A working session with one printer. It runs until it fails or is disposed; it never reconnects.
 * Dispose is idempotent, closes what was opened and waits for work in flight.
 */
export interface Session extends AsyncDisposable {
  readonly handlers: CommandHandlers;
  /** Resolves with the reason when the session has ended by itself. Never rejects. */
  readonly ended: Promise<PrinterError>;
}

export interface CameraOptions<Connection> extends FamilyContext {
  readonly connection: Connection;
  /** The session with the same printer, where there is one just now. */
  readonly session: Session | undefined;
}

/** A camera that sends its own H.264 by RTSP, for the bridge to hand through. It carries no secret. */
export interface VideoSource {
  /** `rtsp://HOST:PORT/PATH` or `rtsps://…`, without credentials. */
  readonly url: string;
  readonly username: string | null;
  /** Key of the inventory's `connection` block that holds the password; null where there is none. */
  readonly passwordKey: string | null;
  /** SHA-256 of the certificate that was verified, lower-case hex; null without TLS, or where none is to be checked. */
  readonly certificateSha256: string | null;
}

export interface DiscoverOptions extends Pick<FamilyContext, "signal" | "clock" | "log"> {
  /** Networks to try address by address, in CIDR notation, besides what broadcasts reach. */
  readonly networks: readonly string[];
}

/** A printer on the network, as an entry for the inventory. */
export interface FoundPrinter {
  readonly name: string;
  /** What is known of its `connection` block. */
  readonly connection: Readonly<Record<string, string>>;
  /** What the operator has to add to that: key, and where it is found. */
  readonly missing: Readonly<Record<string, string>>;
  /** For the operator's eyes: model, firmware, how sure it is. */
  readonly notes: readonly string[];
}

/** A log-in by the operator's own hand, for families whose printers are known to a cloud. */
export interface LoginOptions extends Pick<FamilyContext, "signal" | "clock"> {
  /** `--NAME VALUE` of the command line; names have `_` where dashes were written. */
  readonly settings: Readonly<Record<string, string>>;
  /** One line of the operator; one that is `hidden` is not shown. @throws PrinterError `aborted` when there is none */
  readonly ask: (question: string, how?: { readonly hidden: boolean }) => Promise<string>;
  readonly tell: (words: string) => void;
}

/**
 * One family, registered in families/index.ts.
 *
 * `connect` tries once: it gives a session that has read its first status, or throws a
 * PrinterError having closed what it opened. `retryAfterMs` on that error holds the next try back.
 */
export interface Family<Connection = unknown> {
  readonly title: string;
  /** The `connection` block of the inventory. Secrets carry `.meta({ secret: true })`. */
  readonly connection: z.ZodType<Connection>;
  connect(options: ConnectOptions<Connection>): Promise<Session>;
  /**
   * Yields whole JPEG pictures from the one camera connection until it fails, with a
   * PrinterError. Left out by families without a camera.
   */
  frames?(options: CameraOptions<Connection>): AsyncIterable<Uint8Array>;
  /**
   * Where the camera's own H.264 is, for machines that have one; undefined where this machine's
   * pictures come from `frames`. Opens nothing that the camera counts as a viewer.
   * @throws PrinterError when the camera cannot be reached, is switched off or is not the right one
   */
  video?(options: CameraOptions<Connection>): Promise<VideoSource | undefined>;
  /**
   * Looks for printers on the network, each once; sends them nothing secret. Left out: it cannot.
   * @throws PrinterError `invalid_input` for what is no network; the signal's reason
   */
  discover?(options: DiscoverOptions): AsyncIterable<FoundPrinter>;
  /**
   * Logs in and gives what the operator is to keep in a file, such as a token; keeps nothing itself.
   * @throws PrinterError; the signal's reason
   */
  login?(options: LoginOptions): Promise<string>;
  /** Key of the `connection` block that names the file with what `login` gave. */
  readonly loginKey?: string;
  /** Endings of the files it prints, with their dot, in lower case: `.gcode`. Left out: it takes no files. */
  readonly fileTypes?: readonly string[];
  /** The least time between two openings of the camera after it failed, ms. Default 250. */
  readonly cameraReopenMs?: number;
}

/** Families by id, seen from outside: a connection is `unknown` here. */
export type Families = Readonly<Record<string, Family>>;

/**
 * Forgets the type of each family's connection. Sound because a connection only ever comes from
 * the schema of the family it is handed to (config/ sees to that).
 */
export function register<Connections extends Record<string, unknown>>(families: {
  readonly [Id in keyof Connections]: Family<Connections[Id]>;
}): Families {
  return families;
}
