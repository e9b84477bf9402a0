// What is known of a printer longer than one session with it lasts: where it was found, what its
// firmware does not answer, the speed someone asked for. One per inventory entry, kept in memory only.

import { randomInt } from "node:crypto";
import type { MethodName } from "./method-table.ts";

/** Silent this often while other requests are answered: this firmware does not know the method. */
const silencesUntilUnsupported = 2;

export class Memory {
  /** In the vendor's own form, drawn once: a new connection of the same name ends the one before. */
  readonly clientId = `1_PC_${randomInt(1000, 10_000)}`;
  /** The printer refused the access code: it is not tried again with this entry. */
  codeRefused = false;
  serial: string | undefined;
  /** Where discovery found it, when it was not where the inventory says. */
  address: string | undefined;
  /** Connections in a row that did not come about. */
  failures = 0;
  /** A job ran when the printer was last heard of. */
  jobRan = false;
  /** Index into `speedModes` of the last mode asked for here, while its job runs. */
  pinnedSpeed: number | null = null;
  #firmware: string | null = null;
  readonly #silences = new Map<MethodName, number>();

  /** Forgets what did not answer when the firmware is another than before. */
  runs(firmware: string | null): void {
    if (firmware !== null && this.#firmware !== null && firmware !== this.#firmware) this.#silences.clear();
    this.#firmware = firmware ?? this.#firmware;
  }

  /** Notes that a method stayed unanswered while the printer answered others. */
  silent(method: MethodName): void {
    this.#silences.set(method, (this.#silences.get(method) ?? 0) + 1);
  }

  answered(method: MethodName): void {
    this.#silences.delete(method);
  }

  /** Whether this firmware has left the method unanswered too often to ask again. */
  isUnanswered(method: MethodName): boolean {
    return (this.#silences.get(method) ?? 0) >= silencesUntilUnsupported;
  }
}

const memories = new WeakMap<object, Memory>();

/** The memory of an inventory entry: the same one for the same connection object. */
export function memoryOf(connection: object): Memory {
  const known = memories.get(connection);
  if (known !== undefined) return known;
  const memory = new Memory();
  memories.set(connection, memory);
  return memory;
}
