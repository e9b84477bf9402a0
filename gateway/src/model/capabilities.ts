// The names of what a printer can have. A row of the telemetry or command table that
// `needs` one is shown only for printers whose family says they have it.

export const capabilities = [
  "autoRefill",
  "bed",
  "camera",
  "chamber",
  "connections",
  "emergencyStop",
  "fans",
  "fileSelection",
  "files",
  "gcode",
  "heaterOffsets",
  "heaters",
  "history",
  "home",
  "jog",
  "layers",
  "lights",
  "macros",
  "materials",
  "pause",
  "position",
  "power",
  "resume",
  "serialPort",
  "signal",
  "speed",
  "start",
  "stop",
  "storages",
  "system",
  "thumbnails",
  "timelapses",
  "upload",
] as const;

export type Capability = (typeof capabilities)[number];
export type Capabilities = ReadonlySet<Capability>;
