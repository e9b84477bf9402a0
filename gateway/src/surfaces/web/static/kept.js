// Recordings and time-lapses of a card: the lists are fetched when the fold is opened, and one film plays at a
// time, because browsers allow six connections to a host.

for (const fold of document.querySelectorAll("details[data-kept]")) {
  fold.addEventListener("toggle", () => {
    if (fold.open) void fill(fold);
    else stopIn(fold);
  });
  fold.addEventListener("click", ({ target }) => {
    const button = target.closest("button[data-play]");
    if (button !== null) togglePlay(button);
  });
}

async function fill(fold) {
  const status = fold.querySelector("[role=status]");
  const lists = fold.querySelector("div");
  status.hidden = false;
  if (lists.childElementCount === 0) status.textContent = "Looking …";
  try {
    const response = await fetch(fold.dataset.kept);
    if (!response.ok) {
      status.textContent = (await response.json()).detail;
      lists.replaceChildren();
      return;
    }
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").body;
    for (const time of fresh.querySelectorAll("time")) time.textContent = localTime(time.dateTime);
    lists.replaceChildren(...fresh.childNodes);
    status.textContent = "";
    status.hidden = true;
  } catch {
    status.textContent = "the gateway does not answer";
  }
}

function localTime(instant) {
  return new Date(instant).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

function togglePlay(button) {
  const wasPlaying = button.getAttribute("aria-expanded") === "true";
  stopIn(document);
  if (wasPlaying) return;
  const row = button.closest("li");
  const video = document.createElement("video");
  video.controls = true;
  video.autoplay = true;
  video.playsInline = true;
  video.setAttribute("aria-label", row.firstElementChild.textContent);
  video.addEventListener("error", () => tell(row, "This cannot be played here; download it instead."), { once: true });
  video.src = button.dataset.play;
  row.append(video);
  button.textContent = "Close";
  button.setAttribute("aria-expanded", "true");
}

function tell(row, words) {
  const told = document.createElement("p");
  told.className = "fault";
  told.setAttribute("role", "alert");
  told.textContent = words;
  row.querySelector("video")?.replaceWith(told);
}

/** Without its address a player lets go of the connection. */
function stopIn(part) {
  for (const button of part.querySelectorAll("button[aria-expanded=true]")) {
    const row = button.closest("li");
    const video = row.querySelector("video");
    video?.removeAttribute("src");
    video?.load();
    video?.remove();
    row.querySelector(".fault")?.remove();
    button.textContent = "Play";
    button.setAttribute("aria-expanded", "false");
  }
}
