// Every request that may ever be sent to a Centauri Carbon, with its one legal payload and the
// firmware that knows it; the one place where a request is made. Layout of the frame: ./codec.ts.

import * as z from "zod";
import { PrinterError } from "../../model/errors.ts";
import { canvasFirmware, isStockSince, laterFirmware, type Firmware } from "./firmware.ts";
import { limits, speedPercents } from "./limits.ts";

const nothing = z.strictObject({});
const flag = z.union([z.literal(0), z.literal(1)]);
const axis = z.enum(["X", "Y", "Z"]);
const percent = z.int().min(0).max(100);
/** The daemon's own names for stored files; folders are asked for without a final slash. */
const localFile = z.string().regex(/^\/local\/[^\p{Cc}\\]+$/u);
const celsius = (part: keyof typeof limits.celsius): z.ZodInt => z.int().min(0).max(limits.celsius[part]);
const channel = z.int().min(0).max(255);

/** One change per request: the daemon looks at which key is there. */
const change = z.union([
  z.strictObject({ PrintSpeedPct: z.literal(speedPercents) }),
  z.strictObject({
    TargetFanSpeed: z.strictObject({ ModelFan: percent, AuxiliaryFan: percent, BoxFan: percent }),
  }),
  z.strictObject({ TempTargetNozzle: celsius("nozzle") }),
  z.strictObject({ TempTargetHotbed: celsius("bed") }),
  z.strictObject({ TempTargetBox: celsius("chamber") }),
  z.strictObject({
    LightStatus: z.strictObject({ SecondLight: flag, RgbLight: z.tuple([channel, channel, channel]) }),
  }),
]);

const slot = z.strictObject({ t: z.int().min(0), canvas_id: z.int().min(0), tray_id: z.int().min(0) });

/**
 * An unknown Cmd, or a known one with another payload, crashes the daemon and with it the running
 * print (seen on V1.1.46). `since`: stock firmware that is proven to know it; left out: every one.
 */
const requests = {
  /** Read: a `Status` push follows. */
  refreshStatus: { cmd: 0, payload: nothing },
  /** Read: an `Attributes` push follows. */
  refreshAttributes: { cmd: 1, payload: nothing },
  startPrint: {
    cmd: 128,
    payload: z.strictObject({
      Filename: z.string().regex(/^\/(local|usb|udisk)\/.+/u),
      StartLayer: z.literal(0),
      Calibration_switch: flag,
      PrintPlatformType: flag,
      Tlp_Switch: flag,
      slot_map: z.array(slot),
    }),
  },
  pausePrint: { cmd: 129, payload: nothing },
  stopPrint: { cmd: 130, payload: nothing },
  resumePrint: { cmd: 131, payload: nothing },
  /** Read: Ack 1 says that a job which the power cut off can be resumed. */
  queryInterruptedJob: { cmd: 134, payload: nothing, since: laterFirmware },
  abortTransfer: {
    cmd: 255,
    payload: z.strictObject({ Uuid: z.string().regex(/^[0-9a-f]{32}$/u), FileName: z.string().min(1) }),
  },
  /** An empty payload crashed the daemon. */
  listFiles: { cmd: 258, payload: z.strictObject({ Url: z.literal("/local") }) },
  deleteFiles: { cmd: 259, payload: z.strictObject({ FileList: z.array(localFile).min(1) }) },
  readFile: { cmd: 260, payload: z.strictObject({ Url: localFile }) },
  listTasks: { cmd: 320, payload: nothing },
  readTasks: { cmd: 321, payload: z.strictObject({ Id: z.array(z.string().min(1)).min(1) }) },
  exportTimelapse: {
    cmd: 323,
    payload: z.strictObject({ Url: z.array(z.string().min(1)).min(1) }),
    since: laterFirmware,
  },
  /** Only where a Canvas shows itself: ./canvas.ts. */
  readCanvas: { cmd: 324, payload: nothing, since: canvasFirmware },
  /** Only ever 1: 0 would take the picture from everybody else. */
  enableCamera: { cmd: 386, payload: z.strictObject({ Enable: z.literal(1) }) },
  jog: { cmd: 401, payload: z.strictObject({ Axis: axis, Step: z.number().min(-300).max(300) }) },
  home: { cmd: 402, payload: z.strictObject({ Axis: z.enum(["X", "Y", "Z", "XYZ"]) }) },
  changeParameter: { cmd: 403, payload: change },
  /** Ask for a status every TimePeriod ms. */
  subscribe: { cmd: 512, payload: z.strictObject({ TimePeriod: z.int().min(1000).max(60_000) }) },
} as const;

export type RequestName = keyof typeof requests;
export type RequestPayload<Name extends RequestName> = z.input<(typeof requests)[Name]["payload"]>;

export const keepAlive = "ping";

export interface RequestEnvelope {
  /** 32 hex digits; the answer repeats it. */
  readonly requestId: string;
  /** Empty while it is not known: the daemon does not check it. */
  readonly mainboardId: string;
  /** Unix ms; the daemon ignores it. */
  readonly timestampMs: number;
  readonly firmware: Firmware;
}

/** Whether this firmware is proven to know the request. */
export function isKnownTo(firmware: Firmware, name: RequestName): boolean {
  const request = requests[name];
  return !("since" in request) || isStockSince(firmware, request.since);
}

/**
 * The text frame of a request. The one place where a request is made.
 * @throws PrinterError `unsupported` when the firmware is not known to take the request; `internal`
 *   when the payload has another shape than the request's own
 */
export function encodeRequest<Name extends RequestName>(
  name: Name,
  payload: RequestPayload<Name>,
  { requestId, mainboardId, timestampMs, firmware }: RequestEnvelope,
): string {
  const { cmd, payload: schema } = requests[name];
  if (!isKnownTo(firmware, name)) {
    throw new PrinterError("unsupported", "the printer's firmware is not known to take this command; update it");
  }
  const checked = schema.safeParse(payload);
  if (!checked.success) {
    throw new PrinterError("internal", `refused to send ${name} with an unknown payload`, { cause: checked.error });
  }
  return JSON.stringify({
    Id: mainboardId,
    Topic: mainboardId === "" ? "" : `sdcp/request/${mainboardId}`,
    Data: {
      Cmd: cmd,
      Data: checked.data,
      RequestID: requestId,
      MainboardID: mainboardId,
      TimeStamp: timestampMs,
      From: 1,
    },
  });
}

/** The numbers of every request this family can send; a test holds them against the allowed list. */
export const sendableCommands: readonly number[] = Object.values(requests).map(({ cmd }) => cmd);
