// Keeps the mark of a visit that loads models (`mark.rs`). A tab that is killed meanwhile takes
// nothing away, so the next visit finds it. Where site data are blocked there is none.

const KEY = "sightline-loading";

function keep(mark) {
  try {
    if (mark) localStorage.setItem(KEY, mark);
    else localStorage.removeItem(KEY);
  } catch {}
}

/** What a visit has left that is over. One that still loads in another tab holds a lock. */
export async function left() {
  try {
    const mark = localStorage.getItem(KEY);
    const locks = mark && (await navigator.locks?.query());
    if (locks?.held.some(({ name }) => name === KEY)) return;
    // It is said once.
    keep();
    return mark;
  } catch {}
}

/** Keeps what the page says of its loading in that attribute, for as long as it says it. */
export function watch(element) {
  let release;
  const changed = () => {
    const mark = element.dataset.loading;
    keep(mark);
    if (mark && !release) navigator.locks?.request(KEY, { mode: "shared" }, () => new Promise((done) => (release = done))).catch(() => {});
    if (!mark) release = release?.();
  };
  new MutationObserver(changed).observe(element, { attributeFilter: ["data-loading"] });
  // A visitor who leaves or reloads was not stopped by anything.
  addEventListener("pagehide", () => element.dataset.loading && keep());
}
