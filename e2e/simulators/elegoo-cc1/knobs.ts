// How the simulated daemon misbehaves just now. Plain switches that its parts read; faults.ts turns them.

import type { AnswerRule } from "../elegoo/answer-rules.ts";
import { type CameraKnobs, usualCameraKnobs } from "../elegoo/camera.ts";

export interface Knobs extends CameraKnobs {
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
    ...usualCameraKnobs(),
  };
}
