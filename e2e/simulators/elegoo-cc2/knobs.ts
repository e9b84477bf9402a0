// How the simulated daemon misbehaves just now. Plain switches that its parts read; faults.ts turns them.

import type { AnswerRule } from "../elegoo/answer-rules.ts";
import { type CameraKnobs, usualCameraKnobs } from "../elegoo/camera.ts";

export interface Knobs extends CameraKnobs {
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
    ...usualCameraKnobs(),
  };
}
