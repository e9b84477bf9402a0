// What is known of one machine, kept up to date: asks for the whole, merges what is pushed, and
// says when it changed. It knows requests by their names and no socket.

import type { Log } from "@gantry/platform/log";
import { PrinterError } from "../../model/errors.ts";
import type { GcodeLimits } from "../../model/gcode.ts";
import type { PowerDevice, Readings, Storage } from "../../model/printer.ts";
import type { ConnectOptions } from "../family.ts";
import { fields, list, text, type Fields } from "./codec.ts";
import { noJob, type JobFacts } from "./job.ts";
import { readLimits } from "./limits.ts";
import { capabilitiesFor, macroNames, mergeStatus, queryFor } from "./objects.ts";
import {
  klippyStates,
  readIdentity,
  readKlippy,
  readPowerDevices,
  readState,
  readStorages,
  type Klippy,
} from "./state.ts";
import { chooseWebcam } from "./webcams.ts";

export interface MachineOptions {
  readonly ask: (method: string, params: Fields) => Promise<unknown>;
  readonly identify: ConnectOptions<unknown>["identify"];
  /** Something in `readings` changed. */
  readonly changed: () => void;
  /** What is known no longer holds: `sync` is due. */
  readonly resync: () => void;
  readonly log: Log;
}

export class Machine {
  readonly #options: MachineOptions;
  readonly #asides = new Set<Promise<void>>();
  #klippy: Klippy = { state: "disconnected", message: null };
  /** Names of the machine's objects, as Klipper last gave them. */
  #names: readonly string[] = [];
  #components: readonly string[] = [];
  #status: Fields = {};
  #limits: GcodeLimits = readLimits({});
  #job: JobFacts = noJob;
  #storages: readonly Storage[] = [];
  #powerDevices: readonly PowerDevice[] = [];

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  /** The merged status objects; empty while Klipper is away. */
  get status(): Fields {
    return this.#status;
  }

  get klippy(): Klippy {
    return this.#klippy;
  }

  get limits(): GcodeLimits {
    return this.#limits;
  }

  /** Macros that may be run, in capitals. */
  get macros(): readonly string[] {
    return macroNames(this.#names);
  }

  get storages(): readonly Storage[] {
    return this.#storages;
  }

  /** True while Klipper is not ready: then nothing says when it comes back. */
  get isAway(): boolean {
    return this.#klippy.state !== "ready";
  }

  readings(): Readings {
    return readState({
      klippy: this.#klippy,
      status: this.#status,
      job: this.#job,
      storages: this.#storages,
      powerDevices: this.#powerDevices,
    });
  }

  /** Waits for questions still on their way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#asides);
  }

  /** Asks for everything anew, and subscribes. @throws PrinterError when Moonraker itself fails */
  async sync(): Promise<void> {
    const { server, printer } = await this.#ask();
    if (this.#klippy.state !== "disconnected" && this.#klippy.state !== "startup") await this.#subscribe();
    this.#components = Array.isArray(server["components"]) ? server["components"].map(String) : [];
    await this.#askHost();
    const { webcams } = fields(await this.#optional("server.webcams.list"));
    const hasCamera = chooseWebcam(list(webcams), new URL("http://printer.invalid")) !== undefined;
    const has = capabilitiesFor(this.#names, this.#components, hasCamera);
    this.#options.identify(readIdentity(server, printer), has);
    this.#options.changed();
  }

  /** Whether Klipper is as it was; asks for everything when it is not. */
  async look(): Promise<void> {
    const { state } = this.#klippy;
    await this.#ask();
    if (this.#klippy.state !== state) await this.sync();
    else this.#options.changed();
  }

  /** Takes a notification. */
  take(method: string, params: readonly unknown[]): void {
    switch (method) {
      case "notify_status_update":
        return this.#takeStatus(fields(params[0]));
      case "notify_klippy_ready":
      case "notify_webcams_changed":
        return this.#options.resync();
      case "notify_klippy_shutdown":
      case "notify_klippy_disconnected":
        return this.#takeAway(method === "notify_klippy_shutdown" ? "shutdown" : "disconnected");
      case "notify_history_changed":
        return this.#takeHistory(fields(params[0]));
      case "notify_filelist_changed":
        return this.#aside(async () => this.#askStorages());
      case "notify_power_changed":
        return this.#takePower(readPowerDevices(params));
      default:
        return undefined;
    }
  }

  /** Asks for the status objects again. @throws PrinterError */
  async refresh(): Promise<void> {
    if (this.isAway) return this.look();
    const answer = await this.#options.ask("printer.objects.query", { objects: queryFor(this.#names) });
    this.#takeStatus(fields(fields(answer)["status"]));
  }

  async #ask(): Promise<{ server: Fields; printer: Fields }> {
    const server = fields(await this.#options.ask("server.info", {}));
    const printer = server["klippy_connected"] === false ? {} : fields(await this.#optional("printer.info"));
    this.#klippy = readKlippy(server, printer);
    if (this.#klippy.state === "disconnected") this.#status = {};
    return { server, printer };
  }

  async #subscribe(): Promise<void> {
    const names = fields(await this.#optional("printer.objects.list"))["objects"];
    if (!Array.isArray(names)) return;
    this.#names = names.filter((name) => typeof name === "string");
    const answer = await this.#optional("printer.objects.subscribe", { objects: queryFor(this.#names) });
    this.#status = fields(fields(answer)["status"]);
    const config = await this.#optional("printer.objects.query", { objects: { configfile: ["settings"] } });
    this.#limits = readLimits(fields(fields(fields(fields(config)["status"])["configfile"])["settings"]));
    await this.#askJob();
  }

  async #askHost(): Promise<void> {
    await this.#askStorages();
    if (!this.#components.includes("power")) return;
    const { devices } = fields(await this.#optional("machine.device_power.devices"));
    this.#powerDevices = readPowerDevices(devices);
  }

  async #askStorages(): Promise<void> {
    this.#storages = readStorages(fields(await this.#optional("server.files.get_directory", { path: "gcodes" })));
    this.#options.changed();
  }

  /** The number in the history and the file's header, of a job that is on when we come. */
  async #askJob(): Promise<void> {
    const { filename, state } = fields(this.#status["print_stats"]);
    const file = text(filename);
    if (file === null || (state !== "printing" && state !== "paused")) return;
    const [latest] = list(fields(await this.#optional("server.history.list", { limit: 1, order: "desc" }))["jobs"]);
    const id = latest?.["status"] === "in_progress" ? text(latest["job_id"]) : null;
    this.#job = { id, file, metadata: await this.#metadataOf(file) };
  }

  async #metadataOf(file: string): Promise<Fields> {
    return fields(await this.#optional("server.files.metadata", { filename: file }));
  }

  #takeStatus(delta: Fields): void {
    this.#status = mergeStatus(this.#status, delta);
    const { state, state_message: message } = fields(this.#status["webhooks"]);
    const known = klippyStates.find((word) => word === state);
    if (known !== undefined && this.#klippy.state !== "disconnected" && known !== this.#klippy.state) {
      this.#klippy = { state: known, message: text(message) };
      this.#options.resync();
    }
    this.#followFile();
    this.#options.changed();
  }

  /** Another file is printed: its header is asked for once. */
  #followFile(): void {
    const file = text(fields(this.#status["print_stats"])["filename"]);
    if (file === null || file === this.#job.file) return;
    this.#job = { ...this.#job, file, metadata: {} };
    this.#aside(async () => {
      const metadata = await this.#metadataOf(file);
      if (this.#job.file === file) this.#job = { ...this.#job, metadata };
      this.#options.changed();
    });
  }

  #takeAway(state: "shutdown" | "disconnected"): void {
    const { state: told, state_message: message } = fields(this.#status["webhooks"]);
    this.#klippy = { state, message: told === state ? text(message) : null };
    if (state === "disconnected") {
      this.#status = {};
      this.#job = noJob;
    }
    this.#options.changed();
    this.#options.resync();
  }

  #takeHistory({ action, job }: Fields): void {
    const { job_id: id, filename } = fields(job);
    if (action === "added") this.#job = { ...this.#job, id: text(id) };
    else if (action === "finished" && text(filename) === this.#job.file) this.#job = { ...this.#job, id: null };
    this.#options.changed();
  }

  #takePower(changed: readonly PowerDevice[]): void {
    const others = this.#powerDevices.filter(({ id }) => !changed.some((device) => device.id === id));
    this.#powerDevices = [...others, ...changed].toSorted((a, b) => a.id.localeCompare(b.id));
    this.#options.changed();
  }

  /** The answer, or null where Klipper or a component refuses: a part of the picture that is missing. */
  async #optional(method: string, params: Fields = {}): Promise<unknown> {
    try {
      return await this.#options.ask(method, params);
    } catch (error) {
      const { code, message } = PrinterError.from(error);
      if (code === "timeout" || code === "unreachable" || code === "aborted" || code === "printer_auth") throw error;
      this.#options.log.debug("not available", { method, reason: message });
      return null;
    }
  }

  /** A question whose answer nobody waits for; the session's end ends it. */
  #aside(question: () => Promise<void>): void {
    const running = question().catch((error: unknown) => {
      this.#options.log.debug("no answer", { error });
    });
    this.#asides.add(running);
    void running.finally(() => this.#asides.delete(running));
  }
}
