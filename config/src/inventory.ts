// Strict schema of the parts of the inventory that all families share. Keys are snake_case in
// the file and camelCase in the types; a family's own `connection` schema is passed in.

import type * as z from "zod";

export interface CameraEntry {
  /** Replaces the printer's own camera. */
  readonly url: string | undefined;
}

export interface PrinterEntry {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly control: boolean;
  /** Checked and typed by the family's schema when schemas were given, else as it stands in the file. */
  readonly connection: unknown;
  /** null when switched off with `camera: false`. */
  readonly camera: CameraEntry | null;
}

export interface GatewaySettings {
  /** Host names, besides addresses and local names, under which browsers may reach the gateway. */
  readonly allowedHosts: readonly string[];
  /** How long a camera stays open after its last viewer, ms. */
  readonly cameraGraceMs: number;
}

export interface BridgeSettings {
  /** How long a stream runs on after its last viewer, ms. */
  readonly lingerMs: number;
  /** Frames above this rate are dropped before they are decoded. */
  readonly maxFramesPerSecond: number;
}

export interface Inventory {
  readonly printers: readonly PrinterEntry[];
  readonly gateway: GatewaySettings;
  readonly bridge: BridgeSettings;
}

/** `connection` schema of each family, by family id. */
export type FamilySchemas = Readonly<Record<string, z.ZodType>>;
