// The faults of the plain webcam, by the names that POST /fault takes.

import { knobFaults, number, portDown } from "../admin/fault-kinds.ts";
import type { TcpPort } from "../net/port.ts";
import type { FrameSource } from "../picture/frame-source.ts";
import type { Faults } from "../simulator.ts";
import type { Webcam } from "./webcam.ts";

export function webcamFaults(webcam: Webcam, source: FrameSource, port: TcpPort): Faults {
  const usual = { size: source.size, framesPerSecond: source.framesPerSecond };
  const { at } = knobFaults(webcam);
  return {
    stall: at("stalled", true, "connections stay open and nothing comes"),
    garbage: at("garbage", true, "parts of the right length that are no JPEG"),
    "no-content-length": at("lengthless", true, "parts come without Content-Length"),
    close: { summary: "ends the streams that run", set: () => webcam.close() },
    "half-frame": { summary: "streams get half a picture and end", set: async () => webcam.sendHalf() },
    refuse: portDown(port, "end"),
    "size-change": {
      summary: "pictures of another size",
      parameters: {
        width: number(160, 4096),
        height: number(160, 4096),
      },
      set: ({ width, height }) => source.setSize(Math.round(Number(width)), Math.round(Number(height))),
      clear: () => source.setSize(usual.size.width, usual.size.height),
    },
    "rate-change": {
      summary: "another number of pictures a second",
      parameters: { fps: number(0.1, 60) },
      set: ({ fps }) => source.setRate(Number(fps)),
      clear: () => source.setRate(usual.framesPerSecond),
    },
  };
}
