// What surfaces may do with the printers: read them, listen, ask for a command, look through a
// camera. The one implementation is ./supervisor.ts and its neighbours.

import type { InventoryStatus } from "@gantry/config";
import type { Capabilities } from "../model/capabilities.ts";
import type { CommandName, FileToSend, Media, Unavailable } from "../model/commands.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { JsonObject } from "../model/document.ts";
import type { PrinterEvent } from "../model/events.ts";
import type { Identity, PrinterState } from "../model/printer.ts";
import type { CameraHub } from "../camera/hub.ts";
import type { VideoSource } from "../families/family.ts";

/** A printer as it is now. Immutable; a new object whenever anything changed. */
export interface Printer {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly identity: Identity;
  /** True when the inventory allows changing commands. */
  readonly control: boolean;
  /** What the machine has; empty before it was first reached. */
  readonly has: Capabilities;
  /** Endings of the files it prints, with their dot, in lower case; empty where it takes no files. */
  readonly fileTypes: readonly string[];
  /** The commands that can be asked of it: observing ones, and changing ones where control is on. */
  readonly commands: ReadonlySet<CommandName>;
  /** Commands that it refuses for a reason of its own. Those it refuses just now stay among `commands`. */
  readonly unavailable: ReadonlyMap<CommandName, Unavailable>;
  readonly state: PrinterState;
}

export type FleetEvent =
  | { readonly type: "state"; readonly printer: Printer }
  | { readonly type: "event"; readonly event: PrinterEvent }
  /** A command was asked and answered, or refused. */
  | {
      readonly type: "command";
      readonly printer: string;
      readonly command: CommandName;
      readonly surface: CommandRequest["surface"];
      /** What the printer did, or the code of the error; `dry_run` where nothing was to be sent. */
      readonly result: "acknowledged" | "unconfirmed" | "dry_run" | ErrorCode;
      readonly seconds: number;
    }
  /** The inventory changed: printers came, went or changed their entry. */
  | { readonly type: "inventory" };

export interface CommandRequest {
  readonly printer: string;
  readonly command: CommandName;
  /** Checked against the command's row. */
  readonly input: unknown;
  /** Which surface asks, for the audit line and the metrics. */
  readonly surface: "rest" | "mcp" | "mqtt" | "ui";
  /** Check everything and send nothing. */
  readonly dryRun?: boolean;
  /** The file, for a command whose row takes one. The caller removes it afterwards. */
  readonly file?: FileToSend;
  readonly signal?: AbortSignal;
}

/** How a command went: its output or bytes once the printer acknowledged, or silence. */
export type CommandAnswer =
  | { readonly kind: "output"; readonly output: JsonObject }
  | { readonly kind: "media"; readonly media: Media }
  /** It was sent and the printer stayed silent: what the machine did is unknown. */
  | { readonly kind: "unconfirmed" }
  | { readonly kind: "dry_run" };

export type { InventoryStatus } from "@gantry/config";
export type { VideoSource } from "../families/family.ts";

export interface Fleet {
  /** In the order of the inventory. */
  list(): readonly Printer[];
  /** @throws PrinterError `not_found` */
  get(id: string): Printer;
  /** @throws PrinterError `not_found`, also where the printer has no camera */
  camera(id: string): CameraHub;
  /**
   * The H.264 of its camera, for the bridge to hand through; null where the camera sends pictures.
   * @throws PrinterError `not_found` without a camera; why it cannot be told just now
   */
  video(id: string, signal: AbortSignal): Promise<VideoSource | null>;
  /**
   * The one gate: control, capability, phase, bounds, deadline, audit line.
   * @throws PrinterError `not_found`, `invalid_input`, `control_disabled`, `unsupported`,
   *   `wrong_phase`, `file_type`, `unreachable`, `timeout`, `printer_refused`, `aborted`
   */
  dispatch(request: CommandRequest): Promise<CommandAnswer>;
  on(listener: (event: FleetEvent) => void): Disposable;
  readonly inventory: InventoryStatus;
}
