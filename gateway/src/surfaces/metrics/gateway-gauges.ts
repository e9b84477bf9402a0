// Gauges about the gateway itself and about what each printer is; all are read at the scrape.

import { Gauge, type Registry } from "prom-client";
import type { Fleet } from "../../fleet/fleet.ts";

export interface GatewayFacts {
  readonly version: string;
  readonly revision: string;
  readonly sseClients: () => number;
  readonly mcpSessions: () => number;
}

export function registerGatewayGauges(fleet: Fleet, registry: Registry, facts: GatewayFacts): void {
  const gauge = (name: string, help: string, labelNames: readonly string[], set: (gauge: Gauge) => void): void => {
    const collect = function collect(this: Gauge): void {
      this.reset();
      set(this);
    };
    registry.registerMetric(new Gauge({ name, help, labelNames, registers: [], collect }));
  };
  gauge("gantry_build_info", "What runs here.", ["version", "revision", "node_version"], (build) => {
    build.set({ version: facts.version, revision: facts.revision, node_version: process.versions.node }, 1);
  });
  gauge("gantry_printer_info", "What each printer is; join by printer.", infoLabels, (info) => {
    for (const { id, name, family, identity } of fleet.list()) {
      const { model, firmware, serial } = identity;
      const told = { model: model ?? "", firmware: firmware ?? "", serial: serial ?? "" };
      info.set({ printer: id, name, kind: family, ...told }, 1);
    }
  });
  gauge("gantry_config_last_reload_successful", "Whether the inventory on disk is in force.", [], (reload) => {
    reload.set(fleet.inventory.valid ? 1 : 0);
  });
  const loaded = "When an inventory was last taken.";
  gauge("gantry_config_last_reload_success_timestamp_seconds", loaded, [], (time) => {
    // A gauge without labels is born 0, which would be a time; without a time it has no sample.
    time.remove();
    if (fleet.inventory.loadedAtMs !== null) time.set(fleet.inventory.loadedAtMs / 1000);
  });
  gauge("gantry_sse_clients", "Open event streams.", [], (clients) => clients.set(facts.sseClients()));
  gauge("gantry_mcp_sessions", "Open MCP sessions.", [], (sessions) => sessions.set(facts.mcpSessions()));
}

const infoLabels = ["printer", "name", "kind", "model", "firmware", "serial"];
