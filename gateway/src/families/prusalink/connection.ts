// The `connection` block of a prusalink entry.

import * as z from "zod";

const text = z.string().min(1).max(256);

export const connection = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/u, error: "expected a URL that begins with http or https" })
      .meta({ description: "Address of PrusaLink: http://HOST." }),
    api_key: text.optional().meta({ description: "PrusaLink's API key, in place of a password.", secret: true }),
    username: text.default("maker").meta({ description: "User of PrusaLink." }),
    password: text
      .optional()
      .meta({ description: "Its password, as the printer's network menu shows it.", secret: true }),
  })
  .refine((value) => value.api_key !== undefined || value.password !== undefined, {
    error: "give api_key, or username and password",
    path: ["api_key"],
  });

export type Connection = z.output<typeof connection>;
