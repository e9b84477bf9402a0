// What a listener gets that reads slowly, or not at all.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Entry } from "./event-log.ts";
import { SseClient, type EventSink } from "./sse-client.ts";

class Sink implements EventSink {
  readonly written: string[] = [];
  full = false;
  destroyed = false;
  writableLength = 0;
  #drain: (() => void) | undefined;

  write(text: string): boolean {
    this.written.push(text);
    return !this.full;
  }

  end(): void {
    this.written.push("<end>");
  }

  destroy(): void {
    this.destroyed = true;
  }

  once(_event: "drain", listener: () => void): void {
    this.#drain = listener;
  }

  drain(): void {
    this.full = false;
    this.#drain?.();
  }
}

function entry(key: string, text: string, printer: string | null = "a"): Entry {
  return { key, printer, text: () => text };
}

test("writes at once while the listener keeps up", () => {
  const sink = new Sink();
  const client = new SseClient(sink, undefined);
  client.send(entry("state a", "one"));
  client.heartbeat();
  assert.deepEqual(sink.written, ["one", ": hb\n\n"]);
});

test("passes over printers that are not wanted", () => {
  const sink = new Sink();
  const client = new SseClient(sink, new Set(["b"]));
  client.send(entry("state a", "one"));
  client.send(entry("state b", "two", "b"));
  assert.deepEqual(sink.written, ["two"]);
});

test("a slow listener gets the newest state of each printer and every event, in order", () => {
  const sink = new Sink();
  sink.full = true;
  const client = new SseClient(sink, undefined);
  client.send(entry("state a", "a1"));
  client.send(entry("state a", "a2"));
  client.send(entry("event 2", "e2"));
  client.send(entry("state b", "b3"));
  client.send(entry("state a", "a4"));
  client.heartbeat();
  assert.deepEqual(sink.written, ["a1"]);
  sink.drain();
  assert.deepEqual(sink.written, ["a1", "e2", "b3", "a4"]);
});

test("stops again when the listener fills up while catching up", () => {
  const sink = new Sink();
  sink.full = true;
  const client = new SseClient(sink, undefined);
  for (const name of ["1", "2", "3"]) client.send(entry(`event ${name}`, name));
  sink.drain();
  assert.deepEqual(sink.written, ["1", "2", "3"]);
  sink.full = true;
  client.send(entry("event 4", "4"));
  client.send(entry("event 5", "5"));
  assert.deepEqual(sink.written.slice(3), ["4"]);
});

test("a new beginning drops what waited", () => {
  const sink = new Sink();
  sink.full = true;
  const client = new SseClient(sink, undefined);
  client.send(entry("state a", "a1"));
  client.send(entry("state a", "a2"));
  client.restart("all");
  sink.drain();
  assert.deepEqual(sink.written, ["a1", "all"]);
});

test("is cut off above 1 MiB unsent, be it in the socket or waiting", () => {
  const socket = new Sink();
  socket.full = true;
  const first = new SseClient(socket, undefined);
  first.send(entry("event 1", "x"));
  socket.writableLength = 1024 * 1024;
  first.send(entry("event 2", "x"));
  assert.equal(socket.destroyed, true);
  const waiting = new Sink();
  waiting.full = true;
  const second = new SseClient(waiting, undefined);
  for (let count = 0; count < 2000; count += 1) second.send(entry("state a", "x".repeat(1024)));
  assert.equal(waiting.destroyed, false, "the newest of one printer is little");
  for (let count = 0; count < 1100; count += 1) second.send(entry(`event ${count}`, "x".repeat(1024)));
  assert.equal(waiting.destroyed, true);
});

test("ends with a last word", () => {
  const sink = new Sink();
  new SseClient(sink, undefined).end("bye");
  assert.deepEqual(sink.written, ["bye", "<end>"]);
});
