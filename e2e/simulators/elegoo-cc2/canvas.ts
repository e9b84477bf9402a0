// The Canvas filament changer: four trays, which one is in use, and auto refill. Its settings survive
// a power cut, as they lie in the unit itself.

export interface Tray {
  readonly brand: string;
  readonly type: string;
  readonly name: string;
  readonly code: string;
  /** `#RRGGBB`; empty for an empty tray. */
  readonly color: string;
  readonly nozzleCelsius: readonly [minimum: number, maximum: number];
  loaded: boolean;
}

/** Spools in A1 to A3, of which A3 can take over from A1; A4 is empty. */
const spools: readonly Omit<Tray, "loaded">[] = [
  { type: "PLA", name: "PLA Basic", color: "#FF7A1A", nozzleCelsius: [190, 230], brand: "ELEGOO", code: "0x0000" },
  { type: "PETG", name: "PETG Pro", color: "#1E6B3A", nozzleCelsius: [230, 260], brand: "ELEGOO", code: "0x0012" },
  { type: "PLA", name: "PLA Basic", color: "#FF7A1A", nozzleCelsius: [190, 230], brand: "ELEGOO", code: "0x0000" },
  { type: "", name: "", color: "", nozzleCelsius: [0, 0], brand: "", code: "" },
];

export const noTray = -1;

export class Canvas {
  readonly trays: readonly Tray[] = spools.map((spool) => ({ ...spool, loaded: spool.type !== "" }));
  autoRefill = true;
  /** From 0; -1: none. */
  activeTray = noTray;

  /** Whether a tray is there and has filament. */
  has(tray: number): boolean {
    return this.trays[tray]?.loaded === true;
  }

  /** Another tray with the same filament, when auto refill is on; otherwise none. */
  substituteFor(tray: number): number {
    const empty = this.trays[tray];
    if (!this.autoRefill || empty === undefined) return noTray;
    return this.trays.findIndex(
      (other, index) => index !== tray && other.loaded && other.type === empty.type && other.color === empty.color,
    );
  }

  /** `canvas_info` of method 2005 and of the status. */
  info(): Readonly<Record<string, unknown>> {
    const trays = this.trays.map((tray, index) => ({
      tray_id: index,
      brand: tray.brand,
      filament_type: tray.type,
      filament_name: tray.name,
      filament_code: tray.code,
      filament_color: tray.color,
      min_nozzle_temp: tray.nozzleCelsius[0],
      max_nozzle_temp: tray.nozzleCelsius[1],
      status: tray.loaded ? (index === this.activeTray ? 2 : 1) : 0,
    }));
    return {
      active_canvas_id: 0,
      active_tray_id: this.activeTray,
      auto_refill: this.autoRefill,
      canvas_list: [{ canvas_id: 0, connected: 1, tray_list: trays }],
    };
  }
}
