// How the simulated printer misbehaves just now. Plain switches that its parts read; ./faults.ts turns them.

export interface Knobs {
  /** CONNACK code of a wrong access code. */
  refusalCode: 4 | 5;
  sessionLimit: number;
  /** What the session beyond the limit does. */
  beyondLimit: "refuse" | "drop-oldest";
  /** PUBACKs come so late; Infinity: never. */
  pubackMs: number;
  /** Connections stay open and nothing is answered or reported. */
  silence: boolean;
  /** Commands are done and not answered. */
  lostAnswers: { readonly command: string; timesLeft: number } | undefined;
  delayedAnswers: { readonly command: string; readonly milliseconds: number } | undefined;
  /** These commands are answered with `fail` and not done; empty: every one. */
  refused: { readonly command: string; timesLeft: number } | undefined;
  /** Unknown commands are answered with `fail` instead of nothing. */
  answersUnknown: boolean;
  /** Modules of get_version have no serial, so many times. */
  emptyVersions: number;
  /** No reports for 10 s after a pushall that came too soon. */
  lags: boolean;
  /** Filled trays have `state`. */
  trayState: boolean;
  filamentGone: boolean;
  cameraGone: boolean;
  /** `rtsp_url` says `disable`. */
  liveviewOff: boolean;
  /** project_file is answered so late. */
  acceptMs: number;
  /** No temperature or motion by G-code, as P1 01.07 in cloud mode. */
  hybrid: boolean;
  onlineVersion: number;
  /** A trailing NUL and bytes that are no UTF-8 in names. */
  dirtyText: boolean;
}

export function defaultKnobs(): Knobs {
  return {
    refusalCode: 4,
    sessionLimit: 4,
    beyondLimit: "refuse",
    pubackMs: 0,
    silence: false,
    lostAnswers: undefined,
    delayedAnswers: undefined,
    refused: undefined,
    answersUnknown: false,
    emptyVersions: 0,
    lags: false,
    trayState: false,
    filamentGone: false,
    cameraGone: false,
    liveviewOff: false,
    acceptMs: 0,
    hybrid: false,
    onlineVersion: 90_211,
    dirtyText: false,
  };
}
