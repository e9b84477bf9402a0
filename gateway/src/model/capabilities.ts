// The names of what a printer can have. A row of the telemetry or command table that
// `needs` one is shown only for printers whose family says they have it.

export const capabilities = [
  "bed",
  "camera",
  "chamber",
  "fans",
  "gcode",
  "heaters",
  "home",
  "jog",
  "layers",
  "lights",
  "materials",
  "pause",
  "resume",
  "speed",
  "start",
  "stop",
] as const;

export type Capability = (typeof capabilities)[number];
export type Capabilities = ReadonlySet<Capability>;
