// The one door of this room: the inventory file in, a frozen inventory out.

export { chooseInventory } from "./choose.ts";
export { emptyInventory, InventoryError, loadInventory } from "./load.ts";
export { noInventoryYet, openInventory } from "./watch.ts";
export { inventoryJsonSchema } from "./json-schema.ts";
export { connectionSecret } from "./connection-secret.ts";
export { createSecrets } from "./secrets.ts";
export { bridgeKey } from "./access.ts";
export type { AccessSettings } from "./access.ts";
export type { RecordingSettings, RecordMode, TimelapseMode } from "./recording.ts";
export type { InventoryOptions } from "./load.ts";
export type { InventoryChange, InventoryFile, InventoryStatus } from "./watch.ts";
export type { Problem } from "./problems.ts";
export type { Secrets } from "./secrets.ts";
export type {
  BridgeSettings,
  CameraEntry,
  EncoderName,
  FamilySchemas,
  GatewaySettings,
  Inventory,
  PrinterEntry,
} from "./inventory.ts";
