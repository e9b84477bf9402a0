// Strict schema of the parts of the inventory that all families share. Keys are snake_case in
// the file and camelCase in the types; a family's own `connection` schema is passed in.

import * as z from "zod";
import { access, type AccessSettings } from "./access.ts";
import {
  record,
  recordings,
  timelapse,
  timelapseRate,
  type RecordingSettings,
  type RecordMode,
  type TimelapseMode,
} from "./recording.ts";
import { duration } from "./written.ts";

export interface CameraEntry {
  /** Replaces the printer's own camera. */
  readonly url: string | undefined;
  /** The bridge keeps an encoder in reserve for it, so that a first viewer hardly waits. */
  readonly standby: boolean;
  /** Whether the bridge offers the second, small and slow stream of it. */
  readonly sub: boolean;
  /** SHA-256 of the only certificate taken from an rtsps `url`, lower-case hex. */
  readonly certificateSha256?: string;
  /** When its video is kept. */
  readonly record: RecordMode;
  /** Whether a film is made of each job, and of what pictures. */
  readonly timelapse: TimelapseMode;
}

export interface PrinterEntry {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly control: boolean;
  /** Checked and typed by the family's schema when schemas were given, else as it stands in the file. */
  readonly connection: unknown;
  /** null when switched off with `camera: false`. */
  readonly camera: CameraEntry | null;
}

export interface GatewaySettings {
  /** Host names, besides addresses and local names, under which browsers may reach the gateway. */
  readonly allowedHosts: readonly string[];
  /** How long a camera stays open after its last viewer, ms. */
  readonly cameraGraceMs: number;
}

const encoderNames = ["auto", "x264", "vaapi", "qsv", "nvenc", "v4l2m2m"] as const;
export type EncoderName = (typeof encoderNames)[number];

export interface BridgeSettings {
  /** How long a stream runs on after its last viewer, ms. */
  readonly lingerMs: number;
  /** Frames above this rate are dropped before they are decoded. */
  readonly maxFramesPerSecond: number;
  /** The most streams that are encoded at the same time. */
  readonly maxStreams: number;
  /** What the second stream of a camera is at most. */
  readonly sub: { readonly maxWidth: number; readonly maxFramesPerSecond: number };
  /** What encodes; `auto` is the first device that works, else x264. */
  readonly encoder: EncoderName;
  /** Device node of the encoders that are told one. */
  readonly encoderDevice: string;
  /** WebRTC (WHEP) for browsers. */
  readonly webrtc: boolean;
  /** Names and addresses, besides its own, under which browsers reach WebRTC: the host's, in a container. */
  readonly webrtcHosts: readonly string[];
  /** HLS for browsers. */
  readonly hls: boolean;
  /** Origins of web pages elsewhere that may show WebRTC and HLS. */
  readonly allowedOrigins: readonly string[];
  /** RTSP over TLS beside RTSP; files as they stand in the inventory. null: none. */
  readonly rtsps: { readonly certificateFile: string; readonly keyFile: string } | null;
  /** Streams may be started and stopped by REST. */
  readonly remoteControl: boolean;
  /** How much is kept of what is recorded, and where. */
  readonly recordings: RecordingSettings;
  readonly timelapseFramesPerSecond: number;
}

export interface Inventory {
  readonly printers: readonly PrinterEntry[];
  readonly gateway: GatewaySettings;
  readonly bridge: BridgeSettings;
  /** null: every camera is open to the network. */
  readonly access: AccessSettings | null;
}

/**
 * `connection` schema of each family, by family id, with the file's snake_case keys. Secrets carry
 * `.meta({ secret: true })`. A schema that takes `undefined` marks a camera without a printer:
 * the entry needs no `connection`, but a `camera.url`.
 */
export type FamilySchemas = Readonly<Record<string, z.ZodType>>;

const hour = 3_600_000;

/** A block of keys that may be left out or left blank (all its keys commented out). */
function block<Output>(schema: z.ZodType<Output>) {
  const blank = schema.parse({});
  return schema.nullish().transform((value) => value ?? blank);
}

const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/u, {
    error: "must be 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit",
  })
  .meta({
    description: "Names the printer in URLs, the RTSP path, the metric label and the MQTT topic. Unique; keep it.",
  });

const name = z
  .string()
  .regex(/^\P{Cc}{1,100}$/u, { error: "must be 1 to 100 characters on one line" })
  .optional()
  .meta({ description: "What people call it; free text. Default: the id." });

const cameraUrl = z
  .string()
  // A reference is let through: the bridge reads files whose secrets only the gateway has.
  .regex(/^(?:https?|rtsps?):\/\/[^/\s]|\$\{/u, {
    error: "expected a URL that begins with http, https (JPEG pictures), rtsp or rtsps (H.264)",
  })
  .refine((text) => text.includes("${") || URL.canParse(text), { error: "expected a URL" })
  .optional()
  .meta({
    description:
      "A camera in place of the printer's own: MJPEG or single JPEG pictures (http, https), or H.264 (rtsp, rtsps), " +
      "which is handed through as it is.",
  });

const certificateSha256 = z
  .string()
  .regex(/^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/iu, { error: "expected a SHA-256: 64 hex digits, with or without colons" })
  .transform((text) => text.replaceAll(":", "").toLowerCase())
  .optional()
  .meta({
    description: "SHA-256 of the certificate of an rtsps camera that signed it itself; no other is taken then.",
  });

const standby = z.boolean().default(false).meta({
  description: "true keeps an encoder in reserve: the first RTSP picture comes at once, for some 40 MB of memory.",
});

const offersSub = z.boolean().default(true).meta({
  description: "false leaves out the second, small and slow RTSP stream, which costs nothing while nobody watches it.",
});

const cameraBlock = z.strictObject({
  url: cameraUrl,
  certificate_sha256: certificateSha256,
  standby,
  sub: offersSub,
  record,
  timelapse,
});

const camera = z
  .union([z.literal(false), cameraBlock])
  .nullish()
  .transform((value): CameraEntry | null => (value === false ? null : cameraEntry(value ?? cameraBlock.parse({}))))
  .meta({ description: "The printer's camera. false switches it off. Default: the printer's own, if it has one." });

function cameraEntry(value: z.output<typeof cameraBlock>): CameraEntry {
  const { certificate_sha256: sha256, url, ...rest } = value;
  return { url, ...rest, ...(sha256 === undefined ? {} : { certificateSha256: sha256 }) };
}

const entry = z
  .strictObject({
    id,
    name,
    family: z.string().meta({ description: "Which kin of printers it speaks like." }),
    control: z
      .boolean()
      .default(false)
      .meta({ description: "true lets commands change the printer. While false they exist nowhere." }),
    connection: z
      .unknown()
      .optional()
      .meta({ description: "How to reach the printer; its keys depend on the family." }),
    camera,
  })
  .transform((value): PrinterEntry => ({ ...value, name: value.name ?? value.id, connection: value.connection }))
  .meta({ description: "One printer, or one camera without a printer." });

const gateway = z
  .strictObject({
    allowed_hosts: z
      .array(
        z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/u, {
          error: "expected a host name without scheme, port or path",
        }),
      )
      .max(100)
      .default([])
      .meta({
        description: "Host names, besides addresses and local names, under which browsers may reach the gateway.",
      }),
    camera_grace: duration(0, hour)
      .prefault("30s")
      .meta({ description: "How long a camera stays open after its last viewer, 0s to 1h.", unit: "duration" }),
  })
  .transform((value): GatewaySettings => ({
    allowedHosts: value.allowed_hosts.map((host) => host.toLowerCase()),
    cameraGraceMs: value.camera_grace,
  }));

const hostName = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$|^[0-9A-Fa-f:.]{2,45}$/u, {
  error: "expected a host name or an address without scheme, port or path",
});

const origin = z
  .string()
  .regex(/^https?:\/\/(?:[A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/u, {
    error: "expected an origin such as http://homeassistant.local:8123, without a path",
  });

const browserKeys = {
  webrtc: z.boolean().default(false).meta({
    description: "true shows the cameras to browsers at once, by WebRTC (WHEP), on a port of its own.",
  }),
  webrtc_hosts: z.array(hostName).max(20).default([]).meta({
    description: "In a container: names or addresses of the host, under which browsers reach WebRTC's UDP port.",
  }),
  hls: z.boolean().default(false).meta({
    description: "true shows the cameras to browsers some seconds late, by HLS, on a port of its own.",
  }),
  allowed_origins: z.array(origin).max(100).default([]).meta({
    description: "Origins of web pages elsewhere that may show WebRTC and HLS, such as Home Assistant's.",
  }),
};

const rtsps = z
  .strictObject({
    certificate_file: z.string().min(1).meta({
      description: "PEM file of the certificate, with its chain. A relative path starts at the inventory's folder.",
    }),
    key_file: z.string().min(1).meta({
      description: "PEM file of its private key. A relative path starts at the inventory's folder.",
    }),
  })
  .transform((value) => ({ certificateFile: value.certificate_file, keyFile: value.key_file }))
  .nullable()
  .default(null);

const sub = z
  .strictObject({
    max_width: z.int().min(160).max(1920).default(640).meta({
      description: "The second stream is at most so wide, 160 to 1920; its height follows.",
      unit: "pixels",
    }),
    max_frames_per_second: z.int().min(1).max(30).default(5).meta({
      description: "The second stream's rate at most, 1 to 30.",
      unit: "frames per second",
    }),
  })
  .transform((value): BridgeSettings["sub"] => ({
    maxWidth: value.max_width,
    maxFramesPerSecond: value.max_frames_per_second,
  }));

const bridge = z
  .strictObject({
    linger: duration(0, hour)
      .prefault("15s")
      .meta({ description: "How long a stream runs on after its last viewer, 0s to 1h.", unit: "duration" }),
    max_frames_per_second: z.int().min(1).max(60).default(15).meta({
      description: "Frames above this rate are dropped before they are decoded, 1 to 60.",
      unit: "frames per second",
    }),
    sub: block(sub).meta({
      description: "The second stream of each camera, ID_sub: small and slow, for detection of movement.",
    }),
    encoder: z.enum(encoderNames).default("x264").meta({
      description: "What encodes: x264 (software), a device, or auto: the first device that works, else x264.",
    }),
    encoder_device: z
      .string()
      .regex(/^\/dev\/[A-Za-z0-9._/-]{1,100}$/u, { error: "expected a device node such as /dev/dri/renderD128" })
      .default("/dev/dri/renderD128")
      .meta({ description: "Device node for vaapi and qsv." }),
    max_streams: z.int().min(1).max(100).default(16).meta({
      description: "The most cameras that are encoded at the same time, 1 to 100; one more is refused.",
    }),
    ...browserKeys,
    rtsps: rtsps.meta({ description: "RTSP over TLS (RTSPS) beside RTSP, on a port of its own." }),
    remote_control: z.boolean().default(false).meta({
      description:
        "true lets POST /api/v1/streams/{id}/start and /stop of the bridge start and stop streams, and DELETE recordings.",
    }),
    recordings: block(recordings).meta({ description: "How much is kept of what cameras with `record` record." }),
    timelapse_frames_per_second: timelapseRate,
  })
  .transform((value): BridgeSettings => ({
    lingerMs: value.linger,
    maxFramesPerSecond: value.max_frames_per_second,
    maxStreams: value.max_streams,
    sub: value.sub,
    encoder: value.encoder,
    encoderDevice: value.encoder_device,
    webrtc: value.webrtc,
    webrtcHosts: value.webrtc_hosts,
    hls: value.hls,
    allowedOrigins: value.allowed_origins,
    rtsps: value.rtsps,
    remoteControl: value.remote_control,
    recordings: value.recordings,
    timelapseFramesPerSecond: value.timelapse_frames_per_second,
  }));

/** The whole file. `connection` is left as it is. */
export const inventorySchema = z
  .strictObject({
    printers: z
      .array(entry)
      .nullish()
      .transform((value) => value ?? [])
      .meta({ description: "The printers, in the order in which they are shown." }),
    gateway: block(gateway).meta({ description: "The service that talks to printers. Every key has a default." }),
    bridge: block(bridge).meta({ description: "The webcam bridge to RTSP. Every key has a default." }),
    access,
  })
  .meta({ title: "Gantry inventory", description: "The printers and how they are reached." });
