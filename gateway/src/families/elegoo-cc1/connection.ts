// The `connection` block of an elegoo-cc1 entry.

import * as z from "zod";

const port = z.int().min(1).max(65_535);
const host = z.string().min(1).max(253);

export const connection = z.strictObject({
  host: host.meta({ description: "Name or address of the printer on the network." }),
  port: port.default(3030).meta({ description: "TCP port of its WebSocket." }),
  http_port: port.default(80).meta({ description: "TCP port of its web page, which takes and gives files." }),
  camera_port: port.default(3031).meta({ description: "TCP port of its camera." }),
  discovery_port: port.default(3000).meta({ description: "UDP port on which it says who it is." }),
  mainboard_id: z.string().min(1).max(64).optional().meta({
    description:
      "Its mainboard id; a printer with another one is refused, and this one is looked for when it has a new address. Default: whoever answers.",
  }),
  search: z.array(host).max(16).optional().meta({
    description:
      "Where to look for the mainboard id when the host does not answer: addresses of printers or of subnets' broadcasts. Default: the broadcasts of every network of this machine.",
  }),
});

export type Connection = z.output<typeof connection>;
