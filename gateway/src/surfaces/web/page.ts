// The page at `/`: the printers, or how to write an inventory when there is none yet. Every
// address in it is relative, so that it works under any prefix of a proxy.

import type { Fleet, InventoryStatus } from "../../fleet/fleet.ts";
import { cameraOf } from "../printer-document.ts";
import { card, type VideoAddresses } from "./card.ts";
import { html, type Html } from "./html.ts";

export interface PageOptions {
  readonly version: string;
  /** Host name under which the page was asked for, without port. */
  readonly host: string;
  readonly rtspPort: number;
  readonly browserPorts: BrowserPorts;
}

/** Ports of the bridge where browsers find video; undefined: that is off. */
export interface BrowserPorts {
  readonly webrtc: number | undefined;
  readonly hls: number | undefined;
}

export function page(fleet: Fleet, options: PageOptions): string {
  const { version } = options;
  const printers = fleet.list();
  const cards = printers.map((printer) => {
    const hasCamera = cameraOf(fleet, printer.id) !== undefined;
    return card(printer, hasCamera ? videoOf(printer.id, options) : undefined);
  });
  const { inventory } = fleet;
  // Without cards there is no event stream worth having; the page looks again by itself.
  const again = printers.length === 0 && html`<meta http-equiv="refresh" content="5" />`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${again}
        <title>Gantry</title>
        <link rel="icon" href="ui/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="ui/style.css" />
        ${
          printers.length > 0 &&
          html`<script type="module" src="ui/app.js"></script>
            <script type="module" src="ui/kept.js"></script>`
        }
      </head>
      <body>
        <header>
          <h1>Gantry</h1>
          <p id="link" class="quiet" role="status"></p>
        </header>
        <main>
          ${faults(inventory)} ${printers.length === 0 ? setup(inventory) : html`<div class="cards">${cards}</div>`}
        </main>
        <footer class="quiet">
          <a href="metrics">Metrics</a> <a href="openapi.json">OpenAPI</a> <a href="api/v1/printers">REST</a>
          <a href="mcp" data-address>MCP: /mcp</a> <span>Gantry ${version}</span>
        </footer>
      </body>
    </html> `.text;
}

function videoOf(id: string, { host, rtspPort, browserPorts }: PageOptions): VideoAddresses {
  const page = (port: number | undefined): string | undefined =>
    port === undefined ? undefined : `http://${host}:${port}/${id}/`;
  return { rtsp: `rtsp://${host}:${rtspPort}/${id}`, webrtc: page(browserPorts.webrtc), hls: page(browserPorts.hls) };
}

function faults({ valid, missing, file, problems }: InventoryStatus): Html | undefined {
  if (valid || missing) return undefined;
  return html`<section class="notice fault">
    <h2>The inventory on disk is not in force</h2>
    <p>Mend <code>${file}</code>; it is read again when it is saved. Until then the last good one stands.</p>
    <ul>
      ${problems.map((problem) => html`<li><code>${problem}</code></li>`)}
    </ul>
  </section>`;
}

function setup({ file, missing, valid }: InventoryStatus): Html | undefined {
  // A file that is there but refused wants mending, not writing.
  if (!valid && !missing) return undefined;
  const where = file.endsWith("config/printers.yaml") ? undefined : html` (this gateway reads <code>${file}</code>)`;
  return html`<section class="notice">
    <h2>${missing ? "There is no inventory yet" : "The inventory names no printers"}</h2>
    <ol>
      <li>Copy <code>config/printers.example.yaml</code> to <code>config/printers.yaml</code>${where}.</li>
      <li>
        Keep one entry for each printer you have; the example shows one of every family. Give it an <code>id</code> (it
        names the metrics and the RTSP path) and its address and credential under <code>connection</code>.
      </li>
      <li>Save. It is picked up without a restart, and this page shows the printers.</li>
    </ol>
    <p>Nothing is sent to a printer that could change it until its entry says <code>control: true</code>.</p>
  </section>`;
}
