// What the firmware of both Centauri Carbons reads from a slicer's comments in a G-code file, and a
// file that has them. What else each printer reads is in files.ts of its folder.

export interface SlicerComments {
  readonly totalLayers: number;
  readonly layerHeightMillimeters: number;
  readonly printSeconds: number;
  readonly nozzleCelsius: number;
  readonly bedCelsius: number;
}

/** The first and the last bytes of a file: slicers write their comments there. */
export function endsOf(content: Buffer, bytes: number): string {
  const last = content.toString("latin1", Math.max(bytes, content.length - bytes));
  return `${content.toString("latin1", 0, bytes)}\n${last}`;
}

/** With the firmware's own values for what the text does not say. */
export function readSlicerComments(text: string): SlicerComments {
  return {
    totalLayers: Math.round(positive(text, /^; ?total layers? (?:number|count)[:=] ?(\d+)/im, 50)),
    layerHeightMillimeters: positive(text, /^; ?layer_height ?= ?([\d.]+)/im, 0.2),
    printSeconds: duration(/^; ?estimated printing time.*?= ?(.+)$/im.exec(text)?.[1]) || 1200,
    nozzleCelsius: positive(text, /^M10[49] [^;\n]*S(\d+)/m, 220),
    bedCelsius: positive(text, /^M1[49]0 [^;\n]*S(\d+)/m, 60),
  };
}

/** The number that a pattern finds, where it is above 0. */
export function positive(text: string, pattern: RegExp, fallback: number): number {
  const value = Number(pattern.exec(text)?.[1]);
  return value > 0 ? value : fallback;
}

/** `1d 2h 3m 4s` in seconds; 0 when it says nothing. */
function duration(text = ""): number {
  const unitSeconds: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };
  return [...text.matchAll(/(\d+)\s*([dhms])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitSeconds[unit ?? ""] ?? 0),
    0,
  );
}

export interface SlicedFile {
  readonly layers: number;
  readonly printMinutes: number;
  /** Of each filament, as the slicer writes it. */
  readonly grams: string;
  readonly nozzleCelsius: number;
  readonly bedCelsius: number;
}

/** What a slicer writes, as far as the firmware reads it. `before` and `amid` are further lines of its head. */
export function slicedGcode(
  { layers, printMinutes, grams, nozzleCelsius, bedCelsius }: SlicedFile,
  { before = [], amid = [] }: { readonly before?: readonly string[]; readonly amid?: readonly string[] } = {},
): Buffer {
  const lines = [
    ...before,
    `; total layer number: ${layers}`,
    "; layer_height = 0.2",
    `; filament used [g] = ${grams}`,
    ...amid,
    `; estimated printing time (normal mode) = ${Math.floor(printMinutes / 60)}h ${printMinutes % 60}m 0s`,
    `M140 S${bedCelsius}`,
    `M104 S${nozzleCelsius}`,
    ...Array.from({ length: layers }, (_, layer) => `;LAYER_CHANGE\nG1 Z${((layer + 1) * 0.2).toFixed(2)}`),
  ];
  return Buffer.from(`${lines.join("\n")}\n`);
}
