// How a simulator of each family is reached: the `connection` block of its inventory entry.

import { readFileSync } from "node:fs";
import type { LaunchedSimulator } from "../simulators/launch.ts";

type Connection = Record<string, unknown> | undefined;

/** `camera.url` of a family that has no connection: a camera without a printer. */
export const cameraUrls: Readonly<Record<string, (simulator: LaunchedSimulator) => string>> = {
  camera: ({ host, ports }) => `http://${host}:${ports["main"]}/stream`,
};

export const connections: Readonly<Record<string, (simulator: LaunchedSimulator) => Connection>> = {
  bambu: ({ host, ports, facts }) => ({
    host,
    serial: facts["serial"],
    access_code: facts["access_code"],
    mqtt_port: ports["main"],
    ftps_port: ports["ftps"],
    camera_port: ports["camera"] ?? ports["rtsps"],
    tls_ca: readFileSync(facts["ca"] ?? "", "utf8"),
  }),
  camera: () => undefined,
  "elegoo-cc1": ({ host, ports }) => ({
    host,
    port: ports["main"],
    http_port: ports["http"],
    camera_port: ports["camera"],
    discovery_port: ports["discovery"],
  }),
  "elegoo-cc2": ({ host, ports, facts }) => ({
    host,
    port: ports["main"],
    http_port: ports["http"],
    camera_port: ports["camera"],
    discovery_port: ports["discovery"],
    access_code: facts["access_code"],
    serial: facts["serial"],
  }),
  octoprint: ({ host, ports, facts }) => ({ url: `http://${host}:${ports["main"]}`, api_key: facts["api_key"] }),
  moonraker: ({ host, ports, facts }) => ({ url: `http://${host}:${ports["main"]}`, api_key: facts["api_key"] }),
  prusalink: ({ host, ports, facts }) => ({ url: `http://${host}:${ports["main"]}`, api_key: facts["api_key"] }),
};
