import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { webcamOf } from "./webcam.ts";

function settings(stream: string, snapshot = "", more: Record<string, unknown> = {}): Record<string, unknown> {
  return { webcam: { webcamEnabled: true, streamUrl: stream, snapshotUrl: snapshot, ...more } };
}

describe("the address of a stream", () => {
  const table: [string, string, string, string | null][] = [
    [
      "relative, as OctoPi has it",
      "/webcam/?action=stream",
      "http://octopi.local",
      "http://octopi.local/webcam/?action=stream",
    ],
    ["relative to the host, not to a proxy's path", "/webcam/", "http://host/octo/", "http://host/webcam/"],
    ["beside the page", "webcam/", "http://host/octo", "http://host/octo/webcam/"],
    ["loopback means OctoPrint's machine", "http://127.0.0.1:8080/?a", "http://10.0.0.9", "http://10.0.0.9:8080/?a"],
    ["localhost too", "http://localhost:8080/?a", "https://host:5000", "http://host:8080/?a"],
    [
      "loopback where OctoPrint is on it as well",
      "http://127.0.0.2:8080/",
      "http://127.0.0.1:5000",
      "http://127.0.0.2:8080/",
    ],
    ["another machine", "http://cam.lan/stream", "http://host", "http://cam.lan/stream"],
    ["HLS", "/hls/stream.m3u8", "http://host", null],
    ["WebRTC", "webrtc://host/webcam", "http://host", null],
  ];
  for (const [name, stream, url, expected] of table) {
    test(name, () => assert.equal(webcamOf(settings(stream, "/snap"), url)?.stream, expected));
  }
});

test("the default webcam counts, and the one for snapshots", () => {
  const webcams = [
    { name: "a", compat: { stream: "http://a/s", snapshot: "http://a/p" } },
    { name: "b", flipH: true, rotate90: true, compat: { stream: "http://b/s", snapshot: "http://b/p" } },
  ];
  const about = { webcams, defaultWebcam: "b", snapshotWebcam: "a" };
  assert.deepEqual(webcamOf(settings("http://flat/s", "http://flat/p", about), "http://host"), {
    stream: "http://b/s",
    snapshot: "http://a/p",
    turned: ["rotated 90° counter-clockwise", "flipped horizontally"],
  });
});

test("a webcam that is off or has no address is none", () => {
  assert.equal(webcamOf(settings("/webcam/", "", { webcamEnabled: false }), "http://host"), null);
  assert.equal(webcamOf(settings("", ""), "http://host"), null);
  assert.equal(webcamOf({}, "http://host"), null);
});
