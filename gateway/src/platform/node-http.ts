// Node's own http and https. Not imported by name: an import reads every export of a module, and
// one of http's loads all of fetch and WebSocket, which is 6 MB for a process that uses neither.

const http = process.getBuiltinModule("node:http");
const https = process.getBuiltinModule("node:https");

export const { createServer } = http;

/** The module that speaks the address's scheme: http unless it begins with `https:`. */
export function clientFor(url: URL | string): typeof http | typeof https {
  return String(url).startsWith("https:") ? https : http;
}
