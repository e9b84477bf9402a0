// Strict schema of the `access` block: who may look through the cameras. Whom a credential lets in
// is decided by the gateway and by MediaMTX; here is what is written down, and one key more that
// both sides make of it for their own requests.

import { createHmac } from "node:crypto";
import * as z from "zod";
import type { Faults, Path } from "./problems.ts";
import { isObject, withFileKeys, type JsonSchema } from "./schema-keys.ts";

/** One user and password for every camera. */
interface CameraLogin {
  readonly username: string;
  readonly password: string;
}

/** A long-lived credential of one program, which is revoked by taking it out of the file. */
interface CameraToken {
  /** Also the user name that goes with it over RTSP. */
  readonly name: string;
  readonly token: string;
  /** Ids of the printers it is good for; undefined: all. */
  readonly printers: readonly string[] | undefined;
}

export interface AccessSettings {
  readonly cameras: CameraLogin | undefined;
  readonly tokens: readonly CameraToken[];
}

/** User names that have a meaning in the RTSP server. */
const reserved = new Set(["any", "gantry", "gantry-bridge"]);

const login = z.strictObject({
  username: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u, {
      error: "must be 1 to 64 letters, digits, dots, _ and -, beginning with a letter or digit",
    })
    .refine((name) => !reserved.has(name), { error: "this name is taken by the RTSP server; choose another" })
    .meta({ description: "User name for every camera, as RTSP, snapshot and MJPEG ask for it." }),
  password: z
    .string()
    // What MediaMTX takes in plain text, which Digest needs.
    .regex(/^[A-Za-z0-9!$()*+.;<=>[\]^_{}@#&-]{8,200}$/u, {
      error: "must be 8 to 200 letters, digits and ! $ ( ) * + . ; < = > [ ] ^ _ - { } @ # &",
    })
    .meta({ secret: true, description: "Its password, 8 to 200 letters, digits and !$()*+.;<=>[]^_-{}@#&." }),
});

const token = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/u, {
      error: "must be 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit",
    })
    .refine((name) => !reserved.has(name), { error: "this name is taken by the RTSP server; choose another" })
    .meta({ description: "Who uses it, for the log; over RTSP it is the user name. Unique." }),
  token: z
    .string()
    .regex(/^[A-Za-z0-9._-]{20,200}$/u, {
      error: "must be 20 to 200 letters, digits, dots, _ and -; openssl rand -hex 24 makes one",
    })
    .meta({
      secret: true,
      description: "Random, 20 to 200 letters, digits, dots, _ and -; `openssl rand -hex 24` makes one.",
    }),
  printers: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: "Ids of the printers whose cameras it opens. Default: all." }),
});

/** null without the block: every camera is open to the network. */
export const access = z
  .strictObject({
    cameras: login.optional().meta({ description: "One user and password for every camera." }),
    tokens: z
      .array(token)
      .nullish()
      .meta({ description: "Tokens of single programs: taking one out revokes it at once." }),
  })
  // So that the last token taken out leaves the cameras closed, and a blank block is no riddle.
  .refine((value) => value.cameras !== undefined || value.tokens !== undefined, {
    error: "give cameras or tokens under access, or leave access out, which opens the cameras to the network",
  })
  .transform((value): AccessSettings => ({
    cameras: value.cameras,
    tokens: (value.tokens ?? []).map(({ name, token: secret, printers }) => ({ name, token: secret, printers })),
  }))
  .optional()
  .transform((value) => value ?? null)
  .meta({ description: "Who may look through the cameras. Without it: everybody on the network." });

interface SecretPlace {
  readonly holder: unknown;
  readonly at: Path;
  readonly key: string;
}

/** The secrets of the block that may be given as files: the mapping, where it stands, and the key in it. */
export function accessSecrets(tree: unknown): SecretPlace[] {
  const block = isObject(tree) && isObject(tree["access"]) ? tree["access"] : {};
  return [
    { holder: block["cameras"], at: ["access", "cameras"], key: "password" },
    ...listOf(block, "tokens").map((holder, index) => ({ holder, at: ["access", "tokens", index], key: "token" })),
  ];
}

/** Keys of the block that hold a secret. */
export const accessSecretKeys = ["password", "token"] as const;

/** The schema of the whole inventory, with `password_file` and `token_file` where they may stand. */
export function withAccessFiles(schema: JsonSchema): JsonSchema {
  const swap = (inner: unknown, path: readonly string[], key: string): unknown => {
    if (!isObject(inner)) return inner;
    const [step, ...rest] = path;
    if (step === undefined) return withFileKeys(inner, [key]);
    if (Array.isArray(inner["anyOf"]) && !(step in inner)) {
      return { ...inner, anyOf: inner["anyOf"].map((one) => swap(one, path, key)) };
    }
    return step in inner ? { ...inner, [step]: swap(inner[step], rest, key) } : inner;
  };
  const cameras = swap(schema, ["properties", "access", "properties", "cameras"], "password");
  const both = swap(cameras, ["properties", "access", "properties", "tokens", "items"], "token");
  return both as JsonSchema;
}

/** Names that clash, and printers that are not there. */
export function tellAccess(tree: unknown, faults: Faults): void {
  const block = isObject(tree) && isObject(tree["access"]) ? tree["access"] : {};
  const ids = new Set(listOf(tree, "printers").map((entry) => (isObject(entry) ? entry["id"] : undefined)));
  const names = new Set([isObject(block["cameras"]) ? block["cameras"]["username"] : undefined]);
  for (const [index, entry] of listOf(block, "tokens").entries()) {
    if (!isObject(entry)) continue;
    const path = ["access", "tokens", index];
    const { name } = entry;
    if (typeof name === "string" && names.has(name) && !faults.isSettled([...path, "name"])) {
      faults.atValue([...path, "name"], "this name is given twice under access");
    }
    names.add(name);
    for (const [at, id] of listOf(entry, "printers").entries()) {
      if (typeof id !== "string" || ids.has(id)) continue;
      faults.atValue([...path, "printers", at], `no printer has the id ${JSON.stringify(id)}`);
    }
  }
}

function listOf(value: unknown, key: string): unknown[] {
  const list = isObject(value) ? value[key] : undefined;
  return Array.isArray(list) ? list : [];
}

/**
 * The credential of the bridge's own requests to the gateway, which both read out of the same
 * inventory: other than any that is written there, and worth nothing once a secret there changed.
 */
export function bridgeKey(settings: AccessSettings): string {
  const secrets = [settings.cameras ?? null, settings.tokens.map(({ name, token: secret }) => [name, secret])];
  return createHmac("sha256", "gantry: requests of the bridge").update(JSON.stringify(secrets)).digest("base64url");
}
