// One FTP connection in implicit TLS: opening, log-in, QUIT, and the reply that a failed transfer
// still gets. Not what is asked on it. Facts: the family's README.

import type { TLSSocket } from "node:tls";
import { Client } from "basic-ftp";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { PrinterError } from "../../../model/errors.ts";
import { enterPassiveMode } from "./ftp-data.ts";
import { readListing } from "./ftp-listing.ts";
import type { FtpMemory } from "./ftp-memory.ts";
import { isReply, wrongCodeMs } from "./ftp-words.ts";
import type { PrinterTls } from "../trust/trust.ts";

export interface FtpTiming {
  /** From nothing to logged in, ms. */
  readonly openMs: number;
  /** The data connection's TLS handshake, ms. */
  readonly handshakeMs: number;
  /** Nothing moves and nothing is answered, ms: some printers confirm an upload a minute late. */
  readonly idleMs: number;
}
export const ftpTiming: FtpTiming = { openMs: 30_000, handshakeMs: 20_000, idleMs: 90_000 };
/** For QUIT, and for the reply that explains a broken data connection. */
const lastWordsMs = 3000;

export interface FtpAddress {
  readonly host: string;
  readonly ftps_port: number;
  readonly access_code: string;
}
/** There is no other at the printer. */
const printerUser = "bblp";

export interface FtpOptions {
  readonly connection: FtpAddress;
  readonly tls: PrinterTls;
  readonly memory: FtpMemory;
  readonly clock: Clock;
  readonly log: Log;
  readonly timing: FtpTiming;
  /** Default: the printer's only one. */
  readonly user?: string | undefined;
}

export class FtpLink {
  readonly client: Client;
  /** The encrypted data connection never came about: what some A1 firmware does. */
  hung = false;
  readonly clear: boolean;

  private constructor({ memory, timing, tls, clock }: FtpOptions) {
    this.clear = memory.clearData;
    this.client = new Client(timing.idleMs);
    this.client.availableListCommands = ["LIST", "NLST"];
    this.client.parseList = (text) => readListing(text, clock.now());
    this.client.prepareTransfer = async (ftp) =>
      enterPassiveMode(ftp, {
        tls: this.clear ? undefined : tls,
        handshakeMs: timing.handshakeMs,
        onHang: () => {
          this.hung = true;
        },
      });
  }

  /**
   * Connects, checks who answers before anything secret is sent, logs in.
   * @throws PrinterError when not asked to try; else the failure as basic-ftp words it
   */
  static async open(options: FtpOptions, signal: AbortSignal): Promise<FtpLink> {
    signal.throwIfAborted();
    const { memory, clock, timing } = options;
    if (clock.monotonic() < memory.refusedUntilMs) throw codeWasRefused(memory.refusedUntilMs - clock.monotonic());
    const link = new FtpLink(options);
    const stop = (): void => link.close();
    signal.addEventListener("abort", stop);
    const late = setTimeout(stop, timing.openMs);
    try {
      await link.#logIn(options);
      memory.refusedUntilMs = 0;
      return link;
    } catch (error) {
      link.close();
      signal.throwIfAborted();
      if (isReply(error, 530)) memory.refusedUntilMs = clock.monotonic() + wrongCodeMs;
      throw error;
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", stop);
    }
  }

  async #logIn({ connection, tls, user = printerUser }: FtpOptions): Promise<void> {
    const { client } = this;
    // Version 1.3 stops uploads of P2S, X2D and H2C at the border of a chunk; the others know none.
    const options = { ...tls.options, maxVersion: "TLSv1.2" } as const;
    await client.connectImplicitTLS(connection.host, connection.ftps_port, options);
    tls.verify(client.ftp.socket as TLSSocket);
    await client.login(user, connection.access_code);
    await client.send("TYPE I");
    await client.sendIgnoringError("OPTS UTF8 ON");
    await client.send("PBSZ 0");
    await client.send(this.clear ? "PROT C" : "PROT P");
  }

  /**
   * Runs a transfer. One whose data connection broke is asked why, since the printer tells that on
   * the control connection, and later. @throws the printer's reply where it gave one
   */
  async transfer<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (!isReply(error)) await this.#lastWords();
      throw error;
    }
  }

  /** Throws the reply that is still on its way; closes the connection when none comes, as it is out of step then. */
  async #lastWords(): Promise<void> {
    if (this.client.closed) return;
    const late = setTimeout(() => this.close(), lastWordsMs);
    try {
      await this.client.ftp.handle(undefined, (reply, task) => {
        if (reply instanceof Error) task.reject(reply);
        else task.resolve(reply);
      });
    } catch (error) {
      if (isReply(error)) throw error;
    } finally {
      clearTimeout(late);
    }
  }

  /** Says QUIT and closes. Never throws. */
  async quit(): Promise<void> {
    const late = setTimeout(() => this.close(), lastWordsMs);
    try {
      if (!this.client.closed) await this.client.sendIgnoringError("QUIT");
    } catch {
      // it closes at QUIT without a word, or has closed already: either way it is over
    } finally {
      clearTimeout(late);
      this.close();
    }
  }

  close(): void {
    this.client.close();
  }
}

function codeWasRefused(leftMs: number): PrinterError {
  const words = "the printer refused the access code for its files; correct it in the inventory, or wait some minutes";
  return new PrinterError("printer_auth", words, { retryAfterMs: leftMs });
}
