// Placeholder for the bounded MJPEG parser: boundary and length, SOI/EOI as fallback.

export interface MjpegParserOptions {
  readonly contentType: string | null;
  readonly maxFrameBytes: number;
}

export class MjpegParser {
  readonly options: MjpegParserOptions;

  constructor(options: MjpegParserOptions) {
    this.options = options;
  }

  /** Takes any bytes and gives the JPEGs that became whole, in order. Never throws. */
  push(_chunk: Uint8Array): Uint8Array[] {
    return [];
  }
}
