// Resources: the same things the reading tools give, by address.

import { PrinterError } from "../../model/errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { cameraOf, printerDocument, printerState } from "../printer-document.ts";
import type { Admission } from "../camera-access.ts";
import { publicMessage } from "../problem.ts";
import { McpError, RpcErrorCode, type ReadResourceResult, type Resource } from "./sdk.ts";

const inventory = "printer://inventory";
const pattern = /^printer:\/\/([a-z0-9][a-z0-9_-]*)\/(state|snapshot)$/u;

export const resourceTemplates = [
  {
    name: "state",
    title: "State of a printer",
    description: "The whole state of one printer.",
    uriTemplate: "printer://{id}/state",
    mimeType: "application/json",
  },
  {
    name: "snapshot",
    title: "Camera of a printer",
    description: "A picture of what the printer's camera sees now.",
    uriTemplate: "printer://{id}/snapshot",
    mimeType: "image/jpeg",
  },
];

export function listResources(fleet: Fleet): Resource[] {
  const title = "All printers";
  return [
    { uri: inventory, name: "inventory", title, mimeType: "application/json" },
    ...fleet.list().flatMap(({ id, name }) => {
      const state = { uri: stateUri(id), name: `${id} state`, title: `State of ${name}`, mimeType: "application/json" };
      const snapshot = {
        uri: `printer://${id}/snapshot`,
        name: `${id} snapshot`,
        title: `Camera of ${name}`,
        mimeType: "image/jpeg",
      };
      return cameraOf(fleet, id) === undefined ? [state] : [state, snapshot];
    }),
  ];
}

export function stateUri(id: string): string {
  return `printer://${id}/state`;
}

/** @throws McpError InvalidParams for an address there is nothing at, InternalError when the picture does not come */
export async function readResource(
  fleet: Fleet,
  uri: string,
  signal: AbortSignal,
  admit: (printer: string) => Admission,
): Promise<ReadResourceResult> {
  if (uri === inventory) {
    return json(uri, { items: fleet.list().map((printer) => printerDocument(printer)) });
  }
  const [, id, what] = pattern.exec(uri) ?? [];
  try {
    if (id === undefined) throw new PrinterError("not_found", `there is no resource ${uri}`);
    if (what === "state") return json(uri, printerState(fleet.get(id)));
    using _admission = admit(id);
    const { jpeg } = await fleet.camera(id).snapshot({ maxAgeMs: 2000, timeoutMs: 10_000, signal });
    return { contents: [{ uri, mimeType: "image/jpeg", blob: Buffer.from(jpeg).toString("base64") }] };
  } catch (thrown) {
    const error = PrinterError.from(thrown);
    const code = error.code === "not_found" ? RpcErrorCode.InvalidParams : RpcErrorCode.InternalError;
    throw new McpError(code, publicMessage(error), { code: error.code });
  }
}

function json(uri: string, value: object): ReadResourceResult {
  return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(value) }] };
}
