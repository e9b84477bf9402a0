// The `connection` block of an elegoo-cc1 entry.

import * as z from "zod";

const port = z.int().min(1).max(65_535);

export const connection = z.strictObject({
  host: z.string().min(1).max(253).meta({ description: "Name or address of the printer on the network." }),
  port: port.default(3030).meta({ description: "TCP port of its WebSocket." }),
  camera_port: port.default(3031).meta({ description: "TCP port of its camera." }),
  mainboard_id: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: "Its mainboard id; a printer with another one is refused. Default: whoever answers." }),
});

export type Connection = z.output<typeof connection>;
