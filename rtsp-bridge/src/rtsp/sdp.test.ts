import assert from "node:assert/strict";
import { test } from "node:test";
import { sessionDescription } from "./sdp.ts";

const sets = { sps: Buffer.from("674d4016da", "hex"), pps: Buffer.from("68ee3c80", "hex") };

test("the description carries profile, level and both parameter sets", () => {
  assert.equal(
    sessionDescription("Centauri", sets),
    [
      "v=0",
      "o=- 0 0 IN IP4 127.0.0.1",
      "s=Centauri",
      "c=IN IP4 0.0.0.0",
      "t=0 0",
      "m=video 0 RTP/AVP 96",
      "a=rtpmap:96 H264/90000",
      "a=fmtp:96 packetization-mode=1;profile-level-id=4D4016;sprop-parameter-sets=Z01AFto=,aO48gA==",
      "a=control:trackID=0",
      "",
    ].join("\r\n"),
  );
});

test("a name cannot add a line", () => {
  const lines = sessionDescription("a\r\na=control:other", sets).split("\r\n");
  assert.equal(lines.filter((line) => line.startsWith("a=control")).length, 1);
  assert.ok(sessionDescription("\n", sets).includes("s=-\r\n"));
});
