// What goes wrong with files, camera and discovery of the simulated printer, by the names that
// POST /fault takes.

import type { Fault } from "../simulator.ts";
import type { FaultTargets, Faults } from "./faults.ts";
import { defaultFtpKnobs, type FtpKnobs, type UploadFault } from "./ftp/knobs.ts";
import type { JpegCamera } from "./jpeg-camera.ts";
import type { RtspsCamera } from "./rtsps.ts";

const uploadFaults: readonly UploadFault[] = ["no-226", "426-complete", "426-truncated", "553"];
const forEverMs = 3_600_000;

export function serviceFaults(targets: FaultTargets): Faults {
  return { ...fileFaults(targets), ...cameraFaults(targets), ...discoveryFaults(targets) };
}

function fileFaults({ services: { ftp } }: FaultTargets): Faults {
  const { knobs } = ftp;
  const knob = knobFault(knobs);
  return {
    "upload-fault": {
      summary: "uploads: no 226, 426 although the file is whole, 426 after 64 KB, or 553",
      parameters: { how: { kind: "choice", values: uploadFaults } },
      set: ({ how }) => {
        knobs.uploadFault = uploadFaults.find((fault) => fault === how);
      },
      clear: () => {
        knobs.uploadFault = undefined;
      },
    },
    "late-226": {
      summary: "the 226 of an upload comes so late",
      parameters: { milliseconds: { kind: "number", minimum: 1, maximum: forEverMs, default: 45_000 } },
      set: ({ milliseconds }) => {
        knobs.lateReplyMs = Number(milliseconds);
      },
      clear: () => {
        knobs.lateReplyMs = 0;
      },
    },
    "slow-files": {
      summary: "files go through at so many bytes a second",
      parameters: { bytes: { kind: "number", minimum: 1000, maximum: 1e9, default: 100_000 } },
      set: ({ bytes }) => {
        knobs.bytesPerSecond = Number(bytes);
      },
      clear: () => {
        knobs.bytesPerSecond = undefined;
      },
    },
    "prot-p-hangs": knob("protectedDataHangs", true, "after PROT P no data channel comes about, as on some A1"),
    "clear-data": knob("clearData", true, "transfers after PROT C are done"),
    "no-session-reuse": knob("sessionReuse", false, "data channels need not resume the TLS session"),
    epsv: knob("epsv", true, "EPSV is known"),
    "no-avbl": knob("avbl", false, "AVBL is not known"),
    "data-refused": knob("dataRefused", true, "transfers get 425, as while printing"),
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
  return {
    "camera-starves": {
      summary: "a second viewer waits in vain instead of taking the first one's place",
      set: () => {
        knobs.secondViewer = "starves";
      },
      clear: () => {
        knobs.secondViewer = "displaces";
      },
    },
  };
}

function rtspsFaults(camera: RtspsCamera, { knobs, machine }: FaultTargets["printer"]): Faults {
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
    "video-drops": {
      summary: "streams are cut so long after their start",
      parameters: { milliseconds: { kind: "number", minimum: 1, maximum: forEverMs, default: 5000 } },
      set: ({ milliseconds }) => {
        camera.knobs.dropAfterMs = Number(milliseconds);
      },
      clear: () => {
        camera.knobs.dropAfterMs = undefined;
      },
    },
    "video-clock-stands": {
      summary: "the RTP clock does not go on, as on the P2S",
      set: () => {
        camera.knobs.frozenClock = true;
      },
      clear: () => {
        camera.knobs.frozenClock = false;
      },
    },
  };
}

function discoveryFaults({ services: { discovery } }: FaultTargets): Faults {
  return {
    "discovery-silent": {
      summary: "neither announces nor answers searches",
      set: () => {
        discovery.silent = true;
      },
      clear: () => {
        discovery.silent = false;
      },
    },
  };
}

/** A fault that is one knob at one value, and at its usual value when cleared. */
function knobFault(knobs: FtpKnobs) {
  return <Name extends keyof FtpKnobs>(name: Name, value: FtpKnobs[Name], summary: string): Fault => ({
    summary,
    set: () => {
      knobs[name] = value;
    },
    clear: () => {
      knobs[name] = defaultFtpKnobs()[name];
    },
  });
}
