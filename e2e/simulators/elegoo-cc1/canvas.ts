// The Canvas material unit of firmware 1.4, as command 324 shows it: two spools and two empty slots
// with the placeholders of the real answer.

interface Tray {
  readonly brand: string;
  readonly filament_type: string;
  readonly filament_name: string;
  readonly filament_code: string;
  readonly filament_color: string;
  readonly min_nozzle_temp: number | null;
  readonly max_nozzle_temp: number | null;
  /** 0 empty, 1 loaded, 2 in use. */
  readonly status: 0 | 1 | 2;
}

const empty: Tray = {
  brand: "— — — —",
  filament_type: "?",
  filament_name: "— — — —",
  filament_code: "",
  filament_color: "",
  min_nozzle_temp: null,
  max_nozzle_temp: null,
  status: 0,
};
const elegoo = { brand: "ELEGOO", filament_code: "0x0000", status: 1 } as const;

const trays: readonly Tray[] = [
  {
    ...elegoo,
    filament_type: "PLA",
    filament_name: "PLA Basic",
    filament_color: "#FF7A1A",
    min_nozzle_temp: 190,
    max_nozzle_temp: 230,
  },
  {
    ...elegoo,
    filament_type: "PETG",
    filament_name: "PETG Pro",
    filament_color: "#1E6B3A",
    min_nozzle_temp: 230,
    max_nozzle_temp: 260,
  },
  empty,
  empty,
];

export const canvasStatus: Readonly<Record<string, unknown>> = {
  active_canvas_id: 0,
  active_tray_id: -1,
  auto_refill: false,
  canvas_list: [{ canvas_id: 0, connected: 1, tray_list: trays.map((tray, index) => ({ tray_id: index, ...tray })) }],
};
