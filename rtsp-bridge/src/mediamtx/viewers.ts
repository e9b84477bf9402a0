// Pure: who may do what in MediaMTX, made of the inventory's `access`, and whose right is gone
// after a change of it. Rules: MediaMTX v1.20.1, internal/auth; the first entry that fits decides.

import type { AccessSettings } from "@gantry/config";

/** A user name and password of MediaMTX, in plain text: Digest needs it so. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** The bridge's own user; the inventory keeps the name free. */
export const bridgeUser = "gantry-bridge";

export const loopback = ["127.0.0.1", "::1"];

/** A way in, as MediaMTX's `authInternalUsers` lists it. */
export interface UserConfig {
  readonly user: string;
  readonly pass?: string;
  readonly ips?: readonly string[];
  readonly permissions: readonly { readonly action: string; readonly path?: string }[];
}

/** Only the bridge publishes, and only from this machine; the rest may watch what `access` says. */
export function viewerUsers(access: AccessSettings | null, bridge: Login): UserConfig[] {
  const own = [{ action: "publish" }, { action: "read" }];
  const publisher = { user: bridge.user, pass: bridge.password, ips: loopback, permissions: own };
  if (access === null) return [publisher, { user: "any", permissions: [{ action: "read" }] }];
  const { cameras, tokens } = access;
  const login =
    cameras === undefined
      ? []
      : [{ user: cameras.username, pass: cameras.password, permissions: [{ action: "read" }] }];
  const programs = tokens.map(({ name, token, printers }) => ({
    user: name,
    pass: token,
    permissions: printers?.flatMap(pathsOf).map((path) => ({ action: "read", path })) ?? [{ action: "read" }],
  }));
  return [publisher, ...login, ...programs];
}

/** Paths of one printer: its stream, and the second one of low rate. */
function pathsOf(printer: string): string[] {
  return [printer, `${printer}_sub`];
}

/** A viewer's session. */
export interface Watching {
  readonly user: string;
  readonly path: string;
}

/** Whether a session that was let in under `before` would not be let in under `after`. */
export function isRevoked(
  { user, path }: Watching,
  before: AccessSettings | null,
  after: AccessSettings | null,
): boolean {
  if (after === null || user === bridgeUser) return false;
  const secret = secretOf(user, after);
  if (secret === undefined) return true;
  // Nobody had to show one before: MediaMTX took any name.
  if (before === null || secretOf(user, before) !== secret) return true;
  const printers = after.tokens.find(({ name }) => name === user)?.printers;
  return printers !== undefined && !printers.flatMap(pathsOf).includes(path);
}

function secretOf(user: string, { cameras, tokens }: AccessSettings): string | undefined {
  if (user === cameras?.username) return cameras.password;
  return tokens.find(({ name }) => name === user)?.token;
}
