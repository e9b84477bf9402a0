// Units of telemetry points and command inputs: what people read, what Home Assistant calls
// the kind of quantity, and how Prometheus wants it (always in base units).

export interface Unit {
  /** Written behind a displayed number. */
  readonly symbol: string;
  /** A stored value times this is the displayed number. */
  readonly displayFactor: number;
  /** Home Assistant device class; null where it has none. */
  readonly deviceClass: string | null;
  /** Suffix of a Prometheus metric name that carries this unit. */
  readonly metricSuffix: string;
  /** A stored value times this is the Prometheus base unit. */
  readonly metricFactor: number;
}

export const units = {
  celsius: { symbol: "°C", displayFactor: 1, deviceClass: "temperature", metricSuffix: "celsius", metricFactor: 1 },
  ratio: { symbol: "%", displayFactor: 100, deviceClass: null, metricSuffix: "ratio", metricFactor: 1 },
  seconds: { symbol: "s", displayFactor: 1, deviceClass: "duration", metricSuffix: "seconds", metricFactor: 1 },
  bytes: { symbol: "B", displayFactor: 1, deviceClass: "data_size", metricSuffix: "bytes", metricFactor: 1 },
  dbm: { symbol: "dBm", displayFactor: 1, deviceClass: "signal_strength", metricSuffix: "dbm", metricFactor: 1 },
  grams: { symbol: "g", displayFactor: 1, deviceClass: "weight", metricSuffix: "grams", metricFactor: 1 },
  millimeters: { symbol: "mm", displayFactor: 1, deviceClass: "distance", metricSuffix: "meters", metricFactor: 0.001 },
} as const satisfies Record<string, Unit>;

export type UnitName = keyof typeof units;
