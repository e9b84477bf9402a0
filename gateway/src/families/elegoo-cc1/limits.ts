// What may be asked of a Centauri Carbon at most. Figures only; sources in ./README.md.

export const limits = {
  /** °C. The firmware itself stops at 335 and 125; these are the caps of its own clients. */
  celsius: { nozzle: 300, bed: 110, chamber: 60 },
  /** Axis travel, mm (the firmware's printer.cfg). */
  travelMillimeters: { x: [-2.01, 256.5], y: [-2.51, 270], z: [-5, 258] },
  /** Bytes of one upload request. */
  chunkBytes: 1_048_576,
  /** WebSockets the daemon takes. */
  sockets: 5,
} as const;

/** Speed presets of the firmware by name, in percent. Any other number is acknowledged and does nothing. */
export const speedModes = { silent: 50, balanced: 100, sport: 130, ludicrous: 160 } as const;

export const speedPercents = [
  50, 100, 130, 160,
] as const satisfies readonly (typeof speedModes)[keyof typeof speedModes][];
