// How a simulator of each family is reached: the `connection` block of its inventory entry.

import type { LaunchedSimulator } from "../simulators/launch.ts";

export const connections: Readonly<Record<string, (simulator: LaunchedSimulator) => Record<string, unknown>>> = {
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
  moonraker: ({ host, ports, facts }) => ({ url: `http://${host}:${ports["main"]}`, api_key: facts["api_key"] }),
};
