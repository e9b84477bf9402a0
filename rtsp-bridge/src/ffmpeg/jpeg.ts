// What must be known of a JPEG before it is worth decoding: that it is whole, and its size.
// It does not decode. Layout: ITU-T T.81, annex B.

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Larger sides than H.264 level 5.2 can carry are refused. */
const maxSide = 8192;

/** Size in pixels of a whole JPEG (FF D8 … FF D9), or undefined when the bytes are not one. Never throws. */
export function jpegSize(jpeg: Uint8Array): PictureSize | undefined {
  if (!isWhole(jpeg)) return undefined;
  let at = 2;
  while (at + 4 <= jpeg.length) {
    if (jpeg[at] !== 0xff) return undefined;
    const marker = jpeg[at + 1] ?? 0;
    // T.81 B.1.1.2 allows any number of fill bytes before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isStandalone(marker)) {
      at += 2;
      continue;
    }
    if (isFrameHeader(marker)) return frameSize(jpeg, at);
    // Picture data before any frame header: nothing says how large it is.
    if (marker === 0xda || marker === 0xd9) return undefined;
    at += 2 + word(jpeg, at + 2);
  }
  return undefined;
}

function isWhole(jpeg: Uint8Array): boolean {
  const end = jpeg.length;
  return end > 4 && jpeg[0] === 0xff && jpeg[1] === 0xd8 && jpeg[end - 2] === 0xff && jpeg[end - 1] === 0xd9;
}

/** TEM and RST0…RST7 carry no length. */
function isStandalone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

/** SOF0…SOF15 without DHT, JPG and DAC, which share the range. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** SOF: marker 2, length 2, precision 1, height 2, width 2. */
function frameSize(jpeg: Uint8Array, at: number): PictureSize | undefined {
  if (at + 9 > jpeg.length) return undefined;
  const height = word(jpeg, at + 5);
  const width = word(jpeg, at + 7);
  return width < 2 || height < 2 || width > maxSide || height > maxSide ? undefined : { width, height };
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
