// What Prometheus reads of the bridge. Gauges and totals are taken from the streams at each
// scrape, so that a stream that is gone takes its series along.

import type { InventoryStatus } from "@gantry/config";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { KeptTotals } from "../recordings/keeping.ts";
import { streamStates, type StreamCounters, type StreamState, type StreamStatus } from "../streams/streams.ts";

export interface MetricsOptions {
  readonly version: string;
  /** Commit that the bridge was built from. */
  readonly revision: string;
  readonly streams: () => readonly StreamStatus[];
  readonly counters: (id: string) => StreamCounters;
  readonly mediamtx: () => { readonly up: boolean; readonly restarts: number };
  readonly inventory: () => InventoryStatus;
  readonly kept: () => KeptTotals;
  /** How often starts are looked for, ms: more often than a stream can end and start again. */
  readonly startsEveryMs?: number;
}

/** Dispose ends its watch for starts. */
export interface BridgeMetrics extends Disposable {
  readonly registry: Registry;
}

/** Gauges of Node that end in `_total`, which is for counters. */
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

export function createMetrics(options: MetricsOptions): BridgeMetrics {
  const registry = new Registry();
  // The default of 10 ms wakes the process a hundred times a second: a third of what one stream costs it.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 200 });
  for (const name of misnamed) registry.removeSingleMetric(name);
  describeProcess(registry, options);
  describeStreams(registry, options);
  describeKept(registry, options);
  const watch = setInterval(describeStarts(registry, options), options.startsEveryMs ?? 2000).unref();
  return { registry, [Symbol.dispose]: () => clearInterval(watch) };
}

function describeProcess(registry: Registry, { version, revision, mediamtx, inventory }: MetricsOptions): void {
  gauge(registry, "gantry_build_info", "The running version.", ["version", "revision", "node_version"], (set) => {
    set({ version, revision, node_version: process.version }, 1);
  });
  gauge(registry, "gantry_mediamtx_up", "Whether MediaMTX answers.", [], (set) => set({}, mediamtx().up ? 1 : 0));
  counter(registry, "gantry_mediamtx_restarts_total", "Times MediaMTX was started again.", [], (set) => {
    set({}, mediamtx().restarts);
  });
  gauge(registry, "gantry_config_last_reload_successful", "Whether the inventory on disk is in force.", [], (set) => {
    set({}, inventory().valid ? 1 : 0);
  });
  const help = "When the inventory was last taken into force.";
  gauge(registry, "gantry_config_last_reload_success_timestamp_seconds", help, [], (set) => {
    const { loadedAtMs } = inventory();
    if (loadedAtMs !== null) set({}, loadedAtMs / 1000);
  });
}

function describeStreams(registry: Registry, { streams, counters }: MetricsOptions): void {
  gauge(registry, "gantry_stream_active", "Whether the stream is published.", ["printer"], (set) => {
    for (const { id, state } of streams()) set({ printer: id }, isActive(state) ? 1 : 0);
  });
  gauge(registry, "gantry_stream_state", "1 for the state that the stream is in.", ["printer", "state"], (set) => {
    for (const { id, state } of streams()) {
      for (const known of streamStates) set({ printer: id, state: known }, known === state ? 1 : 0);
    }
  });
  gauge(registry, "gantry_stream_viewers", "Readers attached to the stream.", ["printer"], (set) => {
    for (const { id, viewers } of streams()) set({ printer: id }, viewers);
  });
  const framesHelp =
    "Pictures received from the gateway, dropped before encoding, repeated while the camera was silent, and published.";
  counter(registry, "gantry_stream_frames_total", framesHelp, ["printer", "result"], (set) => {
    for (const { id } of streams()) {
      const { framesIn, framesDropped, framesHeld, framesOut } = counters(id);
      set({ printer: id, result: "received" }, framesIn);
      set({ printer: id, result: "dropped" }, framesDropped);
      set({ printer: id, result: "held" }, framesHeld);
      set({ printer: id, result: "published" }, framesOut);
    }
  });
  counter(registry, "gantry_stream_bytes_total", "Bytes of H.264 published.", ["printer"], (set) => {
    for (const { id } of streams()) set({ printer: id }, counters(id).bytesOut);
  });
  const restartsHelp = "Times the encoder was started again after it had died or hung.";
  counter(registry, "gantry_stream_restarts_total", restartsHelp, ["printer"], (set) => {
    for (const { id, restarts } of streams()) set({ printer: id }, restarts);
  });
  const fallbacksHelp = "Times an encoding device was given up for x264.";
  counter(registry, "gantry_stream_encoder_fallbacks_total", fallbacksHelp, ["printer"], (set) => {
    for (const { id } of streams()) set({ printer: id }, counters(id).encoderFallbacks);
  });
  const refusalsHelp = "Times viewers were refused because bridge.max_streams streams ran already.";
  counter(registry, "gantry_stream_refusals_total", refusalsHelp, ["printer"], (set) => {
    for (const { id } of streams()) set({ printer: id }, counters(id).refusals);
  });
}

function describeKept(registry: Registry, { kept }: MetricsOptions): void {
  const activeHelp = "Whether the camera is recorded now; no sample for one that never is.";
  gauge(registry, "gantry_bridge_recording_active", activeHelp, ["printer"], (set) => {
    for (const { printer, isRecorded } of kept().cameras) {
      if (isRecorded !== undefined) set({ printer }, isRecorded ? 1 : 0);
    }
  });
  counter(registry, "gantry_bridge_recorded_bytes_total", "Bytes recorded.", ["printer"], (set) => {
    for (const { printer, recordedBytes } of kept().cameras) set({ printer }, recordedBytes);
  });
  counter(registry, "gantry_bridge_recorded_segments_total", "Files that were begun.", ["printer"], (set) => {
    for (const { printer, recordedSegments } of kept().cameras) set({ printer }, recordedSegments);
  });
  const picturesHelp = "Pictures taken for time-lapses.";
  counter(registry, "gantry_bridge_timelapse_pictures_total", picturesHelp, ["printer"], (set) => {
    for (const { printer, timelapsePictures } of kept().cameras) set({ printer }, timelapsePictures);
  });
  const filmsHelp = "Time-lapses that were made, and that could not be made.";
  counter(registry, "gantry_bridge_timelapses_total", filmsHelp, ["result"], (set) => {
    const { made, failed } = kept().films;
    set({ result: "made" }, made);
    set({ result: "failed" }, failed);
  });
  gauge(registry, "gantry_bridge_recordings_size_bytes", "Size of all recordings that are kept.", [], (set) => {
    set({}, kept().sizeBytes);
  });
  const freeHelp = "Free space where recordings are kept; no sample where that cannot be read.";
  gauge(registry, "gantry_bridge_disk_free_bytes", freeHelp, [], (set) => {
    const { freeBytes } = kept();
    if (freeBytes !== null) set({}, freeBytes);
  });
}

function describeStarts(registry: Registry, { streams }: MetricsOptions): () => void {
  const histogram = new Histogram({
    name: "gantry_stream_start_seconds",
    help: "From the first viewer's request to the first published picture.",
    labelNames: ["printer"],
    buckets: [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 4, 8],
    registers: [registry],
  });
  const seen = new Map<string, number | null>();
  return () => {
    const present = streams();
    for (const { id, startSeconds } of present) {
      if (startSeconds !== null && startSeconds !== seen.get(id)) histogram.observe({ printer: id }, startSeconds);
      seen.set(id, startSeconds);
    }
    for (const id of seen.keys()) {
      if (present.some((stream) => stream.id === id)) continue;
      seen.delete(id);
      histogram.remove({ printer: id });
    }
  };
}

function isActive(state: StreamState): boolean {
  return state === "starting" || state === "live" || state === "holding" || state === "placeholder";
}

type Set = (labels: Readonly<Record<string, string>>, value: number) => void;

function gauge(registry: Registry, name: string, help: string, labelNames: string[], read: (set: Set) => void): void {
  const metric = new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    collect: () => {
      metric.reset();
      read((labels, value) => metric.set(labels, value));
    },
  });
}

/** A total that is kept elsewhere. */
function counter(registry: Registry, name: string, help: string, labelNames: string[], read: (set: Set) => void): void {
  const metric = new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect: () => {
      metric.reset();
      read((labels, value) => metric.inc(labels, value));
    },
  });
}
