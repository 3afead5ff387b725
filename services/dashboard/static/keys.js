// Single keys on the staff pages: j and k walk the rows of a list, and each key that a control names (data-key) works it.
// Every control is visible and works without them; a page made with the keys switched off does not load this file.
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
