// Which faults are set just now: starts them, ends them by request or after a time.

import type { Fault, Parameters } from "../simulator.ts";
import { AdminInputError, checkParameters } from "./parameters.ts";

/** Every fault that can be cleared also takes this one. */
const secondsRule = { seconds: { kind: "number", minimum: 0.05, maximum: 86_400, optional: true } } as const;

export class FaultBoard implements Disposable {
  readonly #faults: Readonly<Record<string, Fault>>;
  readonly #active = new Map<string, { parameters: Parameters; timer: NodeJS.Timeout | undefined }>();

  constructor(faults: Readonly<Record<string, Fault>>) {
    this.#faults = faults;
  }

  /** Faults that hold until they are cleared. */
  active(): Readonly<Record<string, Parameters>> {
    return Object.fromEntries([...this.#active].map(([name, { parameters }]) => [name, parameters]));
  }

  /** What may be asked for, for a reader. */
  describe(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      Object.entries(this.#faults).map(([name, fault]) => [
        name,
        { summary: fault.summary, parameters: rulesOf(fault), once: fault.clear === undefined },
      ]),
    );
  }

  /** @throws AdminInputError for an unknown name or parameter; nothing has happened then. */
  async set(name: string, given: Readonly<Record<string, unknown>>): Promise<void> {
    const fault = this.#find(name);
    const { seconds, ...parameters } = checkParameters(given, rulesOf(fault));
    await fault.set(parameters);
    if (fault.clear === undefined) return;
    clearTimeout(this.#active.get(name)?.timer);
    const timer = typeof seconds === "number" ? setTimeout(() => void this.clear(name), seconds * 1000) : undefined;
    this.#active.set(name, { parameters, timer });
  }

  /** Ends one fault. Clearing one that is not set does nothing. @throws AdminInputError for an unknown name. */
  async clear(name: string): Promise<void> {
    const fault = this.#find(name);
    clearTimeout(this.#active.get(name)?.timer);
    this.#active.delete(name);
    await fault.clear?.();
  }

  async clearAll(): Promise<void> {
    for (const name of this.#active.keys()) await this.clear(name);
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#active.values()) clearTimeout(timer);
    this.#active.clear();
  }

  #find(name: string): Fault {
    const fault = Object.hasOwn(this.#faults, name) ? this.#faults[name] : undefined;
    if (fault !== undefined) return fault;
    throw new AdminInputError(`there is no fault "${name}"; legal: ${Object.keys(this.#faults).toSorted().join(", ")}`);
  }
}

function rulesOf(fault: Fault): NonNullable<Fault["parameters"]> {
  return fault.clear === undefined ? (fault.parameters ?? {}) : { ...fault.parameters, ...secondsRule };
}
