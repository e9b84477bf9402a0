// The inner doors of this family: what the command handlers may use of the session, what the session
// uses of the authorization, and what both use of the printer's files. Facts: the family's README.

import type { HandlerOptions, FileToSend, Media } from "../../model/commands.ts";
import type { StoredFile, Timelapse } from "../../model/file-commands.ts";
import type { CommandAccess, Readings } from "../../model/printer.ts";
import type { Model } from "./models.ts";
import type { Project } from "./files/project.ts";

/** The top-level key of a message. */
export type MessageType = "pushing" | "info" | "print" | "system" | "camera" | "xcam" | "security" | "upgrade";

export type Body = Readonly<Record<string, unknown>>;

/** The merged `print` object of the status stream, as the printer words it. */
export type Report = Body;

/** What the printer said to a request; `result` is null where it said neither. */
export interface Reply {
  readonly result: "success" | "fail" | null;
  readonly reason: string | null;
  /** `err_code` or `errno`; null where there is none. */
  readonly errorCode: number | null;
  readonly body: Body;
}

export interface RequestOptions extends Pick<HandlerOptions, "signal"> {
  /** How long to wait for the reply, ms. Default 10 000. */
  readonly timeoutMs?: number;
}

/** The one session with the printer, as its command handlers see it. */
export interface PrinterLink {
  readonly serial: string;
  readonly model: Model;
  /** `sw_ver` of the module `ota`; null until it has told. */
  readonly firmware: string | null;
  readonly access: CommandAccess;
  report(): Report;
  readings(): Readings;
  /** Plate of the running job, where its beginning was seen. Some models never report it. */
  readonly orderedPlate?: number | null;
  /** Time since the last report, ms. */
  reportAgeMs(): number;
  /**
   * Publishes one command and waits for its reply; signed where there is a key and it is needed.
   * It is sent once: never again after a reconnect, never by itself.
   * QoS 1 for all but `pushing`.
   * @returns undefined when the printer stayed silent, also because the connection broke once it was sent
   * @throws PrinterError `forbidden` with what to switch on, nothing sent, where the printer is known
   *   to be locked; `unreachable` where it could not be sent; `aborted`
   */
  request(type: MessageType, command: string, body: Body, options: RequestOptions): Promise<Reply | undefined>;
  /** True once a report shows it; false when `timeoutMs` passed or the session ended. */
  until(
    seen: (report: Report) => boolean,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<boolean>;
  /** Asks for a full report, within the model's budget. False when it is too early to ask again. */
  pushAll(): boolean;
}

/** Whether commands may go out and in which form; learns from what comes in. */
export interface Authorization {
  readonly access: CommandAccess;
  /** The message to publish. @throws PrinterError where the printer is locked and there is no key */
  envelope(type: MessageType, inner: Body): Body;
  sawReport(report: Report): void;
  /** `reply` undefined: it stayed silent. */
  sawReply(type: MessageType, command: string, reply: Reply | undefined): void;
  /** The printer echoed a command without a result, and nothing came of it: so does locked firmware. */
  sawNoEffect(type: MessageType, command: string): void;
}

/** One of the printer's filament positions by the names that the state and `slots` use. */
export interface SlotName {
  /** `id` of the unit as the printer says it: "0", "128"; `externalUnit` for the spool holder. */
  readonly unit: string;
  /** "0" to "3"; of the spool holder "0", and "1" for the one of the left nozzle. */
  readonly slot: string;
}

/** The spool holder among the material units. */
export const externalUnit = "external";

/** The printer's storage, one transfer at a time. Names are paths below its root without a leading slash. */
export interface FileStore extends AsyncDisposable {
  list(signal: AbortSignal): Promise<readonly StoredFile[]>;
  /** Half a file is never left under its name. @throws PrinterError `storage_full`, `unreachable`, … */
  upload(name: string, file: FileToSend, signal: AbortSignal): Promise<void>;
  download(name: string, signal: AbortSignal): Promise<Media>;
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** Bytes; null where there is no such file. */
  size(name: string, signal: AbortSignal): Promise<number | null>;
  /** What is in a 3MF. Kept by name, size and time, since it must be fetched for that. */
  project(name: string, signal: AbortSignal): Promise<Project>;
  thumbnail(name: string, plateNumber: number | undefined, signal: AbortSignal): Promise<Media>;
  timelapses(signal: AbortSignal): Promise<readonly Timelapse[]>;
  timelapse(id: string, signal: AbortSignal): Promise<Media>;
}
