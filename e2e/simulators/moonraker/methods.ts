// Moonraker's methods by name, the same over WebSocket and HTTP. Each gives its result or throws an
// ApiError with the status that the real server answers.

import type { GcodeFile } from "./files.ts";
import { KlippyError } from "./klippy.ts";
import type { Moonraker } from "./moonraker.ts";
import { select, statusObjects, type Fields } from "./objects.ts";

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Takes the status objects that a subscription asks for. */
export type Subscribe = (query: Readonly<Record<string, unknown>>) => void;

type Method = (moonraker: Moonraker, parameters: Fields, subscribe: Subscribe) => unknown;

const version = { moonraker_version: "v0.9.3-simulated", api_version: [1, 5, 0], api_version_string: "1.5.0" };
const components = ["klippy_connection", "file_manager", "history", "power", "webcam"];

const methods: Readonly<Record<string, Method>> = {
  "server.connection.identify": () => ({ connection_id: 1 }),
  "server.info": ({ klippy }) => {
    const connected = klippy.state !== "disconnected";
    return {
      klippy_connected: connected,
      klippy_state: klippy.state,
      components,
      failed_components: [],
      warnings: [],
      ...version,
    };
  },
  "printer.info": ({ klippy }) => {
    needsKlippy(klippy.state);
    const { state, stateMessage: state_message } = klippy;
    return { state, state_message, hostname: "voron", software_version: "v0.12.0-simulated" };
  },
  "printer.objects.list": ({ klippy }) => {
    needsKlippy(klippy.state);
    return { objects: Object.keys(statusObjects(klippy)) };
  },
  "printer.objects.query": ({ klippy }, { objects }) => query(klippy, objects),
  "printer.objects.subscribe": ({ klippy }, { objects }, subscribe) => {
    const answer = query(klippy, objects);
    subscribe(objects as Record<string, unknown>);
    return answer;
  },
  "printer.gcode.help": ({ klippy }) => {
    const described = Object.entries(klippy.macros).map(([name, words]) => [name, words || "G-Code macro"]);
    return { ...Object.fromEntries(described), FIRMWARE_RESTART: "Restart firmware, host, and reload config" };
  },
  "printer.gcode.script": async ({ klippy }, { script }) => {
    const ok = obeyed(klippy.state, () => klippy.run(String(script)));
    await klippy.settled();
    return ok;
  },
  "printer.print.start": ({ klippy }, { filename }) => obeyed(klippy.state, () => klippy.start(String(filename))),
  "printer.print.pause": ({ klippy }) => obeyed(klippy.state, () => klippy.pause()),
  "printer.print.resume": ({ klippy }) => obeyed(klippy.state, () => klippy.resume()),
  "printer.print.cancel": ({ klippy }) => obeyed(klippy.state, () => klippy.cancel()),
  "printer.emergency_stop": ({ klippy }) =>
    obeyed(klippy.state, () => klippy.shutdown("Shutdown due to webhooks request")),
  "printer.firmware_restart": ({ klippy }) => obeyed(klippy.state, () => klippy.restart()),
  "server.files.list": ({ files }) =>
    files.list().map(({ path, content, modified }) => ({ path, size: content.length, modified })),
  "server.files.get_directory": (moonraker, { path, extended }) =>
    directory(moonraker, String(path), extended === true),
  "server.files.metadata": ({ files }, { filename }) => {
    const file = files.get(String(filename));
    if (file === undefined) throw new ApiError(404, `Metadata not available for <${String(filename)}>`);
    return { filename, ...metadata(file) };
  },
  "server.files.delete_file": (moonraker, { path }) => deleteFile(moonraker, String(path)),
  "server.history.list": ({ history }, { limit }) => ({
    count: history.count,
    jobs: history.list(Number(limit ?? 50)),
  }),
  "server.webcams.list": (moonraker) => ({ webcams: moonraker.webcams() }),
  "machine.device_power.devices": ({ power }) => ({ devices: power }),
};

/** @throws ApiError; a KlippyError becomes one with status 400 */
export async function callMethod(
  moonraker: Moonraker,
  name: string,
  parameters: Fields,
  subscribe: Subscribe,
): Promise<unknown> {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (method === undefined) throw new ApiError(404, "Method not found");
  try {
    return await method(moonraker, parameters, subscribe);
  } catch (error) {
    throw error instanceof KlippyError ? new ApiError(400, error.message) : error;
  }
}

function needsKlippy(state: string): void {
  if (state === "disconnected") throw new ApiError(503, "Klippy Host not connected");
}

function obeyed(state: string, command: () => void): "ok" {
  needsKlippy(state);
  command();
  return "ok";
}

function query(klippy: Moonraker["klippy"], objects: unknown): unknown {
  needsKlippy(klippy.state);
  if (typeof objects !== "object" || objects === null) throw new ApiError(400, "Missing Argument [objects]");
  return { eventtime: performance.now() / 1000, status: select(statusObjects(klippy), { ...objects }) };
}

function metadata(file: GcodeFile): Fields {
  const name = file.path.split("/").at(-1) ?? "";
  const picture = { width: 160, height: 160, size: 1024, relative_path: `.thumbs/${name}-160x160.png` };
  const small = { width: 32, height: 32, size: 256, relative_path: `.thumbs/${name}-32x32.png` };
  return {
    size: file.content.length,
    modified: file.modified,
    slicer: "PrusaSlicer",
    estimated_time: file.seconds,
    layer_count: file.layers,
    layer_height: file.layerHeight,
    first_layer_height: file.layerHeight,
    filament_weight_total: 12.5,
    ...(file.hasThumbnail && { thumbnails: [small, picture] }),
  };
}

function directory({ files }: Moonraker, path: string, extended: boolean): unknown {
  const [root = "", ...parts] = path.split("/");
  const found = root === "gcodes" ? files.folder(parts.join("/")) : undefined;
  if (found === undefined) throw new ApiError(404, `Directory does not exist (${path})`);
  const permissions = "rw";
  return {
    dirs: found.folders.map((dirname) => ({ dirname, modified: Date.now() / 1000, size: 4096, permissions })),
    files: found.files.map((file) => ({
      ...(extended && metadata(file)),
      filename: file.path.split("/").at(-1),
      size: file.content.length,
      modified: file.modified,
      permissions,
    })),
    disk_usage: files.usage(),
    root_info: { name: root, permissions },
  };
}

function deleteFile(moonraker: Moonraker, path: string): unknown {
  const { klippy, files } = moonraker;
  const own = path.replace(/^gcodes\//u, "");
  if (klippy.body.isOccupied && klippy.body.job?.file.path === own) throw new ApiError(403, "File currently in use");
  if (!files.delete(own)) throw new ApiError(400, `Invalid file path: ${path}`);
  const item = { path: own, root: "gcodes", size: 0, modified: 0, permissions: "" };
  moonraker.notify("notify_filelist_changed", { action: "delete_file", item });
  return { item, action: "delete_file" };
}
