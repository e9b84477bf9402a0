// What goes wrong with files, camera and discovery of the simulated printer, by the names that
// POST /fault takes.

import { knobFaults, number } from "../admin/fault-kinds.ts";
import type { Faults } from "../simulator.ts";
import type { FaultTargets } from "./fault-targets.ts";
import type { UploadFault } from "./ftp/knobs.ts";
import type { JpegCamera } from "./jpeg-camera.ts";
import type { RtspsCamera } from "./rtsps.ts";

const uploadFaults: readonly UploadFault[] = ["no-226", "426-complete", "426-truncated", "553"];
const forEverMs = 3_600_000;

export function serviceFaults(targets: FaultTargets): Faults {
  return { ...fileFaults(targets), ...cameraFaults(targets), ...discoveryFaults(targets) };
}

function fileFaults({ services: { ftp } }: FaultTargets): Faults {
  const { at, asked } = knobFaults(ftp.knobs);
  return {
    "upload-fault": asked("uploadFault", ({ how }) => uploadFaults.find((fault) => fault === how), {
      summary: "uploads: no 226, 426 although the file is whole, 426 after 64 KB, or 553",
      parameters: { how: { kind: "choice", values: uploadFaults } },
    }),
    "late-226": asked("lateReplyMs", ({ milliseconds }) => Number(milliseconds), {
      summary: "the 226 of an upload comes so late",
      parameters: { milliseconds: number(1, forEverMs, 45_000) },
    }),
    "slow-files": asked("bytesPerSecond", ({ bytes }) => Number(bytes), {
      summary: "files go through at so many bytes a second",
      parameters: { bytes: number(1000, 1e9, 100_000) },
    }),
    "prot-p-hangs": at("protectedDataHangs", true, "after PROT P no data channel comes about, as on some A1"),
    "clear-data": at("clearData", true, "transfers after PROT C are done"),
    "no-session-reuse": at("sessionReuse", false, "data channels need not resume the TLS session"),
    epsv: at("epsv", true, "EPSV is known"),
    "no-avbl": at("avbl", false, "AVBL is not known"),
    "data-refused": at("dataRefused", true, "transfers get 425, as while printing"),
    "drop-files": { summary: "ends every file session now", set: () => ftp.drop() },
  };
}

function cameraFaults({ services, printer }: FaultTargets): Faults {
  const { jpeg, rtsps } = services;
  const stall = (stalled: boolean): void => {
    for (const camera of [jpeg, rtsps]) if (camera !== undefined) camera.knobs.stalled = stalled;
  };
  return {
    "camera-stall": {
      summary: "camera connections stay open and bring no frame",
      set: () => stall(true),
      clear: () => stall(false),
    },
    "camera-drop": { summary: "ends the streams that run", set: () => services.dropCamera() },
    "camera-refuse": {
      summary: "the camera's port is closed",
      set: async () => services.listenCamera(false),
      clear: async () => services.listenCamera(true),
    },
    ...(jpeg !== undefined && jpegFaults(jpeg)),
    ...(rtsps !== undefined && rtspsFaults(rtsps, printer)),
  };
}

function jpegFaults({ knobs }: JpegCamera): Faults {
  const summary = "a second viewer waits in vain instead of taking the first one's place";
  return { "camera-starves": knobFaults(knobs).at("secondViewer", "starves", summary) };
}

function rtspsFaults(camera: RtspsCamera, { knobs, machine }: FaultTargets["printer"]): Faults {
  const { at, asked } = knobFaults(camera.knobs);
  const liveview = (on: boolean): void => {
    knobs.liveviewOff = !on;
    camera.knobs.enabled = on;
    if (!on) camera.drop();
    machine.onTransition();
  };
  return {
    "liveview-off": {
      summary: "LAN Only Liveview is off: rtsp_url says disable, the port closes at once",
      set: () => liveview(false),
      clear: () => liveview(true),
    },
    "video-drops": asked("dropAfterMs", ({ milliseconds }) => Number(milliseconds), {
      summary: "streams are cut so long after their start",
      parameters: { milliseconds: number(1, forEverMs, 5000) },
    }),
    "video-clock-stands": at("frozenClock", true, "the RTP clock does not go on, as on the P2S"),
  };
}

function discoveryFaults({ services: { discovery } }: FaultTargets): Faults {
  return { "discovery-silent": knobFaults(discovery).at("silent", true, "neither announces nor answers searches") };
}
