// Keeps the page true: a card is fetched anew when its printer's state changes. One event stream
// and at most one camera stream at a time, because browsers allow six connections to a host.

const link = document.querySelector("#link");
const busy = new Set();
const stale = new Set();

for (const anchor of document.querySelectorAll("a[data-address]")) anchor.textContent = `MCP: ${anchor.href}`;

const events = new EventSource("api/v1/events");
events.addEventListener("open", () => {
  link.textContent = "live";
});
events.addEventListener("error", () => {
  link.textContent = "the gateway does not answer; trying again …";
});
events.addEventListener("snapshot", refreshAll);
events.addEventListener("state", (event) => void refresh(JSON.parse(event.data).id));
events.addEventListener("reset", () => location.reload());
document.addEventListener("visibilitychange", refreshAll);

function refreshAll() {
  for (const card of document.querySelectorAll("[data-printer]")) void refresh(card.dataset.printer);
}

/** At most one request per card, and the last change is never missed. */
async function refresh(id) {
  if (document.hidden) return;
  if (busy.has(id)) {
    stale.add(id);
    return;
  }
  busy.add(id);
  try {
    const response = await fetch(`ui/cards/${encodeURIComponent(id)}`);
    if (response.ok) show(id, await response.text());
  } catch {
    // The event stream tells that the gateway is gone, and its return refreshes everything.
  } finally {
    busy.delete(id);
  }
  if (stale.delete(id)) setTimeout(() => void refresh(id), 500);
}

function show(id, markup) {
  const readings = document.querySelector(`[data-printer="${CSS.escape(id)}"] .readings`);
  if (readings === null) return;
  const open = readings.querySelector("details")?.open ?? false;
  const fresh = new DOMParser().parseFromString(markup, "text/html").body;
  const details = fresh.querySelector("details");
  if (details !== null) details.open = open;
  readings.replaceChildren(...fresh.childNodes);
}

for (const figure of document.querySelectorAll("figure[data-camera]")) {
  figure.querySelector("button").addEventListener("click", () => void toggle(figure));
}

async function toggle(figure) {
  const wasOpen = figure.dataset.open !== undefined;
  for (const other of document.querySelectorAll("figure[data-open]")) close(other);
  if (!wasOpen) await open(figure);
}

/** A still first: it tells why there is no picture, which a stream does not. */
async function open(figure) {
  const { camera } = figure.dataset;
  const [button, fault, image] = ["button", ".fault", "img"].map((part) => figure.querySelector(part));
  figure.dataset.open = "";
  button.textContent = "Opening …";
  const problem = await problemOf(`${camera}/snapshot.jpg`);
  if (figure.dataset.open === undefined) return;
  fault.hidden = problem === undefined;
  fault.textContent = problem ?? "";
  if (problem !== undefined) {
    close(figure);
    return;
  }
  image.src = `${camera}/camera.mjpeg`;
  image.hidden = false;
  button.textContent = "Stop";
}

/** Ends the stream; the last picture stays as a still. */
function close(figure) {
  const image = figure.querySelector("img");
  delete figure.dataset.open;
  if (!image.hidden) image.src = `${figure.dataset.camera}/snapshot.jpg?${Date.now()}`;
  figure.querySelector("button").textContent = "Show camera";
}

async function problemOf(address) {
  try {
    const response = await fetch(address);
    return response.ok ? undefined : (await response.json()).detail;
  } catch {
    return "the gateway does not answer";
  }
}
