// OctoPrint's JSON documents, from the simulated machine, as 1.11.8 and 2.0.0rc3 were seen to send them.

import { totalBytes, type StoredFile } from "./files.ts";
import { stateTexts, type Machine, type Selection } from "./machine.ts";
import { baudrates, ports, type OctoPrint } from "./octoprint.ts";

type Document = Readonly<Record<string, unknown>>;

function stateDocument({ machine, release }: OctoPrint): Document {
  const { state, isOperational, error } = machine;
  const closed = state === "OFFLINE" || state === "CLOSED_WITH_ERROR";
  return {
    text: stateTexts[state],
    flags: {
      operational: isOperational,
      printing: machine.isPrinting || (state === "PAUSED" && release.printingWhilePaused),
      cancelling: state === "CANCELLING",
      pausing: state === "PAUSING",
      resuming: state === "RESUMING",
      finishing: state === "FINISHING",
      closedOrError: closed,
      error: state === "CLOSED_WITH_ERROR",
      paused: state === "PAUSED",
      ready: state === "OPERATIONAL",
      sdReady: isOperational,
    },
    error: release.errorInDocuments ? error : "",
  };
}

export function jobDocument(octoprint: OctoPrint): Document {
  const { machine, release } = octoprint;
  const { error } = machine;
  return {
    state: stateTexts[machine.state],
    ...jobParts(octoprint),
    ...(error !== "" && release.errorInDocuments ? { error } : release.nullError ? { error: null } : {}),
  };
}

/** `job` and `progress`, as in the job's own document and in a push. */
function jobParts({ machine, release }: OctoPrint): Document {
  const { selected } = machine;
  if (selected === undefined) return nothingSelected;
  const { file, path, origin, size } = selected;
  const name = path.split("/").at(-1);
  const printed = file?.lastPrintTime ?? null;
  return {
    job: {
      file: { name, display: name, path, origin, size, date: file?.date ?? null },
      estimatedPrintTime: file?.printSeconds ?? null,
      ...(release.averagePrintTime ? { averagePrintTime: printed, lastPrintTime: printed } : {}),
      filament: null,
      user: "admin",
    },
    progress: progressOf(machine, selected),
  };
}

/** All of it is null before a print and after a cancelled one. */
function progressOf({ isBusy, leftSeconds }: Machine, { completion, size, printSeconds }: Selection): Document {
  if (completion === null || (!isBusy && completion < 100)) return noProgress;
  return {
    completion,
    filepos: Math.round((size * completion) / 100),
    printTime: Math.round(printSeconds),
    printTimeLeft: leftSeconds,
    printTimeLeftOrigin: "linear",
  };
}

const noProgress: Document = {
  completion: null,
  filepos: null,
  printTime: null,
  printTimeLeft: null,
  printTimeLeftOrigin: null,
};

const nothingSelected: Document = {
  job: {
    file: { name: null, display: null, path: null, origin: null, size: null, date: null },
    estimatedPrintTime: null,
    filament: { length: null, volume: null },
    user: null,
  },
  progress: noProgress,
};

export function printerDocument(octoprint: OctoPrint, exclude: readonly string[]): Document {
  const parts = {
    state: stateDocument(octoprint),
    temperature: temperatures(octoprint.machine),
    sd: { ready: octoprint.machine.isOperational },
  };
  return Object.fromEntries(Object.entries(parts).filter(([name]) => !exclude.includes(name)));
}

export function temperatures(machine: Machine): Document {
  if (!machine.reportsTemperatures) return {};
  return Object.fromEntries(
    Object.entries(machine.heaters).map(([part, { actual, target, offset }]) => [
      part,
      { actual: Math.round(actual * 100) / 100, target, offset },
    ]),
  );
}

export function currentDocument(octoprint: OctoPrint, withTemperatures: boolean): Document {
  const { machine, release } = octoprint;
  const now = Date.now() / 1000;
  const point = Object.fromEntries(
    Object.entries(machine.heaters).map(([part, { actual, target }]) => [part, { actual, target }]),
  );
  const reports = withTemperatures && machine.isOperational && machine.reportsTemperatures;
  return {
    state: stateDocument(octoprint),
    ...jobParts(octoprint),
    currentZ: machine.z,
    offsets: Object.fromEntries(
      Object.entries(machine.heaters).flatMap(([part, { offset }]) => (offset === 0 ? [] : [[part, offset]])),
    ),
    [release.healthKey]: { count: 0, transmitted: machine.gcode.length, ratio: 0 },
    serverTime: now,
    temps: reports ? [{ time: Math.floor(now), ...point, chamber: { actual: null, target: null } }] : [],
    busyFiles: machine.isBusy ? [{ origin: machine.selected?.origin, path: machine.selected?.path }] : [],
    markings: [],
    logs: [],
    messages: [],
  };
}

export function connectionDocument({ machine, release }: OctoPrint): Document {
  const closed = machine.state === "OFFLINE" || machine.state === "CLOSED_WITH_ERROR";
  return {
    current: {
      state: closed ? release.closedText : stateTexts[machine.state],
      port: machine.port,
      baudrate: machine.baudrate,
      printerProfile: closed ? release.closedProfile : "_default",
    },
    options: {
      ports,
      baudrates,
      printerProfiles: [{ id: "_default", name: "Default" }],
      portPreference: "VIRTUAL",
      baudratePreference: 115_200,
      printerProfilePreference: "_default",
    },
  };
}

export const profilesDocument: Document = {
  profiles: {
    _default: {
      id: "_default",
      name: "Default",
      model: "Generic RepRap Printer",
      current: true,
      default: true,
      color: "default",
      axes: {
        x: { inverted: false, speed: 6000 },
        y: { inverted: false, speed: 6000 },
        z: { inverted: false, speed: 200 },
        e: { inverted: false, speed: 300 },
      },
      extruder: { count: 1, nozzleDiameter: 0.4, offsets: [[0, 0]], sharedNozzle: false, defaultExtrusionLength: 5 },
      heatedBed: true,
      heatedChamber: false,
      volume: {
        width: 200,
        depth: 200,
        height: 200,
        formFactor: "rectangular",
        origin: "lowerleft",
        custom_box: false,
      },
    },
  },
};

export function settingsDocument({ knobs, webcamUrl, apiKey }: OctoPrint): Document {
  const stream = {
    stream: `${webcamUrl()}/?action=stream`,
    webrtc: "webrtc://octopi.local/webcam",
    snapshot: "",
    none: "",
  };
  const shown = stream[knobs.webcam];
  const snapshot = knobs.webcam === "none" ? "" : `${webcamUrl()}/?action=snapshot`;
  const turned = { flipH: false, flipV: false, rotate90: false };
  return {
    api: { key: apiKey, allowCrossOrigin: false },
    webcam: {
      webcamEnabled: true,
      timelapseEnabled: true,
      streamUrl: shown,
      snapshotUrl: snapshot,
      ...turned,
      streamRatio: "16:9",
      defaultWebcam: "classic",
      snapshotWebcam: "classic",
      webcams: [
        {
          name: "classic",
          displayName: "Classic Webcam",
          provider: "classicwebcam",
          canSnapshot: snapshot !== "",
          ...turned,
          compat: { stream: shown, snapshot, streamTimeout: 5, streamRatio: "16:9" },
        },
      ],
    },
    temperature: { cutoff: 30, profiles: [{ name: "PLA", extruder: 180, bed: 60 }] },
  };
}

/** The entries of a folder; without `recursive` folders show only what lies directly in them. */
function entriesOf(octoprint: OctoPrint, folder: string, recursive: boolean, host: string, depth = 0): Document[] {
  const { folders, files } = octoprint.files.children(folder);
  const inner = (path: string): Document => ({
    name: path.split("/").at(-1),
    display: path.split("/").at(-1),
    path,
    origin: "local",
    type: "folder",
    typePath: ["folder"],
    ...(recursive || depth === 0 ? { children: entriesOf(octoprint, path, recursive, host, depth + 1) } : {}),
  });
  return [...folders.map((path) => inner(path)), ...files.map((file) => fileDocument(octoprint, file, host))];
}

export function fileDocument({ release }: OctoPrint, file: StoredFile, host: string): Document {
  const { path, display, content, date, user, printSeconds, success, failure, sha1, lastPrintTime } = file;
  return {
    ...fileReference(path, host),
    display,
    type: "machinecode",
    typePath: ["machinecode", "gcode"],
    size: content.length,
    date,
    user,
    ...(release.fileHashes ? { hash: sha1 } : {}),
    gcodeAnalysis: { estimatedPrintTime: printSeconds, filament: { tool0: { length: 812.4, volume: 1.95 } } },
    ...(success + failure > 0 ? { prints: { success, failure, last: { date, printTime: lastPrintTime } } } : {}),
  };
}

/** The short record of an upload's answer. */
export function fileReference(path: string, host: string): Document {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return {
    name: path.split("/").at(-1),
    path,
    origin: "local",
    refs: {
      resource: `http://${host}/api/files/local/${encoded}`,
      download: `http://${host}/downloads/files/local/${encoded}`,
    },
  };
}

export function filesDocument(octoprint: OctoPrint, folder: string, recursive: boolean, host: string): Document {
  const entries = entriesOf(octoprint, folder, recursive, host);
  return { files: entries, free: octoprint.files.freeBytes, total: totalBytes };
}

export function cardEntries({ files }: OctoPrint): Document[] {
  return files.card.map(({ path, size }) => ({
    name: path,
    display: path,
    path,
    origin: "sdcard",
    type: "machinecode",
    typePath: ["machinecode", "gcode"],
    size,
    refs: {},
  }));
}
