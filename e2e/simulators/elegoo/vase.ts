// The picture that the simulated Centauri Carbons show of a sliced file.

import sharp from "sharp";

const outline = "M62 128C30 96 44 76 72 52V34H88V52C116 76 130 96 98 128Z";

/** A vase on grey, PNG, 160 by 160. */
export async function vasePng(color: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160"><rect width="160" height="160" fill="#39424d"/>
    <path d="${outline}" fill="${color}"/><path d="M24 128H136" stroke="#a88d52" stroke-width="4"/></svg>`;
  return sharp(Buffer.from(svg)).resize(160, 160).png().toBuffer();
}
