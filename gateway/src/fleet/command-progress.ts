// The steps of one command as events: sent, acknowledged, then confirmed once the printer's own
// reports show it, or unconfirmed when they do not in time. It only watches.

import type { Clock } from "@gantry/platform/clock";
import { commandRow, type CommandName } from "../model/commands.ts";
import type { EventType } from "../model/events.ts";
import { PrinterError } from "../model/errors.ts";
import type { Store } from "./store.ts";

/** Heating, homing and parking come before some states. */
const seenWithinMs = 180_000;

export class CommandProgress {
  readonly #printer: string;
  readonly #command: CommandName;
  readonly #input: Readonly<Record<string, unknown>>;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(
    printer: string,
    command: CommandName,
    input: Readonly<Record<string, unknown>>,
    { store, clock }: { store: Store; clock: Clock },
  ) {
    this.#printer = printer;
    this.#command = command;
    this.#input = input;
    this.#store = store;
    this.#clock = clock;
  }

  sent(): void {
    this.#tell("command_sent");
  }

  /** The printer accepted it: from now on its state is watched for the effect. */
  acknowledged(): void {
    this.#tell("command_acknowledged");
    if (commandRow(this.#command).landed !== undefined) void this.#watch();
  }

  unconfirmed(reason: string): void {
    this.#tell("command_unconfirmed", reason);
  }

  async #watch(): Promise<void> {
    const over = new AbortController();
    const look = (): void => {
      if (this.#hasLanded()) over.abort();
    };
    using _listening = this.#store.on((event) => {
      if (event.type === "state" && event.printer.id === this.#printer) look();
    });
    const late = this.#clock.wait(seenWithinMs, AbortSignal.any([over.signal, this.#store.ending]));
    look();
    try {
      await late;
      this.unconfirmed("the printer accepted it, but its state does not show it");
    } catch {
      if (over.signal.aborted) this.#tell("command_confirmed"); // else the gateway ends
    }
  }

  #hasLanded(): boolean {
    try {
      const { state } = this.#store.get(this.#printer);
      return state.connected && commandRow(this.#command).landed?.(state, this.#input) === true;
    } catch (error) {
      if (error instanceof PrinterError) return false; // removed meanwhile
      throw error;
    }
  }

  #tell(type: EventType, reason: string | null = null): void {
    const at = new Date(this.#clock.now()).toISOString();
    const file = typeof this.#input["file"] === "string" ? this.#input["file"] : null;
    this.#store.emit({
      type: "event",
      event: { printer: this.#printer, type, at, file, reason, command: this.#command },
    });
  }
}
