// The slate shown while a camera gives no picture: who, what is wrong, when it was last seen.
// Drawn once for each size and text, never on the way of a picture, and not in the bridge's own
// process (./slate-painter.ts). The text uses the font files of dejavu-fonts-ttf, so that it looks
// the same where no font is installed.

import { fileURLToPath } from "node:url";
import sharp from "sharp";
import type { OverlayOptions } from "sharp";
import type { PictureSize } from "../ffmpeg/jpeg.ts";

export interface SlateText {
  /** The printer's name. */
  readonly title: string;
  /** What is wrong, in words. */
  readonly message: string;
  /** A smaller last line, or nothing. */
  readonly detail: string | null;
}

export interface SlateRequest {
  readonly size: PictureSize;
  readonly text: SlateText;
}

/** Draws one slate. @throws Error when the picture library fails */
export type DrawSlate = (size: PictureSize, text: SlateText) => Promise<Uint8Array>;

interface Line {
  readonly text: string;
  readonly font: keyof typeof fonts;
  readonly color: string;
  /** Height of the letters, and the middle of the line, as parts of the unit (a 360th of the height). */
  readonly size: number;
  readonly middle: number;
}

const fonts = {
  "DejaVu Sans": fontFile("DejaVuSans.ttf"),
  "DejaVu Sans Bold": fontFile("DejaVuSans-Bold.ttf"),
};

/** Longest text that is drawn; the rest could not be read anyway. */
const maxLetters = 120;
const segmenter = new Intl.Segmenter();

/** A JPEG of exactly `size`, 4:2:0 like most cameras, about 50 ms of work. */
export const drawSlate: DrawSlate = async (size, text) => {
  const unit = Math.min(size.height / 360, size.width / 560);
  const lines: readonly Line[] = [
    { text: text.title, font: "DejaVu Sans Bold", color: "#f2f4f7", size: 25, middle: 198 },
    { text: text.message, font: "DejaVu Sans", color: "#b9c0cb", size: 17, middle: 248 },
    { text: text.detail ?? "", font: "DejaVu Sans", color: "#7d8694", size: 14, middle: 296 },
  ];
  const drawn = await Promise.all(lines.filter((line) => line.text !== "").map((line) => overlay(line, size, unit)));
  const jpeg = await sharp(Buffer.from(backdrop(size, unit)))
    .composite(drawn)
    .flatten()
    .jpeg({ quality: 85 })
    .toBuffer();
  return new Uint8Array(jpeg);
};

/** One line of text as a transparent picture, at its place in the middle. */
async function overlay(line: Line, size: PictureSize, unit: number): Promise<OverlayOptions> {
  const markup = `<span foreground="${line.color}">${escapeMarkup(shortened(line.text))}</span>`;
  const room = Math.round(size.width * 0.9);
  const { data, info } = await sharp({
    text: {
      text: markup,
      font: `${line.font} ${Math.max(6, Math.round(line.size * unit))}`,
      fontfile: fonts[line.font],
      dpi: 72,
      width: room,
      align: "centre",
      rgba: true,
    },
  })
    .resize({ width: room, height: Math.max(8, Math.round(44 * unit)), fit: "inside", withoutEnlargement: true })
    .png({ compressionLevel: 0 })
    .toBuffer({ resolveWithObject: true });
  const top = size.height / 2 + (line.middle - 180) * unit - info.height / 2;
  return { input: data, left: Math.round((size.width - info.width) / 2), top: Math.max(0, Math.round(top)) };
}

/** A dark ground with a crossed-out camera above its middle. Shapes only: SVG text would need installed fonts. */
function backdrop(size: PictureSize, unit: number): string {
  const { width, height } = size;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="ground" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#1c2129"/><stop offset="1" stop-color="#11141a"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#ground)"/>
    <g transform="translate(${width / 2} ${height / 2 - 68 * unit}) scale(${unit})" fill="none"
       stroke="#5d6675" stroke-width="4" stroke-linejoin="round" stroke-linecap="round">
      <rect x="-46" y="-26" width="62" height="52" rx="8"/>
      <path d="M 16 -6 L 44 -22 L 44 22 L 16 6"/>
      <path d="M -52 38 L 50 -40" stroke="#161a20" stroke-width="12"/>
      <path d="M -52 38 L 50 -40" stroke="#d9793f"/>
    </g></svg>`;
}

function shortened(text: string): string {
  const letters = Array.from(segmenter.segment(text.replaceAll(/\s+/gu, " ").trim()), ({ segment }) => segment);
  return letters.length <= maxLetters ? letters.join("") : `${letters.slice(0, maxLetters - 1).join("")}…`;
}

/** Control characters are no markup at all and would fail the whole slate. */
function escapeMarkup(text: string): string {
  return text
    .replaceAll(/\p{Cc}/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

function fontFile(name: string): string {
  return fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}`));
}
