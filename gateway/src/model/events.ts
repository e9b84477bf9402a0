// What happened once, derived from two states of the same printer. Surfaces pass these on.

import type { CommandName } from "./commands.ts";
import type { Phase, PrinterState } from "./printer.ts";

export const eventTypes = [
  "connected",
  "disconnected",
  "print_started",
  "print_paused",
  "print_resumed",
  "print_finished",
  "print_failed",
  "print_cancelled",
  "command_sent",
  "command_acknowledged",
  "command_confirmed",
  "command_unconfirmed",
] as const;
export type EventType = (typeof eventTypes)[number];

export interface PrinterEvent {
  readonly printer: string;
  readonly type: EventType;
  /** ISO 8601 UTC */
  readonly at: string;
  /** The file of the job it is about; null where there is none. */
  readonly file: string | null;
  /** Why, in words; null where there is nothing to say. */
  readonly reason: string | null;
  /** The command it is about; null where it is about none. */
  readonly command: CommandName | null;
}

const active: ReadonlySet<Phase> = new Set(["preparing", "printing", "pausing", "paused", "resuming", "stopping"]);

const outcomes: Partial<Record<Phase, EventType>> = {
  finished: "print_finished",
  failed: "print_failed",
  stopped: "print_cancelled",
};

/** The events that lie between two states; `at` is ISO 8601 UTC. Pure. */
export function eventsBetween(before: PrinterState, after: PrinterState, at: string): PrinterEvent[] {
  const event = (type: EventType): PrinterEvent => ({
    printer: after.id,
    type,
    at,
    file: after.job?.file ?? before.job?.file ?? null,
    command: null,
    reason: type === "disconnected" ? after.reason : (after.faults[0]?.text ?? null),
  });
  if (before.connected !== after.connected) return [event(after.connected ? "connected" : "disconnected")];
  if (before.phase === after.phase || before.phase === "unknown" || after.phase === "unknown") return [];
  const types: EventType[] = [];
  const outcome = outcomes[after.phase];
  if (!active.has(before.phase) && active.has(after.phase)) types.push("print_started");
  if (after.phase === "paused") types.push("print_paused");
  if (after.phase === "printing" && (before.phase === "paused" || before.phase === "resuming")) {
    types.push("print_resumed");
  }
  if (active.has(before.phase) && outcome !== undefined) types.push(outcome);
  return types.map((type) => event(type));
}
