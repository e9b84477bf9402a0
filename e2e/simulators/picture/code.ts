// The time code in the corner of every simulated picture, written and read. Its layout is public:
// 4 rows of 32 square cells, a cell 1/40 of the picture's width, white 1, black 0, most significant
// bit left. Row 0: frame number. Rows 1 and 2: capture time, Unix ms. Row 3: row 0 inverted.

export interface PictureCode {
  /** 0 to 2^32 - 1. */
  readonly frameNumber: number;
  /** Unix time, ms. */
  readonly capturedAtMs: number;
}

const columns = 32;
const rows = 4;
const cellsPerWidth = 40;

/** Draws the code over the top left corner of an RGB picture, 3 bytes a pixel. */
export function drawPictureCode(rgb: Uint8Array, width: number, code: PictureCode): void {
  const cells = [
    code.frameNumber >>> 0,
    Math.floor(code.capturedAtMs / 2 ** 32) >>> 0,
    (code.capturedAtMs % 2 ** 32) >>> 0,
    ~code.frameNumber >>> 0,
  ];
  for (const [row, bits] of cells.entries()) {
    const top = edge(row, width);
    const firstLine = top * width * 3;
    for (let column = 0; column < columns; column++) {
      const value = (bits >>> (columns - 1 - column)) & 1 ? 255 : 0;
      rgb.fill(value, firstLine + edge(column, width) * 3, firstLine + edge(column + 1, width) * 3);
    }
    const lineBytes = edge(columns, width) * 3;
    for (let y = top + 1; y < edge(row + 1, width); y++) {
      rgb.copyWithin(y * width * 3, firstLine, firstLine + lineBytes);
    }
  }
}

/**
 * Reads the code from a picture in 8-bit grey, one byte a pixel, rows without padding.
 *
 * @returns undefined when the picture is too small for the code or its check row does not match.
 */
export function readPictureCode(gray: Uint8Array, width: number, height: number): PictureCode | undefined {
  if (width < cellsPerWidth || height < edge(rows, width) || gray.length < width * height) return undefined;
  const [number, high, low, check] = [0, 1, 2, 3].map((row) => readRow(gray, width, row));
  if (number === undefined || high === undefined || low === undefined || check === undefined) return undefined;
  if ((number ^ check) >>> 0 !== 0xffffffff) return undefined;
  return { frameNumber: number, capturedAtMs: high * 2 ** 32 + low };
}

function readRow(gray: Uint8Array, width: number, row: number): number {
  const y = Math.floor((edge(row, width) + edge(row + 1, width)) / 2);
  let bits = 0;
  for (let column = 0; column < columns; column++) {
    const x = Math.floor((edge(column, width) + edge(column + 1, width)) / 2);
    bits = (bits * 2 + ((gray[y * width + x] ?? 0) >= 128 ? 1 : 0)) >>> 0;
  }
  return bits;
}

/** Where cell `index` begins, pixels. Widths that are no multiple of 40 give cells one pixel apart in size. */
function edge(index: number, width: number): number {
  return Math.round((index * width) / cellsPerWidth);
}
