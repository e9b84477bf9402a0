// All tools as they are now, made from the fleet and the tables, and word of when they change.

import { Emitter } from "@gantry/platform/emitter";
import type { Fleet, Printer } from "../../fleet/fleet.ts";
import { cameraOf } from "../printer-document.ts";
import type { SurfaceOptions } from "../surface.ts";
import { commandTools } from "./command-tools.ts";
import { rareTools } from "./rare-tools.ts";
import { readingTools } from "./reading-tools.ts";
import type { Tool } from "./tool.ts";
import { waitTool } from "./wait-tool.ts";

export class Catalogue implements Disposable {
  readonly #fleet: Fleet;
  readonly #clock: SurfaceOptions["clock"];
  readonly #changed: Emitter<void>;
  readonly #subscription: Disposable;
  /** What the lists depend on, by printer. */
  #facts: ReadonlyMap<string, string>;
  #tools: readonly Tool[] | undefined;

  constructor(fleet: Fleet, { clock, log }: Pick<SurfaceOptions, "clock" | "log">) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#changed = new Emitter((error) => log.warn("an MCP session was not told of a change", { error }));
    this.#facts = this.#read();
    this.#subscription = fleet.on((event) => {
      if (event.type === "inventory" || (event.type === "state" && this.#differs(event.printer))) this.#refresh();
    });
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  get tools(): readonly Tool[] {
    this.#tools ??= [
      ...readingTools(this.#fleet),
      ...(this.#fleet.list().length === 0 ? [] : [waitTool(this.#fleet, this.#clock)]),
      ...commandTools(this.#fleet),
      ...rareTools(this.#fleet),
    ];
    return this.#tools;
  }

  /** Called when the lists of tools and resources may have become different. */
  onChange(listener: () => void): Disposable {
    return this.#changed.on(listener);
  }

  #refresh(): void {
    const before = this.#facts;
    this.#facts = this.#read();
    const same = before.size === this.#facts.size && [...this.#facts].every(([id, facts]) => before.get(id) === facts);
    if (same) return;
    this.#tools = undefined;
    this.#changed.emit();
  }

  #differs(printer: Printer): boolean {
    return this.#facts.get(printer.id) !== this.#factsOf(printer);
  }

  #read(): Map<string, string> {
    return new Map(this.#fleet.list().map((printer) => [printer.id, this.#factsOf(printer)]));
  }

  #factsOf({ id, name, commands }: Printer): string {
    return JSON.stringify([name, cameraOf(this.#fleet, id) !== undefined, ...commands]);
  }
}
