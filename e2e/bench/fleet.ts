// `make bench`, second part: what a gateway with many live printers costs beside one with a single
// printer, in the same run. Not a test: it asserts only that all are connected.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Service } from "../scenarios/harness/service.ts";
import { until } from "../scenarios/harness/until.ts";

const measuredMs = 20_000;

interface Cost {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** CPU seconds and resident bytes of a process, from its own metrics. */
async function costOf(url: string): Promise<Cost> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "mu").exec(text)?.[1]);
  return { cpuSeconds: read("process_cpu_seconds_total"), residentBytes: read("process_resident_memory_bytes") };
}

/** Runs a gateway with so many simulated printers and gives its cost per second. */
async function measure(count: number): Promise<Cost> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-bench-"));
  try {
    const inventory = join(folder, "printers.yaml");
    await using printers = new Service(
      "printers",
      ["e2e/demo/main.ts", "--inventory", inventory, "--count", String(count)],
      {},
    );
    await printers.listening();
    await using gateway = new Service("gateway", ["gateway/src/main.ts"], {
      GANTRY_INVENTORY: inventory,
      GANTRY_DATA_DIR: join(folder, "data"),
      GANTRY_HTTP_HOST: "127.0.0.1",
      GANTRY_HTTP_PORT: "0",
    });
    const url = String((await gateway.listening())["http"]);
    await until(
      `${count} printers are connected`,
      async () => {
        const { items } = (await (await fetch(`${url}/api/v1/printers`)).json()) as {
          items: { state: { connected: boolean } }[];
        };
        return items.length === count && items.every(({ state }) => state.connected);
      },
      120_000,
    );
    const before = await costOf(url);
    await wait(measuredMs);
    const after = await costOf(url);
    return {
      cpuSeconds: (after.cpuSeconds - before.cpuSeconds) / (measuredMs / 1000),
      residentBytes: after.residentBytes,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

const one = await measure(1);
const many = await measure(50);
process.stdout.write(
  [
    `gateway with 1 live printer: ${(one.cpuSeconds * 100).toFixed(1)} % of a core, ${megabytes(one.residentBytes)} resident`,
    `  with 50: ${(many.cpuSeconds * 100).toFixed(1)} % of a core, ${megabytes(many.residentBytes)} resident`,
    `  a printer more: ${(((many.cpuSeconds - one.cpuSeconds) / 49) * 100).toFixed(2)} % of a core, ${megabytes((many.residentBytes - one.residentBytes) / 49)}`,
    "",
  ].join("\n"),
);
