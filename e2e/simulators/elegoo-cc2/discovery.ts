// UDP discovery: answers any JSON with method 7000, however it is spaced, to its sender.

import { listenForDiscovery } from "../elegoo/discovery.ts";
import type { Printer } from "./printer.ts";
import { isObject } from "./status.ts";

const method = 7000;

/** Listens on `port` (0: any free one). @throws the listening error. */
export async function startDiscovery(
  printer: Printer,
  port: number,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const { knobs } = printer;
  return listenForDiscovery(printer, {
    port,
    encoding: "utf8",
    answer: (text) => {
      const id = idOf(text);
      return id === undefined || knobs.discoverySilent || knobs.dark ? undefined : { id, result: reply(printer) };
    },
  });
}

/** @returns undefined for what is no discovery. */
function idOf(text: string): unknown {
  try {
    const message: unknown = JSON.parse(text);
    return isObject(message) && message["method"] === method ? (message["id"] ?? 0) : undefined;
  } catch {
    return undefined;
  }
}

function reply({ name, serial, accessCode, knobs }: Printer): Readonly<Record<string, unknown>> {
  const flag = (value: boolean): unknown => (knobs.discoveryBooleans ? value : Number(value));
  return {
    host_name: name,
    machine_model: "Centauri Carbon 2",
    sn: serial,
    token_status: flag(accessCode !== ""),
    lan_status: flag(knobs.lanOnly),
  };
}
