// How a simulator of each family is reached: the `connection` block of its inventory entry.

import type { LaunchedSimulator } from "../simulators/launch.ts";

export const connections: Readonly<Record<string, (simulator: LaunchedSimulator) => Record<string, unknown>>> = {
  "elegoo-cc1": ({ host, ports }) => ({ host, port: ports["main"], camera_port: ports["camera"] }),
};
