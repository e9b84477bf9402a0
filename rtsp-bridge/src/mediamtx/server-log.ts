// MediaMTX's log lines within ours: its JSON lines read, its levels mapped, a flood thinned out.

import type { Clock } from "@gantry/platform/clock";
import type { Log, LogLevel } from "@gantry/platform/log";

const levels: Readonly<Record<string, LogLevel>> = { DEB: "debug", INF: "info", WAR: "warn", ERR: "error" };

/** What MediaMTX says at info of its own doings and of ours: of use only when something is looked for. */
const housekeeping =
  /command (?:started|stopped|launched)|reloading configuration|\] (?:opened|closed: (?:EOF|terminated))$|\] created by /;

export interface ServerLine {
  readonly level: LogLevel;
  readonly message: string;
}

/**
 * One line of its output. `{"timestamp", "level", "message"}`, whose message is quoted as Go
 * does: with an odd character it is no JSON. That and anything else (a panic, a hook's own
 * words) is a warning as it stands.
 */
export function parseServerLine(line: string): ServerLine {
  try {
    const { level, message } = JSON.parse(line) as { level?: unknown; message?: unknown };
    const known = levels[String(level)];
    if (known !== undefined && typeof message === "string") {
      return { level: known === "info" && housekeeping.test(message) ? "debug" : known, message };
    }
  } catch {
    // Told as it is.
  }
  return { level: "warn", message: line.slice(0, 1000) };
}

/** Who shows a wrong credential: an address for RTSP, and the server where only a session is named. */
const wrongCredential = /^\[(\w+)\](?: \[conn (\S+):\d+\])?.* failed to authenticate/u;
/** So long nothing more is told of the same one, ms. */
const quietMs = 600_000;

/** Lines of one level that pass within `windowMs`; viewers that come and go fill a log otherwise. */
const linesPerWindow = 40;
const windowMs = 10_000;

/** Writes lines into `log`, at most `linesPerWindow` of each level in a window, and counts the rest. */
export function createServerLog(log: Log, clock: Clock): (line: ServerLine) => void {
  const windows = new Map<LogLevel, { startMs: number; lines: number }>();
  const told = new Map<string, number>();
  return ({ level: given, message: words }) => {
    const nowMs = clock.monotonic();
    const [, server, address] = wrongCredential.exec(words) ?? [];
    const { level, message } = server === undefined ? { level: given, message: words } : wrong(server, address, nowMs);
    let window = windows.get(level);
    if (window === undefined || nowMs - window.startMs >= windowMs) {
      const leftOut = (window?.lines ?? 0) - linesPerWindow;
      if (leftOut > 0) log[level](`${leftOut} more lines of MediaMTX left out`);
      window = { startMs: nowMs, lines: 0 };
      windows.set(level, window);
    }
    window.lines += 1;
    if (window.lines <= linesPerWindow) log[level](message);
  };

  /** A program with a stale password asks for ever: it is told once. */
  function wrong(server: string, address: string | undefined, nowMs: number): ServerLine {
    const from = address ?? server;
    const beforeMs = told.get(from);
    if (beforeMs !== undefined && nowMs - beforeMs < quietMs) {
      return { level: "debug", message: `a wrong user or password was shown for a camera again, from ${from}` };
    }
    if (told.size > 1000) told.clear();
    told.set(from, nowMs);
    const more = "more of them from there are not told for ten minutes";
    return { level: "warn", message: `a wrong user or password was shown for a camera, from ${from}; ${more}` };
  }
}
