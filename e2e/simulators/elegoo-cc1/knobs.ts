// How the simulated daemon misbehaves just now. Plain switches that its parts read; faults.ts turns them.

/** Something that happens to answers: to those of one command or of all, so many times or until cleared. */
export interface AnswerRule {
  /** The command it is for; undefined: every one. */
  readonly command: number | undefined;
  timesLeft: number;
}

export interface Knobs {
  /** Status is pushed only as the answer to command 0. */
  deadPushes: boolean;
  /** Sockets stay open and nothing is said on them. */
  silence: boolean;
  lengthPrefix: boolean;
  twoObjects: boolean;
  temperatures: "A" | "B" | undefined;
  currenStatus: boolean;
  plainStatus: boolean;
  lostAnswer: AnswerRule | undefined;
  delayedAnswer: (AnswerRule & { readonly milliseconds: number }) | undefined;
  refusedCommand: (AnswerRule & { readonly ack: number }) | undefined;
  /** WebSocket slots that others hold. */
  foreignSockets: number;
  idleTimeoutMs: number;
  discoverySilent: boolean;
  storageFull: boolean;
  cameraPlugged: boolean;
  /** Frames flow; command 386 turns this too. */
  cameraEnabled: boolean;
  cameraStalled: boolean;
  cameraLeakMs: number;
  cameraViewers: number;
}

export function defaultKnobs(): Knobs {
  return {
    deadPushes: false,
    silence: false,
    lengthPrefix: false,
    twoObjects: false,
    temperatures: undefined,
    currenStatus: false,
    plainStatus: false,
    lostAnswer: undefined,
    delayedAnswer: undefined,
    refusedCommand: undefined,
    foreignSockets: 0,
    idleTimeoutMs: 60_000,
    discoverySilent: false,
    storageFull: false,
    cameraPlugged: true,
    cameraEnabled: true,
    cameraStalled: false,
    cameraLeakMs: 0,
    cameraViewers: 1,
  };
}

/** Whether the rule is for this command, counting it down when it is. */
export function applies(rule: AnswerRule | undefined, command: number): boolean {
  if (rule === undefined || rule.timesLeft <= 0) return false;
  if (rule.command !== undefined && rule.command !== command) return false;
  rule.timesLeft -= 1;
  return true;
}
