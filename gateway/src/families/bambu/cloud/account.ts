// The account that a token opens, shared by every printer with that token: which address answered, when
// nothing may be asked, and whether the token still holds. It only reads. Facts: the family's README.

import { Backoff } from "@gantry/platform/backoff";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { PrinterError, type ErrorCode } from "../../../model/errors.ts";
import {
  readJobs,
  readOneStatus,
  readPrinters,
  readProfile,
  readStatuses,
  type BoundPrinter,
  type PastJob,
  type PrinterStatus,
  type Profile,
} from "./answers.ts";
import type { CloudSettings } from "./connection-keys.ts";
import { Endpoint } from "./endpoint.ts";
import { FirstUse } from "./first-use.ts";
import { CloudError, getJson, type CloudFailure } from "./request.ts";

export type AccountStatus = "ok" | "expiring" | CloudFailure;

export interface Account {
  readonly status: AccountStatus;
  /** In words; null while all is well. */
  readonly reason: string | null;
  /** The last that was read; null before. */
  readonly profile: Profile | null;
  readonly endpoint: string | null;
  /** Unix ms */
  readonly firstUsedMs: number | null;
}

export interface Answer<Value> {
  readonly value: Value;
  /** Path of the address that gave it. */
  readonly endpoint: string;
}

const dayMs = 86_400_000;
const warnAfterMs = 75 * dayMs;
const logInAgain = "log in again (`login bambu` of the gateway's command line), which writes a new one";
const blockPauses = { firstMs: 600_000, maxMs: 3_600_000, jitterRatio: 0 };

/** An address of the cloud with the reader of its answers. */
interface Source<Value> {
  readonly path: string;
  readonly read: (answer: unknown) => Value;
}

const profiles: readonly Source<Profile>[] = [
  { path: "/v1/design-user-service/my/preference", read: readProfile },
  { path: "/v1/user-service/my/profile", read: readProfile },
];
const printers: readonly Source<readonly BoundPrinter[]>[] = [
  { path: "/v1/iot-service/api/user/bind", read: readPrinters },
  { path: "/v1/user-service/my/devices", read: readPrinters },
];
const statuses: Source<readonly PrinterStatus[]> = {
  path: "/v1/iot-service/api/user/print?force=true",
  read: readStatuses,
};
/** More are never shown; asked for at once, they are one answer for whoever wants fewer. */
const jobsAsked = 50;

export class CloudAccount {
  readonly #settings: CloudSettings;
  readonly #clock: Clock;
  readonly #endpoints = new Map<string, Endpoint<unknown>>();
  readonly #firstUse: FirstUse;
  readonly #blocks = new Backoff(blockPauses);
  #expired: CloudError | undefined;
  #blocked: { readonly error: CloudError; readonly untilMs: number } | undefined;
  #profile: Answer<Profile> | undefined;
  #told: AccountStatus = "ok";

  constructor(settings: CloudSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#firstUse = new FirstUse(settings.token);
  }

  /** Remembers the token's first use in this printer's folder too. */
  keepIn(folder: string, log: Log): void {
    this.#firstUse.keepIn(folder, log);
  }

  /** Asks who the token is, and says what that showed; it fails for nothing but the signal. */
  async check(signal: AbortSignal, log: Log): Promise<Account> {
    let failure: CloudError | undefined;
    try {
      this.#profile = await this.#first(profiles, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = cloudError(error);
    }
    const account = this.#describe(failure);
    this.#tell(account, log);
    return account;
  }

  /** @throws PrinterError; the signal's reason */
  async printers(signal: AbortSignal): Promise<Answer<readonly BoundPrinter[]>> {
    return this.#named(this.#first(printers, signal), signal);
  }

  /** @throws PrinterError `not_found` for a printer that is not bound to the account; the signal's reason */
  async status(serial: string, signal: AbortSignal): Promise<Answer<PrinterStatus>> {
    const path = `/v1/device-service/devices/${encodeURIComponent(serial)}/status`;
    const one = { path, read: (answer: unknown) => [readOneStatus(answer)] };
    const { value, endpoint } = await this.#named(this.#first([statuses, one], signal), signal);
    return { value: picked(value, serial), endpoint };
  }

  /** @throws PrinterError; the signal's reason */
  async jobs(serial: string, limit: number, signal: AbortSignal): Promise<Answer<readonly PastJob[]>> {
    const query = new URLSearchParams({ deviceId: serial, limit: String(jobsAsked) }).toString();
    const source = { path: `/v1/user-service/my/tasks?${query}`, read: readJobs };
    const { value, endpoint } = await this.#named(this.#first([source], signal), signal);
    return { value: value.slice(0, limit), endpoint };
  }

  /** What the broker takes as user and password. @throws PrinterError; the signal's reason */
  async brokerLogin(signal: AbortSignal): Promise<{ readonly username: string; readonly password: string }> {
    const { token } = this.#settings;
    const inToken = userOfJwt(token);
    if (inToken !== null && this.#expired === undefined) return { username: inToken, password: token };
    const { value } = await this.#named(this.#first(profiles, signal), signal);
    if (value.uid === null)
      throw new PrinterError("protocol", "the cloud API changed: the profile has no uid any more");
    return { username: `u_${value.uid}`, password: token };
  }

  /** From the first address that answers; what stops everything stops this too. */
  async #first<Value>(sources: readonly Source<Value>[], signal: AbortSignal): Promise<Answer<Value>> {
    let first: CloudError | undefined;
    for (const source of sources) {
      this.#demandOpen();
      try {
        const value = await this.#endpoint(source).answer(signal);
        return { value, endpoint: source.path.replace(/\?.*$/u, "") };
      } catch (error) {
        signal.throwIfAborted();
        const failure = cloudError(error);
        if (failure.failure === "expired" || failure.failure === "blocked") throw failure;
        first ??= failure;
      }
    }
    throw first ?? new CloudError("error", "there is no address to ask");
  }

  #endpoint<Value>({ path, read }: Source<Value>): Endpoint<Value> {
    // A path has one source, and with it one type.
    const known = this.#endpoints.get(path) as Endpoint<Value> | undefined;
    if (known !== undefined) return known;
    const endpoint = new Endpoint(this.#clock, async (signal) => understood(read, await this.#get(path, signal)));
    this.#endpoints.set(path, endpoint);
    return endpoint;
  }

  async #get(path: string, signal: AbortSignal): Promise<unknown> {
    const { url, token } = this.#settings;
    this.#demandOpen();
    try {
      const answer = await getJson({ url: `${url}${path}`, token, signal, clock: this.#clock });
      this.#firstUse.used(this.#clock.now());
      this.#blocks.reset();
      return answer;
    } catch (error) {
      if (error instanceof CloudError && error.failure === "expired") this.#expired = error;
      if (error instanceof CloudError && error.failure === "blocked") {
        const pauseMs = this.#blocks.next(error.retryAfterMs);
        this.#blocked = { error, untilMs: this.#clock.monotonic() + pauseMs };
      }
      throw error;
    }
  }

  /** @throws CloudError while nothing is to be asked */
  #demandOpen(): void {
    if (this.#expired !== undefined) throw this.#expired;
    const leftMs = (this.#blocked?.untilMs ?? 0) - this.#clock.monotonic();
    if (this.#blocked !== undefined && leftMs > 0) {
      throw new CloudError("blocked", this.#blocked.error.message, { retryAfterMs: leftMs });
    }
  }

  #describe(failure: CloudError | undefined): Account {
    const firstUsedMs = this.#firstUse.atMs;
    const known = {
      firstUsedMs,
      profile: this.#profile?.value ?? null,
      endpoint: failure === undefined ? (this.#profile?.endpoint ?? null) : null,
    };
    if (failure !== undefined) return { ...known, status: failure.failure, reason: reasonOf(failure) };
    const days = firstUsedMs === null ? 0 : Math.floor((this.#clock.now() - firstUsedMs) / dayMs);
    if (days * dayMs < warnAfterMs) return { ...known, status: "ok", reason: null };
    const reason = `the cloud token was first used ${days} days ago and ends after some 90: ${logInAgain}`;
    return { ...known, status: "expiring", reason };
  }

  /** Once for each change, whichever printer notices. */
  #tell({ status, reason }: Account, log: Log): void {
    if (status === this.#told) return;
    this.#told = status;
    if (reason !== null) log.warn("the cloud account wants attention", { status, reason });
    else log.info("the cloud account is in order again");
  }

  async #named<Value>(asked: Promise<Value>, signal: AbortSignal): Promise<Value> {
    try {
      return await asked;
    } catch (error) {
      signal.throwIfAborted();
      const failure = cloudError(error);
      const { retryAfterMs } = failure;
      throw new PrinterError(codes[failure.failure], reasonOf(failure), {
        cause: failure,
        ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
      });
    }
  }
}

const codes = {
  expired: "printer_auth",
  blocked: "rate_limited",
  unavailable: "protocol",
  error: "unreachable",
} as const satisfies Record<CloudFailure, ErrorCode>;

function reasonOf({ failure, message, retryAfterMs }: CloudError): string {
  if (failure === "expired") return `${message}: ${logInAgain}`;
  if (failure !== "blocked") return message;
  const minutes = Math.max(1, Math.ceil(retryAfterMs / 60_000));
  return `${message}; it is left alone for ${retryAfterMs > 0 ? minutes : 10} minutes`;
}

function cloudError(thrown: unknown): CloudError {
  return thrown instanceof CloudError ? thrown : new CloudError("error", "the cloud failed", { cause: thrown });
}

/** @throws CloudError for an answer of another form */
function understood<Value>(read: (answer: unknown) => Value, answer: unknown): Value {
  try {
    return read(answer);
  } catch (error) {
    throw new CloudError("unavailable", "the cloud API changed: its answer has another form", { cause: error });
  }
}

/** @throws PrinterError `not_found` */
function picked(found: readonly PrinterStatus[], serial: string): PrinterStatus {
  const mine = found.find((status) => status.serial === serial);
  if (mine !== undefined) return mine;
  const ends = found.map((status) => `…${status.serial.slice(-4)}`);
  const known = ends.length === 0 ? "no printers" : `the printers ${ends.join(", ")}`;
  throw new PrinterError("not_found", `the cloud account has ${known}, and not this one: is it bound to it?`);
}

/** Tokens of older accounts say it themselves; null for others. */
function userOfJwt(token: string): string | null {
  const [, payload] = token.split(".");
  try {
    const { username } = JSON.parse(Buffer.from(payload ?? "", "base64url").toString("utf8")) as { username?: unknown };
    return typeof username === "string" && /^u_\d{1,20}$/u.test(username) ? username : null;
  } catch {
    return null; // an opaque one
  }
}

const accounts = new WeakMap<Clock, Map<string, CloudAccount>>();

/** The one account of this token; what was learnt of a token is forgotten only with the process. */
export function accountOf(settings: CloudSettings, clock: Clock): CloudAccount {
  const known = accounts.get(clock) ?? new Map<string, CloudAccount>();
  accounts.set(clock, known);
  const key = `${settings.url} ${settings.token}`;
  const account = known.get(key) ?? new CloudAccount(settings, clock);
  known.set(key, account);
  return account;
}
