// What MediaMTX serves and whom, as the inventory wants it: put in force without a restart, and
// viewers sent away whose right is gone. What the settings are is ./outputs.ts and ./viewers.ts.

import type { AccessSettings, BridgeSettings } from "@gantry/config";
import type { Log } from "@gantry/platform/log";
import type { LiveSettings } from "./config.ts";
import type { ControlApi, ViewerSession } from "./control-api.ts";
import { noOutputs, planOutputs, sessionKinds, type OutputPorts } from "./outputs.ts";
import { isRevoked, viewerUsers, type Login } from "./viewers.ts";

/** What the inventory wants served, and whom. */
export interface Service {
  readonly bridge: BridgeSettings;
  readonly access: AccessSettings | null;
  /** Folder of the inventory, where relative paths start. */
  readonly folder: string;
}

export interface ServiceOptions {
  /** Address to serve on; undefined: all of them. */
  readonly rtspHost?: string;
  readonly ports: OutputPorts;
  readonly login: Login;
  readonly service: Service;
  readonly log: Log;
}

/** The part of the control API that is used here. */
export type ServiceApi = Pick<ControlApi, "sessions" | "kick">;

/** What is served and whom: planned from the inventory, and put in force in the running MediaMTX. */
export class ServiceKeeper {
  readonly #options: ServiceOptions;
  #live: LiveSettings;
  #problems: readonly string[] = [];
  #access: AccessSettings | null;
  /** Under which the viewers that are there were let in, or have been looked at since. */
  #enforced: AccessSettings | null;
  /** Sessions whose user has been told. */
  #told: ReadonlySet<string> = new Set();
  #running: { readonly api: ServiceApi; readonly apply: () => Promise<boolean> } | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#access = options.service.access;
    this.#enforced = this.#access;
    this.#live = { outputs: noOutputs, users: viewerUsers(this.#access, options.login) };
  }

  get live(): LiveSettings {
    return this.#live;
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  attach(api: ServiceApi, apply: () => Promise<boolean>): void {
    this.#running = { api, apply };
  }

  /** Its viewers are gone too. */
  detach(): void {
    this.#running = undefined;
    this.#enforced = this.#access;
  }

  async plan({ bridge, access, folder }: Service): Promise<void> {
    const { rtspHost: host, ports, login, log } = this.#options;
    const planned = await planOutputs(bridge, { host, ports, folder, running: this.#live.outputs });
    for (const problem of planned.problems) if (!this.#problems.includes(problem)) log.error(problem);
    this.#problems = planned.problems;
    this.#access = access;
    this.#live = { outputs: planned.config, users: viewerUsers(access, login) };
  }

  /** Cheap when nothing has changed. @throws MediamtxError of the first request that fails */
  async enforce(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const [before, after] = [this.#enforced, this.#access];
    await running.apply();
    if (before === after) return;
    for (const session of await this.#sessions(running.api)) {
      if (!isRevoked(session, before, after)) continue;
      this.#options.log.info("a viewer whose credential is gone is sent away", { printer: session.path });
      await running.api.kick(session);
    }
    this.#enforced = after;
  }

  /** Names who watches with what, at debug, each session once. Never rejects. */
  async tellUses(): Promise<void> {
    if (this.#access === null || this.#running === undefined) return;
    try {
      const sessions = await this.#sessions(this.#running.api);
      for (const { id, path, user } of sessions) {
        if (!this.#told.has(id)) this.#options.log.debug("a camera is opened", { printer: path, credential: user });
      }
      this.#told = new Set(sessions.map(({ id }) => id));
    } catch (error) {
      this.#options.log.debug("the users of viewers cannot be told", { error });
    }
  }

  async #sessions(api: ServiceApi): Promise<ViewerSession[]> {
    return api.sessions(sessionKinds(this.#live.outputs));
  }
}
