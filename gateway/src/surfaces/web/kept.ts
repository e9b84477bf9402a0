// Recordings and time-lapses of one camera on its card: a fold that is filled when it is opened, because it takes a
// login where the inventory has `access`, and the lists that fill it. Playing is static/kept.js.

import type { KeptItem, Shelf } from "../../camera/bridge-library.ts";
import { formatBytes, formatDuration } from "./format.ts";
import { html, type Html } from "./html.ts";

/** So many stand open; a camera that is recorded day and night has a thousand. */
const shownItems = 20;

export function keptFold(id: string): Html {
  return html`<details class="kept" data-kept="ui/cards/${id}/kept">
    <summary>Recordings and time-lapses</summary>
    <p class="quiet" role="status"></p>
    <div></div>
  </details>`;
}

/** What is in the fold; both newest first. */
export function kept(printer: string, films: readonly KeptItem[], recordings: readonly KeptItem[]): Html {
  const where = "the printer’s entry in the inventory";
  return html`<h3>Time-lapses</h3>
    ${films.length === 0 && html`<p>There is none yet. <code>camera.timelapse</code> in ${where} has one made of each job.</p>`}
    ${lists(printer, "timelapses", films)}
    <h3>Recordings</h3>
    ${recordings.length === 0 && html`<p>There is none yet. <code>camera.record</code> in ${where} has them made.</p>`}
    ${lists(printer, "recordings", recordings)}`;
}

function lists(printer: string, shelf: Shelf, items: readonly KeptItem[]): Html | undefined {
  if (items.length === 0) return undefined;
  const list = (some: readonly KeptItem[]): Html =>
    html`<ul role="list">
      ${some.map((item) => row(`api/v1/printers/${printer}/${shelf}/${encodeURIComponent(item.id)}`, item))}
    </ul>`;
  const older = items.slice(shownItems);
  return html`${list(items.slice(0, shownItems))}
  ${
    older.length > 0 &&
    html`<details>
      <summary>${older.length} older</summary>
      ${list(older)}
    </details>`
  }`;
}

/** Button and link say of what they are, because there are many of each. */
function row(address: string, { id, job, startedAt, endedAt, seconds, sizeBytes }: KeptItem): Html {
  const [name, time, play, load] = ["name", "time", "play", "load"].map(
    (part) => `${part}-${job === undefined ? "" : "film-"}${id}`,
  );
  const length = endedAt === null ? "being recorded" : seconds === null ? "unknown length" : formatDuration(seconds);
  return html`<li>
    <span id="${name}">${job ?? "Recording"}</span>
    <span class="quiet">
      <time id="${time}" datetime="${startedAt}">${startedAt.slice(0, 16).replace("T", " ")} UTC</time> · ${length} ·
      ${formatBytes(sizeBytes)}
    </span>
    <span class="does">
      <button type="button" id="${play}" aria-labelledby="${play} ${name} ${time}" data-play="${address}">Play</button>
      <a id="${load}" aria-labelledby="${load} ${name} ${time}" href="${address}" download>Download</a>
    </span>
  </li>`;
}
