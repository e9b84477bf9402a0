// Lets a request in that asks for something of a camera: what it shows is held against the inventory's
// `access`, and who is turned away is told how to ask. The rule itself is ./camera-access.ts.

import type { Request, Response } from "express";
import { PrinterError } from "../model/errors.ts";
import { challenge, type Admission, type CameraAccess } from "./camera-access.ts";
import { parameter } from "./route.ts";

/** For the printer that the route's `{id}` names. @throws PrinterError as CameraAccess.admit does */
export function admit(access: CameraAccess, request: Request, response: Response): Admission {
  const { headers, url, socket } = request;
  try {
    return access.admit({ headers, url, address: socket.remoteAddress ?? "" }, parameter(request, "id"));
  } catch (error) {
    if (PrinterError.from(error).code === "unauthorized") response.set("WWW-Authenticate", challenge);
    throw error;
  }
}
