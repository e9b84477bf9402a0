// Which firmware a Centauri Carbon runs, read from the version it tells. Versions only; what
// follows from them is in ./capabilities.ts and ./request-table.ts.

type Version = readonly [major: number, minor: number, patch: number];

export interface Firmware {
  /** null while the printer has not told, or told something else than a version. */
  readonly version: Version | null;
  /** The patched firmware: the same daemon with version numbers of its own. */
  readonly openCentauri: boolean;
}

/** Nothing is known: only what every firmware takes may be sent. */
export const unknownFirmware: Firmware = { version: null, openCentauri: false };

/** The first stock firmware whose web page uses the later commands, and which refuses changes in mid-print. */
export const laterFirmware: Version = [1, 1, 29];
/** The first stock series with Canvas; seen on 1.4.44 to 1.4.49, and on no 1.1. */
export const canvasFirmware: Version = [1, 2, 0];

/** `V1.1.46` → its numbers; `V0.3.0-o`, `V0.1.0 O`, `0.2.0OC` are OpenCentauri. */
export function readFirmware(text: string | null): Firmware {
  if (text === null) return unknownFirmware;
  const [, major, minor, patch] = /(\d{1,4})\.(\d{1,4})\.(\d{1,4})/u.exec(text) ?? [];
  const version: Version | null = major === undefined ? null : [Number(major), Number(minor), Number(patch)];
  return { version, openCentauri: /oc?$|\boc?\b/iu.test(text.trim()) };
}

/** Whether it is stock firmware of at least this version. Numbers of OpenCentauri say nothing about stock ones. */
export function isStockSince({ version, openCentauri }: Firmware, minimum: Version): boolean {
  if (version === null || openCentauri) return false;
  const difference = minimum.map((part, index) => (version[index] ?? 0) - part).find((part) => part !== 0);
  return difference === undefined || difference > 0;
}
