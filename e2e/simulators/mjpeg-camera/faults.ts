// The faults of the plain webcam, by the names that POST /fault takes.

import type { TcpPort } from "../net/port.ts";
import type { FrameSource } from "../picture/frame-source.ts";
import type { Fault } from "../simulator.ts";
import type { Webcam } from "./webcam.ts";

type Switch = "stalled" | "lengthless" | "garbage";

export function webcamFaults(webcam: Webcam, source: FrameSource, port: TcpPort): Readonly<Record<string, Fault>> {
  const usual = { size: source.size, framesPerSecond: source.framesPerSecond };
  const switched = (name: Switch, summary: string): Fault => ({
    summary,
    set: () => {
      webcam[name] = true;
    },
    clear: () => {
      webcam[name] = false;
    },
  });
  return {
    stall: switched("stalled", "connections stay open and nothing comes"),
    garbage: switched("garbage", "parts of the right length that are no JPEG"),
    "no-content-length": switched("lengthless", "parts come without Content-Length"),
    close: { summary: "ends the streams that run", set: () => webcam.close() },
    "half-frame": { summary: "streams get half a picture and end", set: async () => webcam.sendHalf() },
    refuse: {
      summary: "the port is closed",
      set: async () => port.close("end"),
      clear: async () => port.open(),
    },
    "size-change": {
      summary: "pictures of another size",
      parameters: {
        width: { kind: "number", minimum: 160, maximum: 4096 },
        height: { kind: "number", minimum: 160, maximum: 4096 },
      },
      set: ({ width, height }) => source.setSize(Math.round(Number(width)), Math.round(Number(height))),
      clear: () => source.setSize(usual.size.width, usual.size.height),
    },
    "rate-change": {
      summary: "another number of pictures a second",
      parameters: { fps: { kind: "number", minimum: 0.1, maximum: 60 } },
      set: ({ fps }) => source.setRate(Number(fps)),
      clear: () => source.setRate(usual.framesPerSecond),
    },
  };
}
