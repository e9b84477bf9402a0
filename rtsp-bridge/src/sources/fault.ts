// Why a camera's own video cannot be had: a closed set of kinds, each with words fit for a slate,
// a log and a status. No message holds a user name, a password or an address.

/**
 * auth: the camera refuses the credentials. certificate: not the camera that is expected. unreachable:
 * no connection, or none any more. refused: it answers, and shows no video. format: video that cannot be
 * handed through. silent: connected, and nothing comes. settings: what is needed to ask it is not known.
 */
export type VideoFaultKind = "auth" | "certificate" | "unreachable" | "refused" | "format" | "silent" | "settings";

export class VideoFault extends Error {
  override readonly name = "VideoFault";
  readonly kind: VideoFaultKind;

  constructor(kind: VideoFaultKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  /** Names any error; unnamed ones are of the connection, whose words are its message. */
  static from(error: unknown): VideoFault {
    if (error instanceof VideoFault) return error;
    return new VideoFault("unreachable", error instanceof Error ? error.message : String(error), { cause: error });
  }
}
