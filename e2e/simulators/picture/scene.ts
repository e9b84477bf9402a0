// What the simulated camera looks at: a closed printer with its gantry at the top and a bed that
// sinks as the print grows. Only the still parts, as vector drawings; painter.ts moves them.

/** What the picture shows of the machine. */
export interface Scene {
  /** Toolhead across the bed, 0 left to 1 right, and from back 0 to front 1. */
  readonly headX: number;
  readonly headY: number;
  /** How much of the print stands on the bed, 0 to 1; undefined: the bed is empty. */
  readonly grown: number | undefined;
  /** How far the bed has sunk, 0 at the nozzle to 1. */
  readonly bedDrop: number;
  readonly lightOn: boolean;
  /** 0 cold to 1 glowing. */
  readonly nozzleHeat: number;
}

/** The drawings are made for this size; others scale from it. */
export const designWidth = 640;
export const designHeight = 360;

/** Places in design pixels. */
export const places = {
  gantryY: 112,
  headLeft: 178,
  headRight: 462,
  nozzleDrop: 62,
  bedTop: 186,
  bedTravel: 118,
  objectX: 320,
  objectHeight: 112,
} as const;

export const backgroundDrawing = drawing(
  designWidth,
  designHeight,
  `<defs>
    <linearGradient id="wall" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#59636e"/><stop offset=".55" stop-color="#39424d"/><stop offset="1" stop-color="#1d232b"/>
    </linearGradient>
    <linearGradient id="left" x1="0" y1="0" x2="1" y2="0">
      <stop offset="0" stop-color="#14181e"/><stop offset="1" stop-color="#2b323b"/>
    </linearGradient>
    <linearGradient id="right" x1="0" y1="0" x2="1" y2="0">
      <stop offset="0" stop-color="#2b323b"/><stop offset="1" stop-color="#14181e"/>
    </linearGradient>
    <radialGradient id="lamp" cx=".5" cy="0" r=".9">
      <stop offset="0" stop-color="#fff6dc" stop-opacity=".55"/><stop offset=".5" stop-color="#ffeebb" stop-opacity=".12"/>
      <stop offset="1" stop-color="#ffeebb" stop-opacity="0"/>
    </radialGradient>
    <linearGradient id="rod" x1="0" y1="0" x2="1" y2="0">
      <stop offset="0" stop-color="#6d7680"/><stop offset=".4" stop-color="#e6ebf0"/><stop offset="1" stop-color="#5a626b"/>
    </linearGradient>
  </defs>
  <rect width="640" height="360" fill="url(#wall)"/>
  <g stroke="#2a313a" stroke-width="2" opacity=".6">
    <path d="M90 0V300M205 0V300M320 0V300M435 0V300M550 0V300"/>
  </g>
  <g fill="#20262e" opacity=".85"><rect x="250" y="196" width="140" height="70" rx="8"/></g>
  <g stroke="#4a545f" stroke-width="3" opacity=".7">
    <path d="M262 208H378M262 218H378M262 228H378M262 238H378M262 248H378"/>
  </g>
  <path d="M0 0H64L96 300L0 360Z" fill="url(#left)"/>
  <path d="M640 0H576L544 300L640 360Z" fill="url(#right)"/>
  <path d="M96 300H544L640 360H0Z" fill="#12161b"/>
  <path d="M120 312H520M92 330H548M60 350H580" stroke="#1f262e" stroke-width="3"/>
  <rect x="118" y="60" width="10" height="262" rx="5" fill="url(#rod)"/>
  <rect x="512" y="60" width="10" height="262" rx="5" fill="url(#rod)"/>
  <rect x="316" y="60" width="8" height="262" rx="4" fill="url(#rod)" opacity=".55"/>
  <rect x="528" y="10" width="96" height="9" rx="4" fill="#fffbe8"/>
  <rect width="640" height="360" fill="url(#lamp)"/>`,
);

/** The rail, 440 design pixels wide and 26 high; its left end stands at x 100. */
export const gantryDrawing = drawing(
  440,
  26,
  `<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#c9d0d8"/><stop offset=".45" stop-color="#7b858f"/><stop offset="1" stop-color="#3c434b"/>
  </linearGradient></defs>
  <rect x="8" y="5" width="424" height="14" rx="3" fill="url(#g)"/>
  <rect x="20" y="10" width="400" height="3" fill="#20252b"/>
  <rect x="0" y="0" width="34" height="25" rx="5" fill="#262c33"/><rect x="406" y="0" width="34" height="25" rx="5" fill="#262c33"/>
  <circle cx="17" cy="12" r="6" fill="#8e98a3"/><circle cx="423" cy="12" r="6" fill="#8e98a3"/>`,
);

/** The toolhead, 76 by 74 design pixels; the nozzle's tip is at its bottom middle. */
export const headDrawing = drawing(
  76,
  74,
  `<defs><linearGradient id="h" x1="0" y1="0" x2="1" y2="1">
    <stop offset="0" stop-color="#454d57"/><stop offset="1" stop-color="#15191e"/>
  </linearGradient></defs>
  <path d="M38 0C34 -4 30 -6 26 -8" stroke="#e8e8e8" stroke-width="4"/>
  <rect x="4" y="2" width="68" height="50" rx="9" fill="url(#h)"/>
  <rect x="4" y="2" width="68" height="50" rx="9" fill="none" stroke="#646e79" stroke-width="1.5"/>
  <circle cx="38" cy="26" r="16" fill="#0b0e11"/><circle cx="38" cy="26" r="16" fill="none" stroke="#7a8591" stroke-width="2"/>
  <path d="M38 26L38 13M38 26L49 32M38 26L27 32" stroke="#4d5762" stroke-width="5" stroke-linecap="round"/>
  <circle cx="38" cy="26" r="4" fill="#8e98a3"/>
  <rect x="60" y="8" width="6" height="6" rx="3" fill="#2fd38a"/>
  <path d="M18 52H58L50 61H26Z" fill="#2a3037"/>
  <path d="M30 61H46L41 72H35Z" fill="#c99a4b"/><rect x="35" y="71" width="6" height="3" fill="#8a6526"/>`,
);

/** The bed, 420 by 46 design pixels, seen a little from above; prints stand on its middle. */
export const bedDrawing = drawing(
  420,
  46,
  `<defs><linearGradient id="b" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#6b5a35"/><stop offset="1" stop-color="#a88d52"/>
  </linearGradient></defs>
  <path d="M54 2H366L412 30H8Z" fill="url(#b)"/>
  <g stroke="#4e4227" stroke-width="1" opacity=".55">
    <path d="M98 2L65 30M142 2L122 30M186 2L179 30M234 2L241 30M278 2L298 30M322 2L355 30M40 11H380M26 20H394"/>
  </g>
  <path d="M8 30H412V38Q412 42 408 42H12Q8 42 8 38Z" fill="#23282e"/><path d="M8 31H412" stroke="#d9c48d" stroke-width="1.5"/>`,
);

function drawing(width: number, height: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">${content}</svg>`;
}
