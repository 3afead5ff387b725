// Starts the kits' components on the page. Pages work without it.
import { initAll as startGovuk } from "./govuk-frontend.min.js";
import { initAll as startMoj } from "./moj-frontend.min.js";

// A page that the back/forward cache kept may show what its reader may no longer see: it is emptied and asked for anew.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    document.body.replaceChildren();
    window.location.reload();
  }
}, true);

document.body.classList.add("js-enabled", "govuk-frontend-supported");
startGovuk();
startMoj();

// What is typed into a form that keeps drafts is saved a second after the last key; what takes the page away before that
// second is over saves it first. A form that is being sent is none that stays.
let unsaved = null;

function saveTyped() {
  const place = unsaved?.querySelector(".desk-draft");
  if (place) {
    const body = new URLSearchParams(new FormData(unsaved));
    fetch(place.dataset.hxPost, { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } });
  }
  unsaved = null;
}

for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => { unsaved = event.target.form ?? unsaved; });
}
document.addEventListener("submit", () => { unsaved = null; });
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.matches(".desk-draft")) {
    unsaved = null;
  }
});
window.addEventListener("pagehide", saveTyped);

// A live page is kept up to date: the server says that something changed, and the page asks for it again.
// Without this, and while it is paused, the page stands still until its reader loads it again.
const NEWS_EVERY = 30_000;
const ASK_EVERY = 60_000; // whatever was said: where nobody can say anything, a page is not older than this
const AWAY_AFTER = 3_000; // a stream that ends by itself is there again before
const LONGEST_WAIT = 60_000;

const live = document.getElementById("live");
const state = document.getElementById("live-state");
const pause = document.getElementById("live-pause");
const news = document.getElementById("live-news");
const gone = document.getElementById("live-gone");
let source = null;
let leaving = false;
let since = null;
let wait = 1_000;
let away = 0;
let lastNews = -NEWS_EVERY;
let waitingNews = 0;

function show(name) {
  window.clearTimeout(away);
  live.dataset.state = name;
  state.textContent = state.dataset[name];
}

function askAgain() {
  live.querySelectorAll("[data-hx-get]").forEach((part) => window.htmx.trigger(part, "again"));
}

// Whoever listens to the page hears of changes now and then, not of each.
function tell() {
  if (waitingNews) {
    return;
  }
  waitingNews = window.setTimeout(() => {
    waitingNews = 0;
    lastNews = performance.now();
    news.textContent = "";
    window.setTimeout(() => { news.textContent = news.dataset.changed; }, 100);
  }, Math.max(0, lastNews + NEWS_EVERY - performance.now()));
}

// The rows of a live list by their links: one that left while nobody loaded the page anew is spoken of.
function liveRows() {
  return new Set([...document.querySelectorAll("main tbody th a")].map((link) => link.getAttribute("href")));
}

function tellGone(before) {
  const after = liveRows();
  if ([...before].some((row) => !after.has(row))) {
    gone.textContent = gone.dataset.gone;
  }
}

function disconnect(name) {
  source.close();
  source = null;
  show(name);
  pause.textContent = pause.dataset.resume;
}

// What may not be shown any more leaves the screen: the page is asked for anew, and says why.
// Once: the first page takes the cookie, and a second one could not say why any more.
function leave() {
  if (leaving) {
    return;
  }
  leaving = true;
  if (source !== null) {
    source.close();
  }
  document.getElementById("main").replaceChildren();
  window.location.assign(window.location.pathname + window.location.search);
}

function connect() {
  const address = new URL(live.dataset.address, window.location.href);
  if (since !== null) {
    address.searchParams.set("since", since);
  }
  source = new EventSource(address);
  pause.textContent = pause.dataset.pause;
  source.addEventListener("open", () => { wait = 1_000; show("on"); });
  source.addEventListener("gone", leave);
  source.addEventListener("crowded", () => disconnect("paused"));
  for (const name of ["board", "case"]) {
    source.addEventListener(name, (event) => {
      since = event.lastEventId;
      if (name === live.dataset.event) {
        askAgain();
      }
    });
  }
  source.addEventListener("error", () => {
    window.clearTimeout(away);
    away = window.setTimeout(show, AWAY_AFTER, "away");
    if (source !== null && source.readyState === EventSource.CLOSED) {
      window.setTimeout(() => { if (source !== null) { connect(); } }, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  });
}

if (live) {
  const ours = (event) => live.contains(event.detail.elt);
  document.body.addEventListener("htmx:responseError", (event) => {
    if (ours(event) && [403, 404].includes(event.detail.xhr.status)) {
      leave();
    }
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (ours(event) && event.detail.successful && event.detail.xhr.status !== 204) {
      tell();
    }
  });
  if (gone) {
    let before = new Set();
    document.body.addEventListener("htmx:beforeSwap", () => { before = liveRows(); });
    document.body.addEventListener("htmx:afterSwap", () => tellGone(before));
  }
  pause.addEventListener("click", () => {
    if (source === null) {
      connect();
    } else {
      disconnect("paused");
    }
  });
  window.setInterval(() => { if (source !== null) { askAgain(); } }, ASK_EVERY);
  live.hidden = false;
  connect();
}

// Who does nothing for a while is signed out by the server. Two minutes before that a dialog says so, and any key, or
// any click, is a use. Other pages may be in use meanwhile: the server is asked before anything is said.
const SESSION = "/app/session";
const WARNED_SECONDS = 120;
const USED_EVERY = 60_000;

const dialog = document.getElementById("timeout");
let idleEnds = 0;
let wholeEnds = 0;
let usedAt = 0;
let asking = false;

function setLeft(left) {
  idleEnds = Date.now() + left.idle * 1000;
  wholeEnds = Date.now() + left.whole * 1000;
}

function secondsLeft() {
  return (Math.min(idleEnds, wholeEnds) - Date.now()) / 1000;
}

// Returns once it is known how long the session goes on; a page whose session is over leaves the screen.
async function askLeft(headers) {
  asking = true;
  try {
    const answer = await fetch(SESSION, { headers, cache: "no-store" });
    if (answer.redirected) {
      leave();
    } else if (answer.ok) {
      setLeft(await answer.json());
    }
  } catch {
    // The network is away: the next look asks again.
  } finally {
    asking = false;
  }
}

async function use() {
  usedAt = Date.now();
  await askLeft({});
  if (secondsLeft() > WARNED_SECONDS && dialog.open) {
    dialog.close();
  }
}

async function lookAtTime() {
  if (asking || leaving || secondsLeft() > WARNED_SECONDS || (dialog.open && secondsLeft() > 0)) {
    return;
  }
  await askLeft({ "accord-background": "1" });
  if (secondsLeft() > WARNED_SECONDS) {
    dialog.close();
  } else if (!dialog.open && secondsLeft() > 0) {
    const text = document.getElementById("timeout-text");
    text.textContent = wholeEnds < idleEnds ? text.dataset.whole : text.dataset.idle;
    document.getElementById("timeout-stay").hidden = wholeEnds < idleEnds;
    dialog.showModal();
  }
}

if (dialog) {
  setLeft({ idle: Number(document.body.dataset.idle), whole: Number(document.body.dataset.whole) });
  usedAt = Date.now();
  for (const kind of ["keydown", "pointerdown"]) {
    window.addEventListener(kind, () => {
      if (!asking && (dialog.open || Date.now() - usedAt > USED_EVERY)) {
        use();
      }
    }, true);
  }
  window.setInterval(lookAtTime, 1000);
}

// Single keys: j and k walk the rows of a list, and each key that a control names (data-key) works it. Every control is
// visible and works without them; a page says whether they are on.
const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

function rowLinks() {
  return [...document.querySelectorAll("main tbody tr")].map((row) => row.querySelector("a")).filter(Boolean);
}

function walk(step) {
  const links = rowLinks();
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
  links[next]?.focus();
}

function tick() {
  document.activeElement?.closest("tr")?.querySelector("input[type=checkbox]")?.click();
}

function work(control) {
  control.focus();
  if (!control.matches(TYPING)) {
    control.click();
  }
}

const ACTS = { j: () => walk(1), k: () => walk(-1), x: tick };

if (document.body.dataset.keys === "on") {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.target.matches(TYPING)) {
      return;
    }
    const control = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    const act = ACTS[event.key] ?? (control && (() => work(control)));
    if (act) {
      event.preventDefault();
      act();
    }
  });
}
