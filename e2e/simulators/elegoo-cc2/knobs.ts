// How the simulated daemon misbehaves just now. Plain switches that its parts read; faults.ts turns them.

/** Something that happens to answers: to those of one method or of all, so many times or until cleared. */
export interface AnswerRule {
  /** The method it is for; undefined: every one. */
  readonly method: number | undefined;
  timesLeft: number;
}

export interface Knobs {
  /** In cloud mode port 80 is closed and nothing is served over MQTT. */
  lanOnly: boolean;
  /** `token_status` and `lan_status` as true and false instead of 1 and 0. */
  discoveryBooleans: boolean;
  discoverySilent: boolean;
  /** The power is out. */
  dark: boolean;
  systemInfoMissing: boolean;
  /** CONNACK code of a wrong access code. */
  refusalCode: 4 | 5;
  /** What a new MQTT connection gets when the broker is full. */
  brokerFull: "refuse" | "close" | undefined;
  /** Connections stay open and nothing is said on them. */
  silence: boolean;
  pongless: boolean;
  deadPushes: boolean;
  lostPushes: number;
  duplicatePushes: number;
  prettyJson: boolean;
  /** Requests of unregistered clients get error 1000 instead of nothing. */
  unregisteredError: boolean;
  registrationMs: number;
  /** Slots for registered clients. */
  slots: number;
  /** Slots that others hold. */
  foreignClients: number;
  /** What every registration is answered with. */
  registrationError: string | undefined;
  rateLimited: boolean;
  gcodeMoveInf: boolean;
  toolhead: boolean;
  totalLayerMissing: boolean;
  lostAnswer: AnswerRule | undefined;
  delayedAnswer: (AnswerRule & { readonly milliseconds: number }) | undefined;
  refusedMethod: (AnswerRule & { readonly code: number }) | undefined;
  storageFull: boolean;
  cameraBoundary: "frame" | "--frame_boundary";
  /** Frames flow; method 1042 turns this on. */
  cameraEnabled: boolean;
  cameraStalled: boolean;
  cameraPlugged: boolean;
  cameraViewers: number;
  cameraLeakMs: number;
}

export function defaultKnobs(): Knobs {
  return {
    lanOnly: true,
    discoveryBooleans: false,
    discoverySilent: false,
    dark: false,
    systemInfoMissing: false,
    refusalCode: 5,
    brokerFull: undefined,
    silence: false,
    pongless: false,
    deadPushes: false,
    lostPushes: 0,
    duplicatePushes: 0,
    prettyJson: false,
    unregisteredError: false,
    registrationMs: 65_000,
    slots: 4,
    foreignClients: 0,
    registrationError: undefined,
    rateLimited: false,
    gcodeMoveInf: false,
    toolhead: false,
    totalLayerMissing: false,
    lostAnswer: undefined,
    delayedAnswer: undefined,
    refusedMethod: undefined,
    storageFull: false,
    cameraBoundary: "frame",
    cameraEnabled: true,
    cameraStalled: false,
    cameraPlugged: true,
    cameraViewers: 1,
    cameraLeakMs: 0,
  };
}

/** Whether the rule is for this method, counting it down when it is. */
export function applies(rule: AnswerRule | undefined, method: number): boolean {
  if (rule === undefined || rule.timesLeft <= 0) return false;
  if (rule.method !== undefined && rule.method !== method) return false;
  rule.timesLeft -= 1;
  return true;
}
