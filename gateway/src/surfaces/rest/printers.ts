// Reading printers: the list, one of them, its state.

import type { Fleet } from "../../fleet/fleet.ts";
import { printerDocument, printerState } from "../printer-document.ts";
import { parameter, type Route } from "../route.ts";

export function printerRoutes(fleet: Fleet): Route[] {
  return [
    {
      method: "get",
      path: "/api/v1/printers",
      operationId: "listPrinters",
      summary: "All printers with their states, in the order of the inventory.",
      answers: json("Printers", "The printers."),
      handle: (_request, response) => {
        response.json({ items: fleet.list().map((printer) => printerDocument(printer)) });
      },
    },
    {
      method: "get",
      path: "/api/v1/printers/{id}",
      operationId: "getPrinter",
      summary: "One printer with its state.",
      answers: json("Printer", "The printer."),
      errors: ["not_found"],
      handle: (request, response) => {
        response.json(printerDocument(fleet.get(parameter(request, "id"))));
      },
    },
    {
      method: "get",
      path: "/api/v1/printers/{id}/state",
      operationId: "getState",
      summary: "The state of one printer.",
      answers: json("State", "The state."),
      errors: ["not_found"],
      handle: (request, response) => {
        response.json(printerState(fleet.get(parameter(request, "id"))));
      },
    },
  ];
}

function json(schema: string, description: string): Route["answers"] {
  return { "200": { type: "application/json", schema, description } };
}
