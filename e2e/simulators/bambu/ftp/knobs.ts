// How the file server behaves and misbehaves just now. Plain switches: whoever composes the printer
// turns them while it runs. No card and a full card are states of the card (storage.ts), not knobs.

/** What becomes of every upload that is otherwise in order. */
export type UploadFault =
  /** The file is whole and the reply never comes. */
  | "no-226"
  /** The file is whole and the reply is 426. */
  | "426-complete"
  /** The data connection ends after 64 KB, which stay; the reply is 426. */
  | "426-truncated"
  /** Refused before any data, as for a name or a format that it does not like. */
  | "553";

export interface FtpKnobs {
  /** Extended passive mode is known; otherwise EPSV gets 500. */
  epsv: boolean;
  /** AVBL is known. */
  avbl: boolean;
  /** Transfers after PROT C, in clear, are done; otherwise they get 522. */
  clearData: boolean;
  /** A data channel must resume a TLS session of the control channel; otherwise it gets 522. */
  sessionReuse: boolean;
  /** NLST names files with their whole paths, or bare. */
  nlst: "full" | "bare";
  uploadFault: UploadFault | undefined;
  /** How late the 226 of an upload comes, ms. */
  lateReplyMs: number;
  /** undefined: as fast as it goes. */
  bytesPerSecond: number | undefined;
  /** After PROT P the data channel's TLS handshake is never answered. */
  protectedDataHangs: boolean;
  /** Transfers get 425, as while printing. */
  dataRefused: boolean;
}

export function defaultFtpKnobs(): FtpKnobs {
  return {
    epsv: false,
    avbl: true,
    clearData: false,
    sessionReuse: true,
    nlst: "bare",
    uploadFault: undefined,
    lateReplyMs: 0,
    bytesPerSecond: undefined,
    protectedDataHangs: false,
    dataRefused: false,
  };
}
