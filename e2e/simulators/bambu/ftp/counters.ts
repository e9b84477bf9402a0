// What the file server counts of its sessions and transfers.

export interface FtpCounters {
  readonly sessions: { current: number; peak: number; total: number };
  logins: number;
  wrongLogins: number;
  /** Transfers and listings that run at this moment, and the most that ever did. */
  readonly transfers: { current: number; peak: number };
  /** Those that were begun, whatever became of them. */
  uploads: number;
  downloads: number;
  listings: number;
  bytesUp: number;
  bytesDown: number;
  /** Transfers refused with 522. */
  refusedDataChannels: number;
}

export function newFtpCounters(): FtpCounters {
  return {
    sessions: { current: 0, peak: 0, total: 0 },
    logins: 0,
    wrongLogins: 0,
    transfers: { current: 0, peak: 0 },
    uploads: 0,
    downloads: 0,
    listings: 0,
    bytesUp: 0,
    bytesDown: 0,
    refusedDataChannels: 0,
  };
}
