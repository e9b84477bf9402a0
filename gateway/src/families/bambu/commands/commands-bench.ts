// For tests: a printer link without a printer. What is published goes through the real authorization
// and is kept; answers and reports are what the test says.

import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import type { CommandName, FileToSend } from "../../../model/commands.ts";
import { unknownReadings, type CommandAccess, type Readings } from "../../../model/printer.ts";
import { authorizationMemory, createAuthorization } from "../signing/authorization.ts";
import { createCommands } from "./commands.ts";
import { modelByCode, type Model } from "../models.ts";
import type { Authorization, Body, FileStore, MessageType, PrinterLink, Reply, Report } from "../printer-link.ts";
import type { Project, ProjectPlate } from "../files/project.ts";
import type { Signer } from "../signing/signing.ts";

type Handler = (input: unknown, options: { signal: AbortSignal; file?: FileToSend }) => Promise<object>;

export const success: Reply = { result: "success", reason: "success", errorCode: null, body: {} };
export const silent = undefined;

export const plate: ProjectPlate = {
  number: 1,
  gcode: "Metadata/plate_1.gcode",
  md5: null,
  modelCode: "C12",
  printerModel: "Bambu Lab P1S",
  estimatedSeconds: 600,
  filamentGrams: 10,
  buildPlate: null,
  nozzleMillimeters: [0.4],
  filaments: [{ tool: 0, type: "PLA", colorHex: "#FFFFFF", usedGrams: 10 }],
  objects: [
    { id: "101", name: "left", skipped: false },
    { id: "202", name: "right", skipped: false },
  ],
};

/** A P1S with one AMS: PLA in its first slot, tagged PETG in its second, something unknown in its third. */
export const idleReport: Report = {
  gcode_state: "IDLE",
  home_flag: 7,
  nozzle_diameter: "0.4",
  print_error: 0,
  subtask_id: "0",
  s_obj: [],
  ams: {
    tray_exist_bits: "7",
    ams: [
      {
        id: "0",
        tray: [
          { id: "0", tray_type: "PLA", tray_color: "1E90FFFF", nozzle_temp_min: "190", nozzle_temp_max: "240" },
          { id: "1", tray_type: "PETG", tag_uid: "A1B2", nozzle_temp_min: "220", nozzle_temp_max: "270" },
          { id: "2" },
          { id: "3" },
        ],
      },
    ],
  },
  vt_tray: { id: "254", tray_type: "PETG", nozzle_temp_min: "220", nozzle_temp_max: "270" },
};

export const idleReadings: Readings = {
  ...unknownReadings,
  phase: "idle",
  nozzles: [{ id: "0", actualCelsius: 25, targetCelsius: 0, diameterMillimeters: 0.4 }],
  options: [
    { id: "spaghetti_detector", on: true, sensitivity: "medium" },
    { id: "sound_enable", on: true, sensitivity: null },
    { id: "auto_recovery", on: true, sensitivity: null },
    { id: "first_layer_inspector", on: true, sensitivity: null },
  ],
};

export interface BenchOptions {
  /** Default: a P1S. */
  readonly model?: string;
  readonly signer?: Signer;
  readonly firmware?: string;
}

export class Bench implements PrinterLink {
  readonly clock = new FakeClock();
  readonly serial = "01P00A000000001";
  readonly model: Model;
  readonly authorization: Authorization;
  readonly memory = authorizationMemory();
  readonly signer: Signer | null;
  /** Messages as they went out, the newest last. */
  readonly published: Body[] = [];
  /** How the printer answers each command; it says yes to what is not named. */
  readonly answers = new Map<string, Reply | undefined | Promise<Reply | undefined>>();
  readonly sizes = new Map<string, number>([["bracket.gcode.3mf", 1000]]);
  project: Project = { plates: [plate], filamentCount: 1 };
  removed: string[] = [];
  firmware: string | null;
  present: Report = idleReport;
  now: Readings = idleReadings;
  ageMs = 1000;
  mayPushAll = true;
  jobUrl: string | undefined;
  readonly #watchers = new Set<() => void>();
  readonly #life = new AbortController();

  constructor({ model = "C12", signer, firmware = "01.09.00.00" }: BenchOptions = {}) {
    const known = modelByCode(model);
    if (known === undefined) throw new Error(`there is no model ${model}`);
    this.model = known;
    this.firmware = firmware;
    this.signer = signer ?? null;
    const { memory } = this;
    this.authorization = createAuthorization({ signer: this.signer, firmware: () => this.firmware, memory });
  }

  get access(): CommandAccess {
    return this.authorization.access;
  }

  report(): Report {
    return this.present;
  }

  readings(): Readings {
    return this.now;
  }

  reportAgeMs(): number {
    return this.ageMs;
  }

  async request(type: MessageType, command: string, body: Body): Promise<Reply | undefined> {
    this.published.push(this.authorization.envelope(type, { ...body, command, sequence_id: "20001" }));
    const reply = this.answers.has(command) ? await this.answers.get(command) : success;
    this.authorization.sawReply(type, command, reply);
    return reply;
  }

  async until(
    seen: (report: Report) => boolean,
    { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
  ): Promise<boolean> {
    const over = new AbortController();
    const look = (): void => {
      if (seen(this.present)) over.abort();
    };
    this.#watchers.add(look);
    look();
    try {
      await this.clock.wait(timeoutMs, AbortSignal.any([signal, over.signal]));
      return false;
    } catch {
      return over.signal.aborted;
    } finally {
      this.#watchers.delete(look);
    }
  }

  pushAll(): boolean {
    return this.mayPushAll;
  }

  /** The printer reports. */
  tell(report: Report): void {
    this.present = { ...this.present, ...report };
    this.authorization.sawReport(this.present);
    for (const look of this.#watchers) look();
  }

  /** Asks a command; time stands still unless the test moves it. */
  async ask(name: CommandName, input: unknown = {}): Promise<object> {
    const { authorization, clock, signer, jobUrl } = this;
    const url = jobUrl === undefined ? {} : { jobUrl };
    const handlers = createCommands(this, this.files, { authorization, clock, log: silentLog, signer, ...url });
    const handler = handlers[name] as Handler | undefined;
    if (handler === undefined) throw new Error(`there is no handler for ${name}`);
    return handler(input, { signal: this.#life.signal });
  }

  /** The bodies of what went out, without the sequence number. */
  get sent(): readonly Body[] {
    return this.published.map((message) => {
      const [type = ""] = Object.keys(message);
      const { sequence_id: _number, ...rest } = message[type] as Body;
      return { [type]: rest };
    });
  }

  readonly files: FileStore = {
    list: async () => [],
    upload: async () => undefined,
    download: async () => ({ mediaType: "text/plain", sizeBytes: 0, content: none() }),
    remove: async (name) => void this.removed.push(name),
    size: async (name) => this.sizes.get(name) ?? null,
    project: async () => this.project,
    thumbnail: async () => ({ mediaType: "image/png", sizeBytes: 0, content: none() }),
    timelapses: async () => [],
    timelapse: async () => ({ mediaType: "video/mp4", sizeBytes: 0, content: none() }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

// oxlint-disable-next-line no-empty-function -- a file of no bytes
async function* none(): AsyncGenerator<Uint8Array> {}
