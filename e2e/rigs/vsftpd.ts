// Debian's vsftpd as a printer has it: implicit TLS, session reuse demanded, the printer's certificate;
// on a free loopback port, in a folder that is thrown away. Facts: vsftpd.conf(5).
// Of vsftpd's users only the anonymous one needs no account of the machine: it stands for `bblp`.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { run } from "../tools/command.ts";
import { freePort } from "./free-port.ts";

const program = "/usr/sbin/vsftpd";
const startMs = 20_000;
/** Owns the files, as vsftpd gives up root: an account of every Debian whose home exists. */
const fileOwner = { name: "daemon", id: 1 };

/** Why it cannot be run here, in words; undefined when it can. */
export function vsftpdMissing(): string | undefined {
  if (!existsSync(program)) return "vsftpd is not installed (apt-get install vsftpd)";
  return process.getuid?.() === 0 ? undefined : "vsftpd shuts its users into their folder only when root starts it";
}

export interface Certificate {
  /** PEM, each. */
  readonly cert: string;
  readonly key: string;
}

export interface VsftpdOptions {
  /** Default: as fast as it goes. */
  readonly bytesPerSecond?: number;
}

export class VsftpdServer implements AsyncDisposable {
  readonly host = "127.0.0.1";
  readonly user = "ftp";
  readonly accessCode = randomBytes(4).toString("hex");
  readonly port: number;
  /** What clients see as `/`. They can write in `cache` alone: vsftpd wants the anonymous root unwritable. */
  readonly root: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
    this.root = join(folder, "card");
    this.#child = spawn(program, [join(folder, "vsftpd.conf")], { stdio: "ignore" });
    this.#child.on("error", () => undefined); // told by what does not answer
  }

  /** @throws Error when it does not come up */
  static async start(certificate: Certificate, { bytesPerSecond = 0 }: VsftpdOptions = {}): Promise<VsftpdServer> {
    const folder = await mkdtemp(join(tmpdir(), "vsftpd-"));
    await chmod(folder, 0o755);
    const server = await VsftpdServer.#in(folder, certificate, bytesPerSecond);
    try {
      await server.#answers();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #in(folder: string, { cert, key }: Certificate, bytesPerSecond: number): Promise<VsftpdServer> {
    const port = await freePort();
    for (const name of ["card", "card/cache", "card/timelapse", "empty"]) {
      await mkdir(join(folder, name));
      if (name.includes("/")) await chown(join(folder, name), fileOwner.id, fileOwner.id);
    }
    await writeFile(join(folder, "tls.pem"), `${key}\n${cert}`, { mode: 0o600 });
    await writeFile(join(folder, "vsftpd.conf"), configuration(folder, port, bytesPerSecond));
    const server = new VsftpdServer(folder, port);
    await writeFile(join(folder, "codes"), `${server.accessCode}\n`);
    return server;
  }

  /** Cuts every connection, as a power cut does: kills the processes that serve them. */
  async cut(): Promise<void> {
    const { text } = await run("pgrep", ["-P", String(this.#child.pid)], { timeoutMs: 5000 });
    for (const pid of text
      .split(/\s+/u)
      .filter((word) => /^\d+$/u.test(word))
      .map(Number)) {
      const below = await run("pgrep", ["-P", String(pid)], { timeoutMs: 5000 });
      for (const each of [pid, ...below.text.split(/\s+/u).map(Number)]) if (each > 1) kill(each);
    }
  }

  /** What it has written about its sessions. */
  async log(): Promise<string> {
    return readFile(join(this.#folder, "vsftpd.log"), "utf8").catch(() => "");
  }

  async #answers(): Promise<void> {
    const deadline = performance.now() + startMs;
    while (performance.now() < deadline && this.#child.exitCode === null) {
      const socket = connect(this.port, this.host);
      const open = await once(socket, "connect").then(
        () => true,
        () => false,
      );
      socket.destroy();
      if (open) return;
      await wait(100);
    }
    throw new Error(`vsftpd did not come up (exit code ${this.#child.exitCode})\n${await this.log()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await this.cut();
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has gone by itself
  }
}

function configuration(folder: string, port: number, bytesPerSecond: number): string {
  const lines = {
    listen: "YES",
    listen_address: "127.0.0.1",
    listen_port: port,
    background: "NO",
    seccomp_sandbox: "NO",
    local_enable: "NO",
    anonymous_enable: "YES",
    anon_root: join(folder, "card"),
    ftp_username: fileOwner.name,
    nopriv_user: "nobody",
    secure_chroot_dir: join(folder, "empty"),
    // The anonymous user's password is looked up here: so there is a wrong one.
    secure_email_list_enable: "YES",
    email_password_file: join(folder, "codes"),
    write_enable: "YES",
    anon_upload_enable: "YES",
    anon_mkdir_write_enable: "YES",
    anon_other_write_enable: "YES",
    anon_umask: "022",
    anon_max_rate: bytesPerSecond,
    ssl_enable: "YES",
    implicit_ssl: "YES",
    allow_anon_ssl: "YES",
    force_anon_logins_ssl: "YES",
    force_anon_data_ssl: "YES",
    require_ssl_reuse: "YES",
    ssl_tlsv1: "YES",
    ssl_ciphers: "HIGH",
    rsa_cert_file: join(folder, "tls.pem"),
    rsa_private_key_file: join(folder, "tls.pem"),
    xferlog_enable: "YES",
    log_ftp_protocol: "YES",
    vsftpd_log_file: join(folder, "vsftpd.log"),
    idle_session_timeout: 300,
  };
  return `${Object.entries(lines)
    .map(([key, value]) => `${key}=${value}`)
    .join("\n")}\n`;
}
