// What servers do with WebSockets beside talking on them: refuse one, cut them.

import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";

/** Answers a request for a WebSocket with 404. */
export function refuseUpgrade(stream: Duplex): void {
  stream.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

/** Cuts every socket, saying so (1001), or without a word. */
export function dropSockets(clients: Iterable<{ readonly socket: WebSocket }>, how: "close" | "reset"): void {
  for (const { socket } of clients) {
    if (how === "close") socket.close(1001);
    else socket.terminate();
  }
}
