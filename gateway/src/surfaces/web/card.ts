// One printer on the page: what the telemetry table calls primary, the rest folded away, and the
// way to its camera. The readings are a piece of their own, fetched anew when the state changes.

import type { Printer } from "../../fleet/fleet.ts";
import type { PrinterState } from "../../model/printer.ts";
import { telemetry } from "../../model/telemetry.ts";
import { groups, type Group, type GroupName, type TelemetryPoint, type Value } from "../../model/telemetry-point.ts";
import { formatValue } from "./format.ts";
import { html, type Html } from "./html.ts";
import { keptFold } from "./kept.ts";

/** Rows the head of the card shows already. */
const headline: ReadonlySet<string> = new Set(["id", "connected", "phase"]);

/** Where a camera's video is besides the pictures of this page. */
export interface VideoAddresses {
  readonly rtsp: string;
  /** Pages of the bridge that show it; undefined where the inventory has them off. */
  readonly webrtc: string | undefined;
  readonly hls: string | undefined;
}

export function card(printer: Printer, video: VideoAddresses | undefined): Html {
  const { id, name, identity } = printer;
  const model = [identity.model, identity.firmware].filter((part) => part !== null).join(" · ");
  return html`<article class="card" data-printer="${id}">
    <h2>${name}</h2>
    <p class="quiet">${id}${model === "" ? "" : ` · ${model}`}</p>
    <div class="readings">${readings(printer)}</div>
    ${video !== undefined && [camera(id, video), keptFold(id)]}
  </article>`;
}

/** What changes on a card. */
export function readings(printer: Printer): Html {
  const { phase, job } = printer.state;
  const rows = (primary: boolean): Html[] =>
    partsOf(telemetry.filter(({ key, role }) => !headline.has(key) && (role === "primary") === primary)).flatMap(
      (points) => partRows(printer, points),
    );
  const progress = job?.progressRatio ?? undefined;
  return html`<p>
      <span class="phase" data-phase="${phase}">${printer.state.connected ? phase : "not connected"}</span>
    </p>
    ${progress === undefined ? undefined : html`<progress max="1" value="${progress}" aria-label="Progress"></progress>`}
    <dl>${rows(true)}</dl>
    <details>
      <summary>More</summary>
      <dl>${rows(false)}</dl>
    </details>`;
}

/** Points that stand together because they are about the same group of items. */
function partsOf(points: readonly TelemetryPoint[]): TelemetryPoint[][] {
  const parts: TelemetryPoint[][] = [];
  for (const point of points) {
    const last = parts.at(-1);
    if (point.per !== undefined && last?.[0]?.per === point.per) last.push(point);
    else parts.push([point]);
  }
  return parts;
}

/**
 * The rows of points that stand together, item by item. What is not there now has no row; what is
 * there but unknown has a dash; missing text and what only some items tell has none.
 */
function partRows({ state, has }: Printer, points: readonly TelemetryPoint[]): Html[] {
  const had = points.filter(({ needs }) => needs === undefined || has.has(needs));
  const [first] = had;
  if (first === undefined) return [];
  if (first.per === undefined) return row(first, first.label, first.read(state));
  const columns = had.map((point) => ({ point, values: [point.read(state)].flat() }));
  return itemNames(first.per, state).flatMap((name, index) =>
    columns.flatMap(({ point, values }) => row(point, `${point.label} ${name}`, values[index])),
  );
}

/** What tells the items of a group apart; an only one that is merely counted needs no name. */
function itemNames(per: GroupName, state: PrinterState): string[] {
  const { items, identity } = groups[per] as unknown as Group<Record<string, string>>;
  const names = items(state).map((item) => identity.map((key) => item[key]).join("/"));
  return names.length === 1 && names[0] === "0" ? [""] : names;
}

function row(point: TelemetryPoint, label: string, value: Value): Html[] {
  const isMissed =
    value === null && (point.kind === "text" || (point.per !== undefined && point.role === "diagnostic"));
  if (value === undefined || isMissed) return [];
  return [
    html`<div title="${point.summary}">
      <dt>${label}</dt>
      <dd>${formatValue(point, value)}</dd>
    </div>`,
  ];
}

function camera(id: string, { rtsp, webrtc, hls }: VideoAddresses): Html {
  return html`<figure data-camera="api/v1/printers/${id}">
    <img alt="Camera of ${id}" hidden />
    <p class="fault" role="status" hidden></p>
    <button type="button">Show camera</button>
    <figcaption class="quiet">
      RTSP: <code>${rtsp}</code>
      ${webrtc !== undefined && html`<a href="${webrtc}" target="_blank" rel="noreferrer">WebRTC</a>`}
      ${hls !== undefined && html`<a href="${hls}" target="_blank" rel="noreferrer">HLS</a>`}
    </figcaption>
  </figure>`;
}
