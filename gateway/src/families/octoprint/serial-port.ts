// OctoPrint's connection to its machine: the serial port that it opens and closes.

import type { CommandHandlers } from "../../model/commands.ts";
import { fields, number, text, type Fields } from "./codec.ts";
import { invalid } from "./invalid.ts";
import type { OctoPrintSession } from "./session.ts";

export function createSerialHandlers(session: OctoPrintSession): CommandHandlers {
  const { rest } = session;
  return {
    connectPrinter: async ({ port, baudRate }, { signal }) => {
      const status = await rest.get("/api/connection", { signal });
      checkChoice(portsOf(status), port, baudRate);
      const samePort = port === undefined || port === fields(status["current"])["port"];
      if (session.hasMachine && samePort && baudRate === undefined) return { outcome: "acknowledged" };
      // Connecting anew resets the machine and kills its job.
      session.refuseWhileActive();
      const choice = {
        ...(port === undefined ? {} : { port }),
        ...(baudRate === undefined ? {} : { baudrate: baudRate }),
      };
      return session.tell("/api/connection", { command: "connect", ...choice }, signal);
    },
    disconnectPrinter: async (_input, { signal }) => session.tell("/api/connection", { command: "disconnect" }, signal),
    listPorts: async (_input, { signal }) => {
      const status = await rest.get("/api/connection", { signal });
      return { current: text(fields(status["current"])["port"]), ...portsOf(status) };
    },
  };
}

interface Ports {
  readonly ports: string[];
  readonly baudRates: number[];
}

function portsOf(status: Fields): Ports {
  const { ports, baudrates } = fields(status["options"]);
  return {
    ports: Array.isArray(ports) ? ports.filter((port) => typeof port === "string") : [],
    baudRates: Array.isArray(baudrates) ? baudrates.filter((rate) => number(rate) !== null) : [],
  };
}

/** @throws PrinterError `invalid_input` that names what OctoPrint offers */
function checkChoice({ ports, baudRates }: Ports, port: string | undefined, baudRate: number | undefined): void {
  if (port !== undefined && port !== "AUTO" && !ports.includes(port)) {
    throw invalid("/port", `OctoPrint offers the ports AUTO, ${ports.join(", ")}`);
  }
  if (baudRate !== undefined && !baudRates.includes(baudRate)) {
    throw invalid("/baudRate", `OctoPrint offers the speeds ${baudRates.join(", ")}`);
  }
}
