// The four commands about the vendor's cloud. They ask the account; nothing of the printer itself.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { CommandHandlers } from "../../../model/commands.ts";
import type { CloudAccount } from "./account.ts";

export interface CloudPrinter {
  readonly account: CloudAccount;
  readonly serial: string;
  readonly clock: Clock;
  readonly log: Log;
}

export function cloudHandlers({ account, serial, log }: CloudPrinter): CommandHandlers {
  return {
    getCloudAccount: async (_input, { signal }) => {
      const { status, reason, profile, firstUsedMs, endpoint } = await account.check(signal, log);
      const [name, handle] = [profile?.name ?? null, profile?.handle ?? null];
      const firstUsedAt = firstUsedMs === null ? null : new Date(firstUsedMs).toISOString();
      return { name, handle, status, reason, firstUsedAt, endpoint };
    },
    listCloudPrinters: async (_input, { signal }) => {
      const { value, endpoint } = await account.printers(signal);
      return { items: value.map((printer) => ({ ...printer })), endpoint };
    },
    getCloudStatus: async (_input, { signal }) => {
      const { value, endpoint } = await account.status(serial, signal);
      return { ...value, job: value.job === null ? null : { ...value.job }, endpoint };
    },
    listCloudJobs: async ({ limit }, { signal }) => {
      const { value, endpoint } = await account.jobs(serial, limit, signal);
      return { items: value.map((job) => ({ ...job })), endpoint };
    },
  };
}

const checkEveryMs = 6 * 3_600_000;

/** Looks at the account now and then, so that the end of its token is told in advance. */
export async function watchAccount({ account, clock, log }: CloudPrinter, signal: AbortSignal): Promise<never> {
  while (true) {
    await account.check(signal, log);
    await clock.wait(checkEveryMs, signal);
  }
}
