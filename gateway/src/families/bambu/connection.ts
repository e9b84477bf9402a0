// The `connection` block of a bambu entry. Secrets, and the PEM texts, may be given as `<key>_file`.

import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import * as z from "zod";
import { PrinterError } from "../../model/errors.ts";
import { cloudKeys } from "./cloud/connection-keys.ts";
import { modelNames } from "./models.ts";

const port = z.int().min(1).max(65_535);

const certificates = z
  .string()
  .max(1_000_000)
  .refine((text) => canParse(() => readCertificates(text)), { error: "expected certificates in PEM form" })
  .optional();

const privateKey = z
  .string()
  .max(100_000)
  .refine((text) => canParse(() => createPrivateKey(text)), { error: "expected a private key in PEM form" })
  .optional();

const publicKey = z
  .string()
  .max(100_000)
  .refine((text) => canParse(() => createPublicKey(text)), {
    error: "expected a public key or certificate in PEM form",
  })
  .optional();

export const connection = z
  .strictObject({
    host: z.string().min(1).max(253).optional().meta({
      description:
        "Name or address of the printer on the network. Without it the printer is only read, through the vendor's cloud.",
    }),
    serial: z
      .string()
      // It is a level of MQTT topics and a name in TLS: nothing else may be in it. Its case counts.
      .regex(/^[0-9A-Z]{6,32}$/u, "expected the serial number in capitals, as the printer's screen shows it")
      .meta({ description: "Its serial number: a printer whose certificate names another one is refused." }),
    access_code: z
      .string()
      // The camera's log-in has 32 bytes for it.
      .regex(/^[\x21-\x7e]{1,32}$/u, "expected 1 to 32 printable ASCII characters without spaces")
      .optional()
      .meta({ secret: true, description: "LAN access code as its screen shows it; goes with host." }),
    model: z
      .enum(modelNames)
      .optional()
      .meta({ description: "Its model, for printers that do not tell. Default: the printer is asked." }),
    mqtt_port: port.default(8883).meta({ description: "TCP port of its MQTT broker." }),
    ftps_port: port.default(990).meta({ description: "TCP port of its file server." }),
    camera_port: port.optional().meta({ description: "TCP port of its camera. Default: 6000 or 322, by its model." }),
    tls: z.enum(["verify", "pin", "insecure"]).default("verify").meta({
      description:
        "How its certificate is checked: verify (the vendor's CAs, and its serial number), pin (the one seen first), insecure (not at all).",
    }),
    tls_ca: certificates.meta({ secret: true, description: "Further CA certificates to trust, in PEM form." }),
    client_certificate: certificates.meta({
      secret: true,
      description: "Certificate that Gantry shows the printer in TLS, in PEM form. Default: none.",
    }),
    client_key: privateKey.meta({ secret: true, description: "Private key of client_certificate, in PEM form." }),
    signing_key: privateKey.meta({
      secret: true,
      description: "Your own private key that signs commands, for firmware that wants them signed, in PEM form.",
    }),
    signing_certificate: certificates.meta({ secret: true, description: "Certificate of signing_key, in PEM form." }),
    signing_certificate_id: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/u, "expected printable ASCII")
      .optional()
      .meta({ description: "Id of that certificate as the printer knows it. Default: its serial number." }),
    printer_public_key: publicKey.meta({
      secret: true,
      description: "The printer's own public key or certificate, in PEM form: signed G-code is encrypted with it.",
    }),
    signing_form: z.enum(["canonical", "raw"]).default("canonical").meta({
      description: "Which bytes are signed: canonical (sorted keys, without the signature), raw (as they are sent).",
    }),
    job_url: z
      .enum(["file:///sdcard/", "ftp:///"])
      .optional()
      .meta({ description: "What stands before a stored file's path when it is started. Default: by its model." }),
    ...cloudKeys,
  })
  .refine((value) => value.host !== undefined || hasCloud(value), {
    error: "give the printer's address; or cloud_token, to read it through the vendor's cloud",
    path: ["host"],
  })
  .refine((value) => value.host === undefined || value.access_code !== undefined, {
    error: "give the printer's access code too",
    path: ["access_code"],
  })
  .refine((value) => value.cloud_token === undefined || value.cloud_cookie === undefined, {
    error: "give cloud_token or cloud_cookie, not both",
    path: ["cloud_cookie"],
  })
  .refine((value) => (value.signing_key === undefined) === (value.signing_certificate === undefined), {
    error: "give signing_key and signing_certificate, or neither",
    path: ["signing_key"],
  })
  .refine((value) => (value.client_key === undefined) === (value.client_certificate === undefined), {
    error: "give client_key and client_certificate, or neither",
    path: ["client_key"],
  });

export type Connection = z.output<typeof connection>;

/** Of a printer that is reached on its own network. */
export type LanConnection = Connection & { readonly host: string; readonly access_code: string };

export function isOnLan(value: Connection): value is LanConnection {
  return value.host !== undefined && value.access_code !== undefined;
}

/** @throws PrinterError `unsupported` for a printer that is only read through the cloud */
export function demandLan(value: Connection): LanConnection {
  if (isOnLan(value)) return value;
  throw new PrinterError("unsupported", "files and the camera need the printer's own network: give its host");
}

interface CloudSecrets {
  readonly cloud_token?: string | undefined;
  readonly cloud_cookie?: string | undefined;
}

function hasCloud(value: CloudSecrets): boolean {
  return value.cloud_token !== undefined || value.cloud_cookie !== undefined;
}

/**
 * The certificates of a PEM text, each as its own PEM text.
 * @throws Error when there is none, or one that does not parse
 */
export function readCertificates(text: string): string[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu) ?? [];
  if (found.length === 0) throw new Error("no certificate");
  return found.map((pem) => new X509Certificate(pem).toString());
}

function canParse(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false; // the schema says what is expected
  }
}
