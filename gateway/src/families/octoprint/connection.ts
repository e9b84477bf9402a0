// The `connection` block of an octoprint entry.

import * as z from "zod";

/** http or https, with an optional path in front of OctoPrint's own, as reverse proxies have it. */
function isServerUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/u.test(url.protocol) && url.username === "" && url.password === "";
}

export const connection = z.strictObject({
  url: z
    .string()
    .max(2048)
    .refine((text) => isServerUrl(text), {
      error: "an http or https address of OctoPrint without user and password, such as http://octopi.local",
    })
    .meta({ description: "Address of OctoPrint as a browser opens it, with its path where a proxy adds one." }),
  api_key: z.string().min(1).max(256).meta({
    description: "API key of an OctoPrint user, or an application key; the group users has the rights it needs.",
    secret: true,
  }),
});

export type Connection = z.output<typeof connection>;
