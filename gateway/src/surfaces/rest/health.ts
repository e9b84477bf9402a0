// Whether the process lives, and whether it has something to serve. An offline printer makes
// neither answer worse.

import type { Fleet, InventoryStatus } from "../../fleet/fleet.ts";
import type { Answer, Route } from "../route.ts";

export function healthRoutes(fleet: Fleet): Route[] {
  return [
    {
      method: "get",
      path: "/healthz",
      operationId: "getHealth",
      summary: "Whether the process lives.",
      answers: { "200": answer("Health", "It does.") },
      handle: (_request, response) => {
        response.set("Cache-Control", "no-store").json({ status: "ok" });
      },
    },
    {
      method: "get",
      path: "/readyz",
      operationId: "getReadiness",
      summary: "Whether an inventory is in force; one that is not written yet is no fault.",
      answers: { "200": answer("Readiness", "Ready."), "503": answer("Readiness", "No inventory was ever valid.") },
      handle: (_request, response) => {
        const readiness = readinessOf(fleet.inventory);
        if (readiness.status !== "ready") response.status(503).set("Retry-After", "5");
        response.set("Cache-Control", "no-store").json(readiness);
      },
    },
  ];
}

function readinessOf(inventory: InventoryStatus) {
  const { valid, missing, loadedAtMs, problems } = inventory;
  return {
    status: missing || loadedAtMs !== null ? "ready" : "unready",
    reasons: missing || loadedAtMs !== null ? [] : problems,
    inventory: { valid, missing, loadedAt: loadedAtMs === null ? null : new Date(loadedAtMs).toISOString(), problems },
  };
}

function answer(schema: string, description: string): Answer {
  return { type: "application/json", schema, description };
}
