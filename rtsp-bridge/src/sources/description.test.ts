import assert from "node:assert/strict";
import { test } from "node:test";
import { describeVideo } from "./description.ts";
import { VideoFault } from "./fault.ts";

const base = "rtsp://cam/live/";

function sdp(...lines: string[]): string {
  return ["v=0", "s=-", ...lines, ""].join("\r\n");
}

function control(...lines: string[]): string {
  return describeVideo(sdp(...lines), "rtsp://cam/live").control;
}

function told(...lines: string[]): string {
  try {
    describeVideo(sdp(...lines), base);
  } catch (error) {
    assert.ok(error instanceof VideoFault && error.kind === "format");
    return error.message;
  }
  return assert.fail("taken");
}

test("the H.264 track is found among others, with its sets and its address", () => {
  const text = sdp(
    "m=audio 0 RTP/AVP 0",
    "a=control:trackID=0",
    "m=video 0 RTP/AVP 97",
    "a=rtpmap:97 H264/90000",
    "a=fmtp:97 packetization-mode=1;sprop-parameter-sets=Z0IAHg==,aM44gA==",
    "a=control:trackID=1",
  );
  const track = describeVideo(text, base);
  assert.deepEqual([track.control, track.payloadType], ["rtsp://cam/live/trackID=1", 97]);
  assert.deepEqual([track.parameterSets?.sps[0], track.parameterSets?.pps[0]], [0x67, 0x68]);
});

test("addresses are whole, relative to the session's, or missing", () => {
  const video = ["m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"];
  assert.equal(control(...video, "a=control:rtsp://other/1"), "rtsp://other/1");
  assert.equal(control("a=control:rtsp://cam/media/", ...video, "a=control:video"), "rtsp://cam/media/video");
  assert.equal(control("a=control:*", ...video), "rtsp://cam/live");
});

test("what cannot be handed through is told by its name", () => {
  assert.match(told("m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000"), /sends H265/u);
  assert.match(told("m=audio 0 RTP/AVP 0"), /sends no video/u);
  assert.match(told("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=2"), /H264/u);
});
