// The keys of the `connection` block that are about the vendor's cloud, and the addresses that come of
// them. Nothing is asked there without a token or cookie. Facts: the family's README.

import * as z from "zod";

const regions = {
  global: { url: "https://api.bambulab.com", web: "https://bambulab.com", mqtt: "us.mqtt.bambulab.com" },
  china: { url: "https://api.bambulab.cn", web: "https://bambulab.cn", mqtt: "cn.mqtt.bambulab.com" },
} as const;

export const regionNames = ["global", "china"] as const satisfies readonly (keyof typeof regions)[];
type Region = keyof typeof regions;

/** With a token in every request, an address without TLS has to be this machine's own. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname));
}

export const cloudUrl = z.string().refine(isSafeUrl, { error: "expected an https URL" });

export const cloudKeys = {
  cloud_token: z
    .string()
    .regex(/^[\x21-\x7e]{8,8192}$/u, "expected the token as `login bambu` writes it")
    .optional()
    .meta({ secret: true, description: "Token of the vendor's cloud, which is read with it. Default: no cloud." }),
  cloud_cookie: z
    .string()
    .max(16_384)
    .refine((text) => tokenOfCookie(text) !== undefined, { error: "expected a browser's cookies with token=… in them" })
    .optional()
    .meta({ secret: true, description: "A browser's cookies of the cloud's web page, in place of cloud_token." }),
  cloud_region: z.enum(regionNames).default("global").meta({ description: "Where the cloud account is." }),
  cloud_url: cloudUrl.optional().meta({ description: "Address of the cloud's API. Default: by cloud_region." }),
  cloud_mqtt_host: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta({ description: "Name of the cloud's MQTT broker. Default: by cloud_region." }),
  cloud_mqtt_port: z.int().min(1).max(65_535).default(8883).meta({ description: "TCP port of that broker." }),
};

interface CloudKeys {
  readonly cloud_token?: string | undefined;
  readonly cloud_cookie?: string | undefined;
  readonly cloud_region: Region;
  readonly cloud_url?: string | undefined;
  readonly cloud_mqtt_host?: string | undefined;
  readonly cloud_mqtt_port: number;
}

export interface CloudSettings {
  readonly token: string;
  /** Without a slash at its end. */
  readonly url: string;
  readonly mqttHost: string;
  readonly mqttPort: number;
}

/** Null where no cloud is configured. */
export function cloudSettings(keys: CloudKeys): CloudSettings | null {
  const token = keys.cloud_token ?? (keys.cloud_cookie === undefined ? undefined : tokenOfCookie(keys.cloud_cookie));
  if (token === undefined) return null;
  const region = regions[keys.cloud_region];
  return {
    token,
    url: (keys.cloud_url ?? region.url).replace(/\/+$/u, ""),
    mqttHost: keys.cloud_mqtt_host ?? region.mqtt,
    mqttPort: keys.cloud_mqtt_port,
  };
}

/** Addresses for logging in: the API and the web pages. */
export function loginHosts(region: Region): { readonly url: string; readonly web: string } {
  return regions[region];
}

/** Of a browser's cookie line; undefined when there is no `token` in it that can be sent. */
function tokenOfCookie(text: string): string | undefined {
  return /(?:^|;)\s*token=([\x21-\x3a\x3c-\x7e]{8,8192})\s*(?:;|$)/u.exec(text)?.[1];
}
