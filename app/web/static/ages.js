/** Keeps the ages on the page true, and marks what has become old. Moments are seconds on the page's own clock. */

import { ago, isNumber } from "./words.js";
import { write } from "./dom.js";

const AGEING_S = 6;
const OLD_S = 20;
const TICK_MS = 100;

/** @type {Map<HTMLElement, {bornAt: number, fades: HTMLElement | undefined, words: (s: number) => string}>} */
const shown = new Map();

export const now = () => performance.now() / 1000;

/** When it was born whose age was told just now; undefined if it has none. */
export const bornAt = (age) => (isNumber(age) ? now() - age : undefined);

/** Show in `element` how old it is; `fades` is marked as it grows old. */
export function age(element, born, { fades, words = ago } = {}) {
  if (born === undefined) return forget(element);
  shown.set(element, { bornAt: born, fades, words });
  refresh(element, shown.get(element));
}

export function forget(element) {
  shown.delete(element);
  write(element, "");
}

function refresh(element, { bornAt: born, fades, words }) {
  const seconds = now() - born;
  write(element, words(seconds));
  fades?.classList.toggle("is-ageing", seconds >= AGEING_S && seconds < OLD_S);
  fades?.classList.toggle("is-old", seconds >= OLD_S);
}

function tick() {
  if (document.hidden) return;
  for (const [element, what] of shown) {
    if (element.isConnected) refresh(element, what);
    else shown.delete(element);
  }
}

export function startAges() {
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", tick);
}
