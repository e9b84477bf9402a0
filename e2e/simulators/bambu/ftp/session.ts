// One control connection: reads its lines, logs in, and obeys one command after the other, as the
// printers' server does. What they do with files it is given: file-commands.ts, transfer-commands.ts.

import { posix } from "node:path";
import type { TLSSocket } from "node:tls";
import { type ServiceOptions, userName } from "../service.ts";
import type { Card } from "../storage.ts";
import type { FtpCounters } from "./counters.ts";
import { DataChannel } from "./data-channel.ts";
import type { FtpKnobs } from "./knobs.ts";
import type { TlsSessions } from "./tls-sessions.ts";

export interface SessionOptions extends ServiceOptions {
  readonly card: Card;
  readonly sessions: TlsSessions;
  /** Beside those of the session itself. */
  readonly commands: Commands;
}

/** @returns the reply, or undefined for none. */
type Command = (session: FtpSession, argument: string) => Promise<string | undefined> | string | undefined;
export type Commands = Readonly<Record<string, Command>>;

const longestLine = 4096;
const mostLinesWaiting = 64;
const mostWrongLogins = 3;
const idleMs = 300_000;
const beforeLogin = new Set(["USER", "PASS", "QUIT", "FEAT", "PBSZ", "PROT", "NOOP"]);

const sessionCommands: Commands = {
  USER: (session, name) => session.user(name),
  PASS: (session, accessCode) => session.pass(accessCode),
  QUIT: (session) => session.quit(),
  SYST: () => "215 UNIX Type: L8",
  NOOP: () => "200 NOOP ok.",
  FEAT: (session) => session.features(),
  OPTS: (_session, argument) =>
    /^utf8 on$/i.test(argument) ? "200 Always in UTF8 mode." : "501 Option not understood.",
  TYPE: (_session, type) => typeReply(type),
  MODE: (_session, mode) => (/^s$/i.test(mode) ? "200 Mode set to S." : "504 Bad MODE command."),
  STRU: (_session, form) => (/^f$/i.test(form) ? "200 Structure set to F." : "504 Bad STRU command."),
  PBSZ: (session) => session.pbsz(),
  PROT: (session, level) => session.prot(level),
  PASV: async (session) => session.pasv(),
  EPSV: async (session) => session.epsv(),
  ABOR: () => "225 No transfer to ABOR.",
};

export class FtpSession implements Disposable {
  readonly card: Card;
  readonly knobs: FtpKnobs;
  readonly counters: FtpCounters;
  /** Those that its data channels can resume. */
  readonly sessions: TlsSessions;
  /** Ends when the connection does. */
  readonly signal: AbortSignal;
  folder = "/";
  /** What RNFR has named. */
  renameFrom: string | undefined;
  protectedData = false;
  readonly #socket: TLSSocket;
  readonly #options: SessionOptions;
  readonly #commands: Commands;
  readonly #abort = new AbortController();
  #channel: DataChannel | undefined;
  #transferring = false;
  #user: string | undefined;
  #loggedIn = false;
  #wrongLogins = 0;
  #bufferSizeSet = false;
  #unread = "";
  #linesWaiting = 0;
  #obeyed: Promise<void> = Promise.resolve();

  constructor(socket: TLSSocket, options: SessionOptions, knobs: FtpKnobs, counters: FtpCounters) {
    this.card = options.card;
    this.knobs = knobs;
    this.counters = counters;
    this.sessions = options.sessions;
    this.signal = this.#abort.signal;
    this.#socket = socket;
    this.#options = options;
    this.#commands = { ...sessionCommands, ...options.commands };
    // Its end is heard as "close".
    socket.on("error", () => {});
    socket.setNoDelay(true);
    socket.setTimeout(idleMs, () => this.#timeOut());
    // Names on the card are UTF-8; a character may be cut between two pieces.
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#read(text));
    this.reply("220 (vsFTPd 3.0.3)");
  }

  reply(line: string): void {
    if (this.#socket.writable) this.#socket.write(`${line}\r\n`);
  }

  /** A path as the client means it, from the card's root. */
  path(argument: string): string {
    return posix.resolve("/", this.folder, argument);
  }

  /** The data channel that PASV has opened, for one transfer; undefined without one. */
  takeChannel(): DataChannel | undefined {
    const channel = this.#channel;
    this.#transferring = channel !== undefined;
    return channel;
  }

  /** Lets the data channel go once the reply to its transfer has had time to arrive. */
  retireChannel(): void {
    this.#channel?.retire();
    this.#channel = undefined;
    this.#transferring = false;
  }

  /** Closes the data channel, whatever it does. */
  closeChannel(): void {
    this.#channel?.[Symbol.dispose]();
    this.#channel = undefined;
    this.#transferring = false;
  }

  user(name: string): string {
    this.#user = name;
    this.#loggedIn = false;
    return "331 Please specify the password.";
  }

  pass(accessCode: string): string {
    if (this.#user === undefined) return "503 Login with USER first.";
    this.#loggedIn = this.#user === userName && accessCode === this.#options.accessCode();
    this.#options.journal.add("ftp", { login: this.#user, accepted: this.#loggedIn });
    if (this.#loggedIn) {
      this.counters.logins += 1;
      return "230 Login successful.";
    }
    this.counters.wrongLogins += 1;
    this.#wrongLogins += 1;
    if (this.#wrongLogins >= mostWrongLogins) this.#socket.end("530 Login incorrect.\r\n");
    return "530 Login incorrect.";
  }

  quit(): undefined {
    this.#socket.end("221 Goodbye.\r\n");
  }

  features(): string {
    const names = [...(this.knobs.epsv ? ["EPSV"] : []), "MDTM", "PASV", "PBSZ", "PROT", "SIZE", "UTF8"];
    return `211-Features:\r\n${names.map((name) => ` ${name}\r\n`).join("")}211 End`;
  }

  pbsz(): string {
    this.#bufferSizeSet = true;
    return "200 PBSZ set to 0.";
  }

  prot(level: string): string {
    if (!this.#bufferSizeSet) return "503 PBSZ needed before PROT.";
    if (/^[cp]$/i.test(level)) {
      this.protectedData = level.toUpperCase() === "P";
      return `200 PROT now ${this.protectedData ? "Private" : "Clear"}.`;
    }
    return /^[se]$/i.test(level) ? "536 PROT not supported." : "504 PROT not recognized.";
  }

  async pasv(): Promise<string> {
    const { localAddress = "" } = this.#socket;
    if (localAddress.includes(":")) return "500 Illegal PASV command.";
    const port = await this.#openChannel();
    const numbers = [...localAddress.split("."), port >> 8, port & 0xff].join(",");
    return `227 Entering Passive Mode (${numbers}).`;
  }

  async epsv(): Promise<string> {
    if (!this.knobs.epsv) return "500 Unknown command.";
    return `229 Entering Extended Passive Mode (|||${await this.#openChannel()}|)`;
  }

  /** Ends the connection, its transfer and its listening. */
  [Symbol.dispose](): void {
    this.#abort.abort();
    this.closeChannel();
    this.#socket.destroy();
  }

  async #openChannel(): Promise<number> {
    this.closeChannel();
    const channel = await DataChannel.listen(this.#socket, this.signal);
    this.#channel = channel;
    return channel.port;
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split("\n");
    this.#unread = lines.pop() ?? "";
    const tooLong = [...lines, this.#unread].some((line) => line.length > longestLine);
    if (tooLong || this.#linesWaiting + lines.length > mostLinesWaiting) {
      this.#socket.end("500 Input line too long.\r\n");
      this.#socket.removeAllListeners("data").resume();
      return;
    }
    for (const line of lines) this.#take(line.replace(/\r$/, ""));
  }

  #take(line: string): void {
    // Telnet's interrupt comes before ABOR and is no text.
    if (/ABOR\s*$/i.test(line) && this.#transferring) {
      // The transfer replies 426 for itself; this reply follows it.
      this.closeChannel();
      this.#enqueue(() => this.reply("226 ABOR successful."));
    } else this.#enqueue(async () => this.#obey(line));
  }

  #enqueue(task: () => Promise<void> | void): void {
    this.#linesWaiting += 1;
    this.#obeyed = this.#inTurn(this.#obeyed, task);
  }

  async #inTurn(earlier: Promise<void>, task: () => Promise<void> | void): Promise<void> {
    await earlier;
    this.#linesWaiting -= 1;
    if (!this.signal.aborted) await task();
  }

  async #obey(line: string): Promise<void> {
    const [, word = "", argument = ""] = /^\s*(\S*) ?(.*)$/s.exec(line) ?? [];
    const verb = word.toUpperCase();
    if (verb !== "PASS") this.#options.journal.add("ftp", { command: verb, argument });
    if (!this.#loggedIn && !beforeLogin.has(verb)) {
      this.reply("530 Please login with USER and PASS.");
      return;
    }
    const command = Object.hasOwn(this.#commands, verb) ? this.#commands[verb] : undefined;
    try {
      const reply = command === undefined ? "500 Unknown command." : await command(this, argument);
      if (reply !== undefined) this.reply(reply);
    } catch (error) {
      // A disk that fails is the simulator's own trouble; the client is told, and nobody else harmed.
      this.#options.journal.add("ftp", { failed: verb, error: String(error) });
      this.reply("451 Requested action aborted: local error in processing.");
    }
  }

  #timeOut(): void {
    if (!this.#transferring) this.#socket.end("421 Timeout.\r\n");
  }
}

function typeReply(type: string): string {
  if (/^(i|l8|l 8)$/i.test(type)) return "200 Switching to Binary mode.";
  return /^a( n)?$/i.test(type) ? "200 Switching to ASCII mode." : "500 Unrecognised TYPE command.";
}
