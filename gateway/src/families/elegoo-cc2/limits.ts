// What a Centauri Carbon 2 may be asked to do: caps, travel and step, as the clients that were tried
// on hardware guard them (./README.md). Data only.

export const limits = {
  /** The SDK's cap. */
  nozzleCelsius: 300,
  /** The firmware takes 120; 110 is what long-running clients allow. */
  bedCelsius: 110,
  /** Travel of each axis in the printer's coordinates, mm. */
  travelMillimeters: { x: [0, 256], y: [0, 266], z: [-2, 256] },
  /** Longest single step of each axis, mm. */
  stepMillimeters: { x: 50, y: 50, z: 10 },
} as const;

/** The wire's `mode` is the index. Percentages differ between sources, so only names are shown. */
export const speedModes = ["silent", "balanced", "sport", "ludicrous"] as const;
