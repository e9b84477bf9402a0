import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chooseWebcam } from "./webcams.ts";

const moonraker = new URL("http://voron.local:7125/");

function choose(webcam: Record<string, unknown>, base = moonraker): (string | undefined)[] {
  const found = chooseWebcam([webcam], base);
  return [found?.stream?.href, found?.still?.href];
}

describe("addresses", () => {
  test("relative ones are those of the web page, not of Moonraker's port", () => {
    const webcam = {
      service: "mjpegstreamer",
      stream_url: "/webcam/?action=stream",
      snapshot_url: "/webcam/?action=snapshot",
    };
    assert.deepEqual(choose(webcam), [
      "http://voron.local/webcam/?action=stream",
      "http://voron.local/webcam/?action=snapshot",
    ]);
    const page = new URL("http://voron.local:8081/");
    assert.equal(choose(webcam, page)[0], "http://voron.local:8081/webcam/?action=stream");
  });

  test("localhost is the printer's", () => {
    const webcam = { service: "mjpegstreamer", stream_url: "http://127.0.0.1:8080/?action=stream" };
    assert.deepEqual(choose(webcam), ["http://voron.local:8080/?action=stream", undefined]);
  });

  test("what is no http address is passed over", () => {
    assert.deepEqual(choose({ service: "ipstream", stream_url: "rtsp://x/1", snapshot_url: "file:///etc/passwd" }), [
      undefined,
      undefined,
    ]);
  });
});

describe("kinds", () => {
  const table: [string, string, string | undefined][] = [
    ["webrtc-camerastreamer", "/webcam/webrtc", "http://voron.local/webcam/stream"],
    ["webrtc-go2rtc", "/webcam/stream.html?src=cam", "http://voron.local/webcam/api/stream.mjpeg?src=cam"],
    ["webrtc-go2rtc", "http://voron.local:1984/api/ws?src=cam", "http://voron.local:1984/api/stream.mjpeg?src=cam"],
    ["uv4l-mjpeg", "/video", "http://voron.local/video"],
    ["webrtc-mediamtx", "/webcam/", undefined],
    ["hlsstream", "/index.m3u8", undefined],
    ["iframe", "/page", undefined],
  ];
  for (const [service, stream_url, expected] of table) {
    test(`${service} at ${stream_url}`, () => {
      assert.deepEqual(choose({ service, stream_url, snapshot_url: "/snap.jpg" }), [
        expected,
        "http://voron.local/snap.jpg",
      ]);
    });
  }
});

test("the first that is enabled and can be read is taken", () => {
  const webcams = [
    { name: "off", enabled: false, service: "mjpegstreamer", stream_url: "/off" },
    { name: "page", service: "iframe", stream_url: "/page" },
    { name: "shed", service: "mjpegstreamer", stream_url: "/shed" },
  ];
  assert.equal(chooseWebcam(webcams, moonraker)?.name, "shed");
  assert.equal(chooseWebcam([], moonraker), undefined);
});
