// The `connection` block of an elegoo-cc2 entry.

import * as z from "zod";

const port = z.int().min(1).max(65_535);

const host = z.string().min(1).max(253);

export const connection = z.strictObject({
  host: host.meta({ description: "Name or address of the printer on the network." }),
  port: port.default(1883).meta({ description: "TCP port of its MQTT broker." }),
  http_port: port.default(80).meta({ description: "TCP port of its web server, which takes uploads." }),
  camera_port: port.default(8080).meta({ description: "TCP port of its camera." }),
  discovery_port: port.default(52_700).meta({ description: "UDP port on which it says who it is." }),
  access_code: z
    .string()
    .min(1)
    .max(64)
    // It goes into an HTTP header as it is.
    .regex(/^[\x21-\x7e]+$/u, "expected printable ASCII without spaces")
    .optional()
    .meta({ secret: true, description: "Access code as its screen shows it. Default: the printer has none set." }),
  serial: z
    .string()
    // It is a level of MQTT topics: a slash or a wildcard would reach other topics.
    .regex(/^[A-Za-z0-9_-]{1,64}$/u, "expected letters, digits, - and _")
    .optional()
    .meta({
      description:
        "Its serial number; a printer with another one is refused, and this one is looked for when it has a new address. Default: the printer is asked.",
    }),
  search: z.array(host).max(16).optional().meta({
    description:
      "Where to look for the serial number when the host does not answer: addresses of printers or of subnets' broadcasts. Default: the broadcasts of every network of this machine.",
  }),
});

export type Connection = z.output<typeof connection>;

/** What the firmware takes as access code when none is set. */
const defaultAccessCode = "123456";

export function accessCode({ access_code: code }: Connection): string {
  return code ?? defaultAccessCode;
}
