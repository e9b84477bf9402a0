// The metrics, once somebody scrapes them. Their library and what it loads is a fifth of the bridge's
// own memory, and a home without Prometheus never asks.

import type { BridgeMetrics, MetricsOptions } from "./metrics.ts";

export class MetricsOnDemand implements Disposable {
  readonly #options: MetricsOptions;
  #metrics: Promise<BridgeMetrics> | undefined;
  #isDisposed = false;

  constructor(options: MetricsOptions) {
    this.#options = options;
  }

  async get(): Promise<BridgeMetrics> {
    this.#metrics ??= this.#load();
    return this.#metrics;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    void this.#metrics?.then((metrics) => metrics[Symbol.dispose]());
  }

  async #load(): Promise<BridgeMetrics> {
    const { createMetrics } = await import("./metrics.ts");
    const metrics = createMetrics(this.#options);
    if (this.#isDisposed) metrics[Symbol.dispose]();
    return metrics;
  }
}
