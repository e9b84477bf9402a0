// The `connection` block of a moonraker entry.

import * as z from "zod";

export const connection = z.strictObject({
  url: z
    .url({ protocol: /^https?$/u, error: "expected a URL that begins with http or https" })
    .meta({ description: "Address of Moonraker, or of the web page in front of it: http://HOST:7125 or http://HOST." }),
  api_key: z.string().min(1).max(256).optional().meta({
    description: "Moonraker's API key. Not needed where Moonraker trusts the gateway's address.",
    secret: true,
  }),
});

export type Connection = z.output<typeof connection>;

/** An address below the inventory's `url`, whatever path that has; `path` begins without a slash. */
export function addressOf({ url }: Connection, path: string): URL {
  const base = new URL(url);
  base.search = "";
  base.hash = "";
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return new URL(path, base);
}
