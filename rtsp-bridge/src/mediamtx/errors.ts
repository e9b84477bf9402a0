// What can go wrong with MediaMTX: a closed set of reasons, and a message that says what to do.

/**
 * missing: the program, or one that its hooks need, is not there. port-in-use: the RTSP port is
 * taken. refused: MediaMTX rejects its settings or a request. unreachable: it does not answer.
 */
export type MediamtxFault = "missing" | "port-in-use" | "refused" | "unreachable";

export class MediamtxError extends Error {
  override readonly name = "MediamtxError";
  readonly reason: MediamtxFault;

  constructor(reason: MediamtxFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
