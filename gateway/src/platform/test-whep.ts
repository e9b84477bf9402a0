// For tests: asks for video by WebRTC as a browser does (WHEP, RFC 9725). Only the offer: no media flows.

/**
 * Posts an offer to a WHEP address; the answer is 201 with the server's own description.
 * `authorization` is the whole header.
 */
export async function offerVideo(url: string, authorization?: string): Promise<Response> {
  const headers = { "Content-Type": "application/sdp", ...(authorization === undefined ? {} : { authorization }) };
  return fetch(url, { method: "POST", headers, body: offer });
}

/** What a browser offers to receive one video track, as short as it is taken. */
const offer = [
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "c=IN IP4 0.0.0.0",
  "a=mid:0",
  "a=recvonly",
  "a=rtcp-mux",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789abcdefghijklmn",
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}`,
  "a=setup:actpass",
  "a=rtpmap:96 H264/90000",
  "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
  "a=rtcp-fb:96 nack pli",
  "",
].join("\r\n");
