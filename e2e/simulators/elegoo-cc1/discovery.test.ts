// Discovery of the simulated printer over UDP.

import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { test } from "node:test";
import { until } from "../../scenarios/harness/until.ts";
import type { LaunchedSimulator } from "../launch.ts";
import { type Json, fault, startPrinter } from "./raw-client.ts";

function listen(): { socket: Socket; replies: Json[] } & Disposable {
  const socket = createSocket("udp4");
  const replies: Json[] = [];
  socket.on("message", (datagram) => replies.push(JSON.parse(datagram.toString("utf8")) as Json));
  return { socket, replies, [Symbol.dispose]: () => socket.close() };
}

const received = (printer: LaunchedSimulator): number => printer.control.counters()["discoveries"] as number;

test("answers the probe and nothing else, also when the daemon is dead", { timeout: 60_000 }, async () => {
  await using printer = await startPrinter({ settings: { name: "Shed" } });
  using listener = listen();
  const send = (text: string): void => listener.socket.send(text, printer.ports["discovery"] ?? 0, printer.host);
  for (const text of ["", "M99999\n", "m99999", "M99999"]) send(text);
  const reply = await until("a reply", () => listener.replies[0]);
  const { Name, MainboardID, ProtocolVersion } = reply["Data"] as Json;
  assert.deepEqual([Name, MainboardID, ProtocolVersion], ["Shed", printer.facts["serial"], "V3.0.0"]);
  assert.equal(received(printer), 1);
  await fault(printer, "crash");
  send("M99999");
  await until("a reply of the dead", () => listener.replies.length === 2);
});
