// Which camera a printer has, and at which port. Not how they are read.

import type { Session } from "../../family.ts";
import type { Connection } from "../connection.ts";
import { detectModel, type Model } from "../models.ts";

const ports = { jpeg: 6000, rtsps: 322 } as const satisfies Record<Model["camera"], number>;

export interface Camera {
  readonly kind: Model["camera"];
  readonly port: number;
}

/** By the port where that says it, then by the model the session has found, else by inventory and serial. */
export function cameraOf(connection: Connection, session: Session | undefined): Camera {
  const { camera_port: port, serial, model: configured } = connection;
  const named = (["jpeg", "rtsps"] as const).find((kind) => ports[kind] === port);
  const kind = named ?? (modelOf(session) ?? detectModel({ modules: [], serial, configured })).camera;
  return { kind, port: port ?? ports[kind] };
}

/** Sessions of this family carry their model; the house's type of a session does not know it. */
function modelOf(session: Session | undefined): Model | undefined {
  return (session as { readonly model?: Model } | undefined)?.model;
}
