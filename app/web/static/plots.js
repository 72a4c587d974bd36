/** One small plot: a line over the last minutes, its newest value and its range in words, too. */

import { isNumber } from "./words.js";
import { make, shape, write } from "./dom.js";

const WIDE = 300;
const HIGH = 80;
const ROOM = 6;

export class Plot {
  /** @param {{title: string, words: (value: number) => string, top?: number}} what `top`: the scale's end, if it is fixed */
  constructor(what) {
    this.what = what;
    this.newest = make("strong", {}, "–");
    this.range = make("p", { class: "small" });
    this.line = shape("path", { d: "" });
    this.dots = shape("path", { d: "", class: "dots" });
    this.svg = shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img" });
    this.svg.append(this.line, this.dots);
    this.element = make("figure", {}, make("figcaption", {}, what.title, " ", this.newest), this.svg, this.range);
    this.draw([], 0, 1);
  }

  /** @param {{at: number, value: number}[]} points oldest first @param {number} from @param {number} to seconds */
  draw(points, from, to) {
    const seen = points.filter(({ at, value }) => isNumber(value) && at >= from);
    const top = this.what.top ?? Math.max(...seen.map(({ value }) => value), 0.001);
    const places = seen.map(({ at, value }) => place((at - from) / (to - from), value / top));
    this.line.setAttribute("d", places.length ? `M${places.join("L")}` : "");
    this.dots.setAttribute("d", places.map((each) => `M${each}h0`).join(""));
    this.#say(seen.map(({ value }) => value));
  }

  #say(values) {
    const { title, words } = this.what;
    const newest = values.length ? words(values.at(-1)) : "–";
    const range = values.length ? `${words(Math.min(...values))} to ${words(Math.max(...values))}` : "nothing yet";
    write(this.newest, newest);
    write(this.range, `${range} in 3 min`);
    const label = values.length ? `${title}: now ${newest}; ${range} over the last 3 minutes` : `${title}: nothing yet`;
    if (this.svg.getAttribute("aria-label") !== label) this.svg.setAttribute("aria-label", label);
  }
}

function place(across, up) {
  const x = Math.min(1, Math.max(0, across)) * (WIDE - 2 * ROOM) + ROOM;
  const y = HIGH - ROOM - Math.min(1, Math.max(0, up)) * (HIGH - 2 * ROOM);
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
