// Paints the simulated camera's picture: still parts rendered once per size, then only copied, so
// that a frame costs a few milliseconds on a shared core. No clock and no network in here.

import sharp from "sharp";
import { drawPictureCode, type PictureCode } from "./code.ts";
import {
  backgroundDrawing,
  bedDrawing,
  designHeight,
  designWidth,
  gantryDrawing,
  headDrawing,
  places,
  type Scene,
} from "./scene.ts";

// One picture at a time on one thread: other processes share these cores.
sharp.concurrency(1);
sharp.cache(false);

interface Sprite {
  /** RGBA, 4 bytes a pixel. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

type Sprites = Readonly<Record<"gantry" | "head" | "bed", Sprite>>;

const jpegQuality = 80;
/** How dark it is with the light off, of 256. */
const darkness = 70;

export class Painter {
  readonly width: number;
  readonly height: number;
  readonly #scaleX: number;
  readonly #scaleY: number;
  readonly #rgb: Uint8Array;
  readonly #background: Uint8Array;
  readonly #sprites: Sprites;

  private constructor(width: number, height: number, background: Uint8Array, sprites: Sprites) {
    this.width = width;
    this.height = height;
    this.#scaleX = width / designWidth;
    this.#scaleY = height / designHeight;
    this.#rgb = new Uint8Array(width * height * 3);
    this.#background = background;
    this.#sprites = sprites;
  }

  /** Prepares for pictures of one size, pixels. */
  static async create(width: number, height: number): Promise<Painter> {
    const background = await sharp(Buffer.from(backgroundDrawing))
      .resize(width, height, { fit: "fill" })
      .removeAlpha()
      .raw()
      .toBuffer();
    const scale = { x: width / designWidth, y: height / designHeight };
    const [gantry, head, bed] = await Promise.all([
      renderSprite(gantryDrawing, 440 * scale.x, 26 * scale.y),
      renderSprite(headDrawing, 76 * scale.x, 74 * scale.y),
      renderSprite(bedDrawing, 420 * scale.x, 46 * scale.y),
    ]);
    return new Painter(width, height, background, { gantry, head, bed });
  }

  /** The picture as RGB, 3 bytes a pixel; the buffer is reused by the next call. */
  paint(scene: Scene, code: PictureCode): Uint8Array {
    this.#rgb.set(this.#background);
    this.#paintMachine(scene);
    if (!scene.lightOn) this.#darken();
    this.#glow(scene);
    drawPictureCode(this.#rgb, this.width, code);
    return this.#rgb;
  }

  /** The same as a JPEG file, 4:2:0. */
  async jpeg(scene: Scene, code: PictureCode): Promise<Buffer> {
    const raw = { width: this.width, height: this.height, channels: 3 } as const;
    return sharp(this.paint(scene, code), { raw }).jpeg({ quality: jpegQuality }).toBuffer();
  }

  #paintMachine(scene: Scene): void {
    const bedY = places.bedTop + scene.bedDrop * places.bedTravel;
    const headX = places.headLeft + scene.headX * (places.headRight - places.headLeft);
    // Depth is a few pixels up or down, which is all a camera above the door sees of it.
    const depth = (scene.headY - 0.5) * 10;
    this.#blit(this.#sprites.bed, designWidth / 2 - 210, bedY - 14);
    if (scene.grown !== undefined) this.#paintPrint(scene.grown, bedY + 2);
    this.#blit(this.#sprites.gantry, 100, places.gantryY + depth);
    this.#blit(this.#sprites.head, headX - 38, places.gantryY + places.nozzleDrop + depth - 62);
  }

  /** A twisted vase, line by line from the bed up to what has been printed. */
  #paintPrint(grown: number, bedY: number): void {
    const base = Math.round(bedY * this.#scaleY);
    const total = places.objectHeight * this.#scaleY;
    const lines = Math.round(total * grown);
    const middle = places.objectX * this.#scaleX;
    for (let line = 0; line < lines; line++) {
      const y = base - line;
      if (y < 0 || y >= this.height) continue;
      const up = line / total;
      const halfWidth = (38 + 20 * Math.sin(up * 4.4 + 0.35) - 8 * up) * this.#scaleX;
      const layerShade = line % Math.max(2, Math.round(3 * this.#scaleY)) === 0 ? 0.82 : 1;
      this.#paintSpan(y, middle, halfWidth, layerShade, up);
    }
  }

  #paintSpan(y: number, middle: number, halfWidth: number, shade: number, up: number): void {
    const from = Math.max(0, Math.round(middle - halfWidth));
    const to = Math.min(this.width, Math.round(middle + halfWidth));
    let offset = (y * this.width + from) * 3;
    for (let x = from; x < to; x++) {
      const across = (x - middle) / halfWidth;
      const ribs = 0.86 + 0.14 * Math.sin(Math.asin(across) * 7 + up * 5);
      const light = shade * ribs * (0.42 + 0.58 * Math.sqrt(Math.max(0, 1 - (across + 0.25) ** 2)));
      this.#rgb[offset++] = 250 * light;
      this.#rgb[offset++] = 118 * light;
      this.#rgb[offset++] = 36 * light;
    }
  }

  /** Copies a drawing with its transparency; the place is in design pixels, its size already scaled. */
  #blit(sprite: Sprite, designX: number, designY: number): void {
    const left = Math.round(designX * this.#scaleX);
    const top = Math.round(designY * this.#scaleY);
    for (let row = Math.max(0, -top); row < sprite.height && top + row < this.height; row++) {
      let source = row * sprite.width * 4;
      let target = ((top + row) * this.width + left) * 3;
      for (let column = 0; column < sprite.width; column++, source += 4, target += 3) {
        const alpha = sprite.pixels[source + 3] ?? 0;
        if (alpha === 0 || left + column < 0 || left + column >= this.width) continue;
        for (let channel = 0; channel < 3; channel++) {
          const under = this.#rgb[target + channel] ?? 0;
          const over = sprite.pixels[source + channel] ?? 0;
          this.#rgb[target + channel] = under + (((over - under) * alpha) >> 8);
        }
      }
    }
  }

  #darken(): void {
    for (let index = 0; index < this.#rgb.length; index++) {
      this.#rgb[index] = ((this.#rgb[index] ?? 0) * darkness) >> 8;
    }
  }

  /** The hot nozzle lights what is near it, most visibly in the dark. */
  #glow(scene: Scene): void {
    if (scene.nozzleHeat <= 0) return;
    const headX = places.headLeft + scene.headX * (places.headRight - places.headLeft);
    const centerX = Math.round(headX * this.#scaleX);
    const centerY = Math.round((places.gantryY + places.nozzleDrop + 10 + (scene.headY - 0.5) * 10) * this.#scaleY);
    const radius = Math.max(2, Math.round(16 * this.#scaleX));
    for (let y = Math.max(0, centerY - radius); y < Math.min(this.height, centerY + radius); y++) {
      for (let x = Math.max(0, centerX - radius); x < Math.min(this.width, centerX + radius); x++) {
        const near = 1 - Math.hypot(x - centerX, y - centerY) / radius;
        if (near <= 0) continue;
        const offset = (y * this.width + x) * 3;
        const light = near * near * scene.nozzleHeat;
        this.#rgb[offset] = Math.min(255, (this.#rgb[offset] ?? 0) + 190 * light);
        this.#rgb[offset + 1] = Math.min(255, (this.#rgb[offset + 1] ?? 0) + 90 * light);
        this.#rgb[offset + 2] = Math.min(255, (this.#rgb[offset + 2] ?? 0) + 20 * light);
      }
    }
  }
}

async function renderSprite(svg: string, width: number, height: number): Promise<Sprite> {
  const { data, info } = await sharp(Buffer.from(svg))
    .resize(Math.max(1, Math.round(width)), Math.max(1, Math.round(height)), { fit: "fill" })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height };
}
