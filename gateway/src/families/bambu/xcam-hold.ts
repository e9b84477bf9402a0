// After a detector was switched, the firmware repeats its old value for a while: reports that
// contradict what the printer has just accepted are passed over for that long. Facts: the family's README.

import { fields, text } from "./report-fields.ts";
import type { Body, MessageType, Reply } from "./printer-link.ts";

const holdMs = 3000;

interface Held {
  readonly on: boolean;
  readonly untilMs: number;
}

export class XcamHold {
  readonly #held = new Map<string, Held>();

  /** An accepted `xcam_control_set`; other commands are none of its business. */
  accepted(type: MessageType, body: Body, reply: Reply | undefined, nowMs: number): void {
    const { control, module_name: name } = body;
    if (type !== "xcam" || reply?.result !== "success" || typeof control !== "boolean") return;
    this.#held.set(text(name), { on: control, untilMs: nowMs + holdMs });
  }

  /** The report without the flags that contradict; the same object where none does. */
  without(report: Body, nowMs: number): Body {
    for (const [name, { untilMs }] of this.#held) if (nowMs >= untilMs) this.#held.delete(name);
    if (this.#held.size === 0 || report["xcam"] === undefined) return report;
    const kept = Object.entries(fields(report["xcam"])).filter(([key, value]) => {
      // `cfg` packs all of them: it cannot be taken apart.
      if (key === "cfg") return false;
      const held = this.#held.get(key);
      return held === undefined || held.on === value;
    });
    return { ...report, xcam: Object.fromEntries(kept) };
  }
}
