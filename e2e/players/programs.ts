// Players that people watch streams with, each run for a while against one URL and asked what it saw.
// What they need is looked for and installed by ./install.ts.

import { run } from "../tools/command.ts";

export interface Watched {
  /** Pictures that were decoded, or whole access units for a client that decodes none. */
  readonly frames: number;
  /** null where the player does not tell key frames. */
  readonly keyFrames: number | null;
  readonly longestKeyGapSeconds: number | null;
  /** Times that a timestamp was not greater than the one before. */
  readonly backwards: number;
  /** What the player complained about. */
  readonly errors: readonly string[];
}

export interface Player {
  readonly name: string;
  /** Plays over TCP for that long; credentials are in the URL. */
  readonly watch: (url: string, seconds: number) => Promise<Watched>;
}

/** Time beyond the playing itself in which a player must be through, ms. */
const graceMs = 60_000;

interface Stamp {
  readonly seconds: number;
  readonly isKey: boolean;
}

/** FFmpeg's own libraries, every picture decoded: what Frigate and most recorders use. */
export function ffmpeg(): Player {
  return {
    name: "FFmpeg",
    watch: async (url, seconds) => {
      const shown = ["-select_streams", "v", "-show_entries", "frame=pts_time,key_frame", "-of", "csv=p=0"];
      const args = ["-v", "warning", "-rtsp_transport", "tcp", "-read_intervals", `%+${seconds}`, ...shown, url];
      const { text, reason } = await run("ffprobe", args, { timeoutMs: seconds * 1000 + graceMs });
      const stamps: Stamp[] = [];
      const errors = reason === "" ? [] : [reason];
      for (const line of linesOf(text)) {
        const [, key, time] = /^([01]),(\d+\.\d+),?$/u.exec(line) ?? [];
        // Of the picture with which it joins, FFmpeg does not always know the time.
        if (stamps.length === 0 && line.startsWith("1,N/A")) continue;
        if (time === undefined) errors.push(line);
        else stamps.push({ seconds: Number(time), isKey: key === "1" });
      }
      return { ...summed(stamps), errors };
    },
  };
}

/** Of the parts that play; the others complain of what this machine lacks. */
const gstreamerWarnings = "rtsp*:2,rtp*:2,h264parse:2,libav:2,basesink:2,videodecoder:2,codecparsers*:2";

/** GStreamer's rtspsrc, parser and decoder, each buffer told on its way into the decoder. */
export function gstreamer(): Player {
  return {
    name: "GStreamer",
    watch: async (url, seconds) => {
      const { bare, username, password } = withoutCredentials(url);
      const login = username === "" ? [] : [`user-id=${username}`, `user-pw=${password}`];
      const source = ["rtspsrc", `location=${bare}`, "protocols=tcp", "latency=200", ...login];
      const decode = ["rtph264depay", "h264parse", "identity name=units silent=false", "avdec_h264", "fakesink"];
      const pipeline = [source.join(" "), ...decode].join(" ! ").split(" ");
      // The time limit ends it as a user does: the pipeline is asked to stop and must come to its end.
      const args = ["--signal=INT", String(seconds), "gst-launch-1.0", "-e", "-v", "--no-position", ...pipeline];
      const { text } = await run("timeout", args, {
        timeoutMs: seconds * 1000 + graceMs,
        env: { ...process.env, GST_DEBUG: gstreamerWarnings, GST_DEBUG_NO_COLOR: "1" },
      });
      const told = linesOf(text);
      const stamps = told.flatMap((line) => {
        const [, pts, flags] = /last-message = .*chain.* pts: (\d+:\d+:\d+\.\d+).*flags: ([0-9a-f]+)/u.exec(line) ?? [];
        // Bit 13 marks a buffer that needs those before it.
        return pts === undefined
          ? []
          : [{ seconds: clockSeconds(pts), isKey: (parseInt(flags ?? "0", 16) & 0x2000) === 0 }];
      });
      return { ...summed(stamps), errors: told.filter((line) => isComplaint(line)) };
    },
  };
}

/** What mpv says of the first picture of any RTSP source, a plain ffmpeg publisher's too. */
const mpvOnRtsp = /^(No video PTS! Making something up|Invalid video timestamp: 0\.0+ -> 0\.0+)/u;

/** mpv without a window; it tells its position and its warnings, not its pictures. */
export function mpv(): Player {
  return {
    name: "mpv",
    watch: async (url, seconds) => {
      const quiet = ["--no-config", "--vo=null", "--ao=null", "--msg-level=all=warn,statusline=status"];
      const status = ["--term-status-msg=at ${=time-pos} dropped ${decoder-frame-drop-count}\\n"];
      const args = [...quiet, ...status, "--rtsp-transport=tcp", `--length=${seconds}`, "--untimed", url];
      const { text, reason } = await run("mpv", args, { timeoutMs: seconds * 1000 + graceMs });
      const positions: number[] = [];
      const errors = reason === "" ? [] : [reason];
      for (const line of linesOf(text)) {
        const [, at, dropped] = /^at (-?[\d.]+) dropped (\d*)$/u.exec(line) ?? [];
        if (at !== undefined) positions.push(Number(at));
        if (at === undefined && !line.startsWith("at ") && !mpvOnRtsp.test(line)) errors.push(line);
        if (Number(dropped ?? 0) > 0) errors.push(`${dropped} pictures dropped`);
      }
      const moved = [...new Set(positions)];
      const backwards = moved.filter((at, index) => at < (moved[index - 1] ?? at)).length;
      return { frames: moved.length, keyFrames: null, longestKeyGapSeconds: null, backwards, errors };
    },
  };
}

/** A player of ours around a foreign library that prints {@link Watched} as its last line. */
export function wrapped(name: string, command: string, args: readonly string[]): Player {
  return {
    name,
    watch: async (url, seconds) => {
      const { text, reason } = await run(command, [...args, url, String(seconds)], {
        timeoutMs: seconds * 1000 + graceMs,
      });
      const last = linesOf(text).findLast((line) => line.startsWith("{"));
      if (last === undefined) throw new Error(`${name} told nothing: ${reason} ${text.slice(-500)}`);
      return JSON.parse(last) as Watched;
    },
  };
}

/** It says so itself when it is told to stop while it waits for the next packet. */
function isComplaint(line: string): boolean {
  return /^ERROR|\b(WARN|ERROR)\s/u.test(line) && !line.endsWith("interrupted");
}

function summed(stamps: readonly Stamp[]): Omit<Watched, "errors"> {
  const keys = stamps.filter(({ isKey }) => isKey).map(({ seconds }) => seconds);
  const gaps = keys.slice(1).map((seconds, index) => seconds - (keys[index] ?? seconds));
  return {
    frames: stamps.length,
    keyFrames: keys.length,
    longestKeyGapSeconds: Math.max(0, ...gaps),
    backwards: stamps.filter(({ seconds }, index) => seconds <= (stamps[index - 1]?.seconds ?? -Infinity)).length,
  };
}

// Built from a string, since the escape character itself has no place in a pattern.
const terminalCodes = new RegExp(`${String.fromCodePoint(27)}\\[[0-9;]*[A-Za-z]`, "gu");

function linesOf(text: string): string[] {
  return text
    .replaceAll(terminalCodes, "")
    .split(/[\r\n]+/u)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function clockSeconds(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(":").map(Number);
  return hours * 3600 + minutes * 60 + seconds;
}

function withoutCredentials(url: string): { bare: string; username: string; password: string } {
  const parsed = new URL(url);
  const { username, password } = parsed;
  parsed.username = "";
  parsed.password = "";
  return { bare: parsed.href, username, password };
}
