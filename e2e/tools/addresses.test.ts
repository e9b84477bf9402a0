import assert from "node:assert/strict";
import { test } from "node:test";
import { addressLines } from "./addresses.ts";

const addresses = { gateway: "http://127.0.0.1:8787", bridge: "http://127.0.0.1:8788", rtsp: "rtsp://127.0.0.1:8554" };

test("every printer has its snapshot and its stream", () => {
  const text = addressLines(addresses, [
    { id: "a", name: "A" },
    { id: "b", name: "B" },
  ]).join("\n");
  for (const id of ["a", "b"]) {
    assert.ok(text.includes(`http://127.0.0.1:8787/api/v1/printers/${id}/snapshot.jpg`));
    assert.ok(text.includes(`rtsp://127.0.0.1:8554/${id}`));
  }
  assert.ok(text.includes("http://127.0.0.1:8787/mcp"));
  assert.ok(text.includes("ffplay -rtsp_transport tcp rtsp://127.0.0.1:8554/a"));
});

test("an empty inventory is said, and no player is offered", () => {
  const text = addressLines(addresses, []).join("\n");
  assert.ok(text.includes("names no printer yet"));
  assert.ok(!text.includes("ffplay"));
});
